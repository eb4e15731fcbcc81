// SPDX-License-Identifier: GPL-3.0-or-later
//! Which cryptographic envelope, if any, spans all of a message's content.
//!
//! Structure only, no key. The rule is from EFAIL and "Johnny, you are fired": a message is opened
//! only when exactly one envelope spans *all* of it. Whatever is encrypted or signed beside
//! something else is [`Shape::Partly`], and nobody opens it: joining what was protected with what
//! was not is how plaintext was exfiltrated and signatures were lent to other people's words.

use std::borrow::Cow;
use std::ops::Range;

use crate::content_type::{Ambiguous, ContentType};
use crate::crlf::crlf;
use crate::header::{Header, first_line};
use crate::parts::parts;
use crate::transfer_encoding::TransferEncoding;
use crate::{Entity, Provenance};

/// Deeper than this, parts within parts are not looked at.
const DEEPEST: usize = 16;
/// More parts than this in one message are not looked at.
const MOST_PARTS: usize = 2_000;

const AMBIGUOUS: &str = "a part that can be read in more than one way";

/// The envelope around a message's content, if there is one. What needs no decoding is borrowed.
#[derive(Clone, PartialEq, Eq)]
pub enum Shape<'a> {
    /// Nothing in it is protected.
    Clear,
    /// multipart/encrypted (RFC 3156, section 4) with exactly its two parts.
    Encrypted {
        /// The OpenPGP message, armored or binary, its transfer encoding undone.
        message: Cow<'a, [u8]>,
    },
    /// multipart/signed (RFC 3156, section 5) with exactly its two parts.
    Signed {
        /// The octets that the signature covers: the first part as received, each lone LF made CRLF.
        signed: Cow<'a, [u8]>,
        /// The detached signature, its transfer encoding undone.
        signature: Cow<'a, [u8]>,
        /// Where the first part stands in the entity.
        part: Range<usize>,
    },
    /// One text/plain whose whole text is an armored OpenPGP message.
    InlineEncrypted {
        /// The armored block without the white space around it, its transfer encoding undone.
        block: Cow<'a, [u8]>,
        /// The charset that the Content-Type names.
        charset: Option<String>,
    },
    /// One text/plain whose whole text is a cleartext-signed message (RFC 9580, section 7).
    InlineSigned {
        /// The block without the white space around it, its transfer encoding undone.
        block: Cow<'a, [u8]>,
        /// The charset that the Content-Type names.
        charset: Option<String>,
    },
    /// Something is protected, but no one envelope spans all of the content.
    Partly {
        /// Which rule it breaks, for the owner's log.
        why: &'static str,
    },
}

impl std::fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clear => f.write_str("Clear"),
            Self::Encrypted { message } => write!(f, "Encrypted({} octets)", message.len()),
            Self::Signed { signed, part, .. } => write!(f, "Signed({} octets at {part:?})", signed.len()),
            Self::InlineEncrypted { block, .. } => write!(f, "InlineEncrypted({} octets)", block.len()),
            Self::InlineSigned { block, .. } => write!(f, "InlineSigned({} octets)", block.len()),
            Self::Partly { why } => write!(f, "Partly({why})"),
        }
    }
}

/// Finds the envelope of an entity.
pub fn shape<P: Provenance>(entity: &Entity<P>) -> Shape<'_> {
    envelope(entity.lend()).unwrap_or_else(|Partly(why)| Shape::Partly { why })
}

/// No one envelope spans all, and why.
struct Partly(&'static str);

fn envelope(octets: &[u8]) -> Result<Shape<'_>, Partly> {
    let header = Header::of(octets);
    let content_type = ContentType::of(&header).map_err(|Ambiguous| Partly(AMBIGUOUS))?;
    if content_type.is("multipart/encrypted") {
        encrypted(octets, &header, &content_type)
    } else if content_type.is("multipart/signed") {
        signed(octets, &header, &content_type)
    } else if let Some(inline) = inline(octets, &header, &content_type)? {
        Ok(inline)
    } else {
        Inspection::new(Scope::Unprotected).entity(octets, 0)?;
        Ok(Shape::Clear)
    }
}

fn encrypted<'a>(
    octets: &'a [u8],
    header: &Header<'_>,
    content_type: &ContentType,
) -> Result<Shape<'a>, Partly> {
    if !protocol_is(content_type, "application/pgp-encrypted") {
        return Err(Partly("multipart/encrypted of an unknown protocol"));
    }
    let [control, content] = two_parts(octets, header, content_type)?;
    let (control, content) = (Part::of(octets, control)?, Part::of(octets, content)?);
    if !control.content_type.is("application/pgp-encrypted") {
        return Err(Partly("the first part of multipart/encrypted is not application/pgp-encrypted"));
    }
    // RFC 3156, section 4: this part has the version and nothing else.
    let version = control.decoded()?;
    if !version.trim_ascii().eq_ignore_ascii_case(b"Version: 1") {
        return Err(Partly("the first part of multipart/encrypted is not `Version: 1`"));
    }
    if !content.content_type.is("application/octet-stream") {
        return Err(Partly("the second part of multipart/encrypted is not application/octet-stream"));
    }
    Ok(Shape::Encrypted { message: content.decoded()? })
}

fn signed<'a>(
    octets: &'a [u8],
    header: &Header<'_>,
    content_type: &ContentType,
) -> Result<Shape<'a>, Partly> {
    if !protocol_is(content_type, "application/pgp-signature") {
        let smime = ["application/pkcs7-signature", "application/x-pkcs7-signature"]
            .iter()
            .any(|p| protocol_is(content_type, p));
        return Err(Partly(if smime { "S/MIME" } else { "multipart/signed of an unknown protocol" }));
    }
    let [part, signature] = two_parts(octets, header, content_type)?;
    let signature = Part::of(octets, signature)?;
    if !signature.content_type.is("application/pgp-signature") {
        return Err(Partly("the second part of multipart/signed is not application/pgp-signature"));
    }
    let content = octets.get(part.clone()).unwrap_or_default();
    // A signature around ciphertext authorises nothing: anybody can put theirs around it.
    Inspection::new(Scope::Signed).entity(content, 1)?;
    Ok(Shape::Signed { signed: crlf(content), signature: signature.decoded()?, part })
}

fn protocol_is(content_type: &ContentType, protocol: &str) -> bool {
    content_type.parameter("protocol").is_some_and(|found| found.trim().eq_ignore_ascii_case(protocol))
}

/// The two parts of an envelope, as ranges of the entity.
fn two_parts(
    octets: &[u8],
    header: &Header<'_>,
    content_type: &ContentType,
) -> Result<[Range<usize>; 2], Partly> {
    if TransferEncoding::of(header) != TransferEncoding::Identity {
        return Err(Partly("an envelope that is itself encoded"));
    }
    let boundary = content_type.boundary().ok_or(Partly("an envelope without a boundary"))?;
    let offset = header.body_offset();
    let found = parts(octets.get(offset..).unwrap_or_default(), boundary);
    let within = |range: &Range<usize>| range.start + offset..range.end + offset;
    match found.ranges.as_slice() {
        [first, second] if !found.too_many => Ok([within(first), within(second)]),
        _ => Err(Partly("an envelope with other than two parts")),
    }
}

/// One leaf of an envelope.
struct Part<'a> {
    content_type: ContentType,
    encoding: TransferEncoding,
    body: &'a [u8],
}

impl<'a> Part<'a> {
    fn of(octets: &'a [u8], range: Range<usize>) -> Result<Self, Partly> {
        let octets = octets.get(range).unwrap_or_default();
        let header = Header::of(octets);
        let content_type = ContentType::of(&header).map_err(|Ambiguous| Partly(AMBIGUOUS))?;
        let body = octets.get(header.body_offset()..).unwrap_or_default();
        Ok(Self { content_type, encoding: TransferEncoding::of(&header), body })
    }

    fn decoded(&self) -> Result<Cow<'a, [u8]>, Partly> {
        self.encoding.decode(self.body).ok_or(Partly("an unknown transfer encoding"))
    }
}

/// One text/plain whose whole text is one armored block.
fn inline<'a>(
    octets: &'a [u8],
    header: &Header<'_>,
    content_type: &ContentType,
) -> Result<Option<Shape<'a>>, Partly> {
    if !content_type.is("text/plain") {
        return Ok(None);
    }
    let body = octets.get(header.body_offset()..).unwrap_or_default();
    let Some(text) = TransferEncoding::of(header).decode(body) else { return Ok(None) };
    let markers = Markers::of(&text);
    if !markers.any() {
        return Ok(None);
    }
    let whole = text.trim_ascii();
    let first = first_line(whole).unwrap_or_default().trim_ascii_end();
    let last = whole.rsplit(|octet| *octet == b'\n').next().unwrap_or_default();
    let charset = content_type.parameter("charset").map(str::to_ascii_lowercase);
    match markers {
        Markers { messages: 1, signed_messages: 0, signatures: 0, ends: 1 }
            if first == b"-----BEGIN PGP MESSAGE-----" && last == b"-----END PGP MESSAGE-----" =>
        {
            Ok(Some(Shape::InlineEncrypted { block: trimmed(text), charset }))
        }
        Markers { messages: 0, signed_messages: 1, signatures: 1, ends: 1 }
            if first == b"-----BEGIN PGP SIGNED MESSAGE-----" && last == b"-----END PGP SIGNATURE-----" =>
        {
            Ok(Some(Shape::InlineSigned { block: trimmed(text), charset }))
        }
        _ => Err(Partly("an inline block beside other text")),
    }
}

fn trimmed(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_vec()),
    }
}

/// How many lines of a text begin or end OpenPGP armor.
#[derive(Debug, Default, PartialEq, Eq)]
struct Markers {
    messages: usize,
    signed_messages: usize,
    signatures: usize,
    ends: usize,
}

impl Markers {
    fn of(text: &[u8]) -> Self {
        let mut found = Self::default();
        for line in text.split(|octet| matches!(octet, b'\n' | b'\r')) {
            // White space before the dashes does not stop every program from reading the block.
            let Some(line) = line.trim_ascii_start().strip_prefix(b"-----") else { continue };
            if line.starts_with(b"BEGIN PGP MESSAGE") {
                found.messages += 1;
            } else if line.starts_with(b"BEGIN PGP SIGNED MESSAGE") {
                found.signed_messages += 1;
            } else if line.starts_with(b"BEGIN PGP SIGNATURE") {
                found.signatures += 1;
            } else if line.starts_with(b"END PGP MESSAGE") || line.starts_with(b"END PGP SIGNATURE") {
                found.ends += 1;
            }
        }
        found
    }

    /// Whether something is encrypted or signed there. A lone detached signature signs nothing here.
    fn any(&self) -> bool {
        self.messages + self.signed_messages > 0
    }
}

/// What stands around the content that is inspected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Nothing: neither signatures nor ciphertext may be inside.
    Unprotected,
    /// A signature over all of it: signatures inside are a matter between author and reader, but
    /// ciphertext may not be inside.
    Signed,
}

/// Looks for anything protected inside a content that has no envelope around it.
struct Inspection {
    scope: Scope,
    parts_left: usize,
}

impl Inspection {
    fn new(scope: Scope) -> Self {
        Self { scope, parts_left: MOST_PARTS }
    }

    /// Recursion is bounded by [`DEEPEST`].
    fn entity(&mut self, octets: &[u8], depth: usize) -> Result<(), Partly> {
        if depth > DEEPEST {
            return Err(Partly("parts within parts too deeply"));
        }
        self.parts_left = self.parts_left.checked_sub(1).ok_or(Partly("too many parts"))?;
        let header = Header::of(octets);
        let body = octets.get(header.body_offset()..).unwrap_or_default();
        let encoding = TransferEncoding::of(&header);
        // Fail closed: the other reading may be the encrypted one, and base64 would hide it.
        let content_type = ContentType::of(&header).map_err(|Ambiguous| Partly(AMBIGUOUS))?;
        let any_of = |types: &[&str]| types.iter().any(|media_type| content_type.is(media_type));
        if any_of(&["multipart/encrypted", "application/pgp-encrypted", "application/pgp"]) {
            return Err(Partly("an encrypted part inside"));
        }
        if any_of(&["application/pkcs7-mime", "application/x-pkcs7-mime"]) {
            return Err(Partly("S/MIME"));
        }
        if content_type.is("multipart/signed") && self.scope == Scope::Unprotected {
            return Err(Partly("a signed part beside other content"));
        }
        if content_type.is_kind("multipart") {
            return match content_type.boundary() {
                _ if encoding != TransferEncoding::Identity => Err(Partly(AMBIGUOUS)),
                Some(boundary) => self.parts(body, boundary, depth),
                None if mentions_pgp(octets) => Err(Partly(AMBIGUOUS)),
                None => Ok(()),
            };
        }
        if any_of(&["message/rfc822", "message/global"]) {
            return encoding.decode(body).map_or(Ok(()), |message| self.entity(&message, depth + 1));
        }
        if content_type.is_kind("text") {
            self.text(&content_type, encoding, body)
        } else {
            self.other(encoding, body)
        }
    }

    fn parts(&mut self, body: &[u8], boundary: &str, depth: usize) -> Result<(), Partly> {
        let found = parts(body, boundary);
        if found.too_many {
            return Err(Partly("too many parts"));
        }
        found
            .ranges
            .into_iter()
            .try_for_each(|range| self.entity(body.get(range).unwrap_or_default(), depth + 1))
    }

    fn text(
        &self,
        content_type: &ContentType,
        encoding: TransferEncoding,
        body: &[u8],
    ) -> Result<(), Partly> {
        let Some(text) = encoding.decode(body) else { return Ok(()) };
        let markers = Markers::of(&text);
        // In HTML a block need not begin its line.
        let in_html = !content_type.is("text/plain") && contains(&text, b"-----BEGIN PGP MESSAGE");
        if markers.messages > 0 || in_html || (markers.any() && self.scope == Scope::Unprotected) {
            return Err(Partly("an inline block beside other content"));
        }
        Ok(())
    }

    /// An attachment is only looked at where it begins: it is not decoded for this.
    fn other(&self, encoding: TransferEncoding, body: &[u8]) -> Result<(), Partly> {
        let head = body.get(..body.len().min(1_024)).unwrap_or_default();
        let Some(head) = encoding.decode(head) else { return Ok(()) };
        if head.trim_ascii_start().starts_with(b"-----BEGIN PGP MESSAGE") {
            return Err(Partly("an encrypted attachment"));
        }
        Ok(())
    }
}

fn mentions_pgp(octets: &[u8]) -> bool {
    octets.windows(3).any(|window| window.eq_ignore_ascii_case(b"pgp"))
}

fn contains(octets: &[u8], needle: &[u8]) -> bool {
    octets.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, PartType};
    use proptest::prelude::*;

    use super::*;
    use crate::Public;

    fn entity(text: &str) -> Entity<Public> {
        Entity::new(text.as_bytes().to_vec())
    }

    /// The reason why a text is opened only partly.
    fn why(text: &str) -> Option<&'static str> {
        match shape(&entity(text)) {
            Shape::Partly { why } => Some(why),
            _ => None,
        }
    }

    fn is_clear(text: &str) -> bool {
        shape(&entity(text)) == Shape::Clear
    }

    const BLOCK: &str = "-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n-----END PGP MESSAGE-----";
    const SIGNED_BLOCK: &str = "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\nhello\r\n- --\r\n\
                                -----BEGIN PGP SIGNATURE-----\r\n\r\nabcd\r\n-----END PGP SIGNATURE-----";

    fn encrypted_with(header: &str, first: &str, second: &str, more: &str) -> String {
        format!(
            "Subject: ...\r\nContent-Type: multipart/encrypted; {header}boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n{first}\r\n--b\r\n{second}\r\n{more}--b--\r\nepilogue\r\n"
        )
    }

    const PROTOCOL: &str = "protocol=\"application/pgp-encrypted\"; ";
    const CONTROL: &str = "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n";
    const CIPHERTEXT: &str = "Content-Type: application/octet-stream\r\n\r\ncipher";

    fn signed_with(part: &str, more: &str) -> String {
        format!(
            "Subject: ...\r\nContent-Type: multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=\"S\"\r\n\r\n\
             --S\r\n{part}\r\n--S\r\nContent-Type: application/pgp-signature\r\n\r\nsignature\r\n{more}--S--\r\n"
        )
    }

    fn mixed_with(part: &str) -> String {
        format!(
            "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nhello\r\n--m\r\n{part}\r\n--m--\r\n"
        )
    }

    #[test]
    fn an_encrypted_message_is_its_two_parts() {
        for (control, ciphertext) in [
            (CONTROL, CIPHERTEXT),
            ("Content-Type: application/pgp-encrypted\r\n\r\nversion: 1", CIPHERTEXT),
            (
                CONTROL,
                "Content-Type: application/octet-stream; name=x.asc\r\nContent-Transfer-Encoding: base64\r\n\r\nY2lwaGVy",
            ),
            (
                CONTROL,
                "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nciph=65r",
            ),
        ] {
            let entity = entity(&encrypted_with(PROTOCOL, control, ciphertext, ""));
            assert_eq!(shape(&entity), Shape::Encrypted { message: Cow::Borrowed(b"cipher") });
        }
        let lf = encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, "").replace('\r', "");
        assert_eq!(shape(&entity(&lf)), Shape::Encrypted { message: Cow::Borrowed(b"cipher") });
    }

    #[test]
    fn what_is_not_quite_an_encrypted_message_is_not_opened() {
        let third = "--b\r\nContent-Type: text/plain\r\n\r\nmallory's\r\n";
        for (name, text) in [
            ("no protocol", encrypted_with("", CONTROL, CIPHERTEXT, "")),
            ("other protocol", encrypted_with("protocol=x; ", CONTROL, CIPHERTEXT, "")),
            ("two protocols", encrypted_with("protocol=x; protocol=\"application/pgp-encrypted\"; ", CONTROL, CIPHERTEXT, "")),
            ("two boundaries", encrypted_with("protocol=\"application/pgp-encrypted\"; boundary=c; ", CONTROL, CIPHERTEXT, "")),
            ("a third part", encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, third)),
            ("the parts swapped", encrypted_with(PROTOCOL, CIPHERTEXT, CONTROL, "")),
            ("other version", encrypted_with(PROTOCOL, "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 2", CIPHERTEXT, "")),
            ("words beside the version", encrypted_with(PROTOCOL, &format!("{CONTROL}hello"), CIPHERTEXT, "")),
            ("a readable first part", encrypted_with(PROTOCOL, "Content-Type: text/plain\r\n\r\nVersion: 1", CIPHERTEXT, "")),
            ("a readable second part", encrypted_with(PROTOCOL, CONTROL, "Content-Type: text/html\r\n\r\n<img src=", "")),
            ("an unknown encoding", encrypted_with(PROTOCOL, CONTROL, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x\r\n\r\nc", "")),
            ("a second Content-Type", format!("Content-Type: text/plain\r\n{}", encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, ""))),
            ("an encoded envelope", format!("Content-Transfer-Encoding: base64\r\n{}", encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, ""))),
            ("one part", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\r\nx".to_owned()),
            ("no boundary", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"\r\n\r\nx".to_owned()),
        ] {
            assert!(why(&text).is_some(), "{name}: {:?}", shape(&entity(&text)));
        }
    }

    #[test]
    fn protection_beside_other_content_is_not_opened() {
        let nested = |text: &str| mixed_with(text.strip_prefix("Subject: ...\r\n").unwrap());
        let forwarded = |text: &str| mixed_with(&format!("Content-Type: message/rfc822\r\n\r\n{text}"));
        let base64 = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                      LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgphYmNkCi0tLS0tRU5EIFBHUCBNRVNTQUdFLS0tLS0K";
        for (name, text) in [
            ("an encrypted part", nested(&encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, ""))),
            ("a signed part", nested(&signed_with("\r\nhello", ""))),
            ("a forwarded encrypted message", forwarded(&encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, ""))),
            ("a forwarded signed message", forwarded(&signed_with("\r\nhello", ""))),
            ("a lone control part", mixed_with(CONTROL)),
            ("a block", mixed_with(&format!("Content-Type: text/plain\r\n\r\n{BLOCK}"))),
            ("an indented block", mixed_with(&format!("\r\n   {BLOCK}"))),
            ("a signed block", mixed_with(&format!("\r\n{SIGNED_BLOCK}"))),
            ("a block in base64", mixed_with(base64)),
            ("a block in HTML", mixed_with(&format!("Content-Type: text/html\r\n\r\n<pre>{BLOCK}</pre>"))),
            ("a block in HTML alone", format!("Content-Type: text/html\r\n\r\n<pre>{BLOCK}</pre>")),
            (
                "an encrypted attachment",
                mixed_with(&format!("Content-Type: application/octet-stream\r\n\r\n{BLOCK}")),
            ),
            ("a block of the obsolete type", format!("Content-Type: application/pgp\r\n\r\n{BLOCK}")),
            ("S/MIME", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx".to_owned()),
            ("S/MIME inside", mixed_with("Content-Type: application/x-pkcs7-mime\r\n\r\nx")),
            ("S/MIME signed", signed_with("\r\nhello", "").replace("pgp-signature", "pkcs7-signature")),
            (
                "an unreadable multipart",
                mixed_with(
                    &encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, "")
                        .replace("Subject: ...\r\n", "Content-Type: text/plain\r\n"),
                ),
            ),
            (
                "a multipart without boundary",
                mixed_with(&format!("Content-Type: multipart/mixed\r\n\r\n{BLOCK}")),
            ),
        ] {
            assert!(why(&text).is_some(), "{name}: {:?}", shape(&entity(&text)));
        }
    }

    #[test]
    fn what_is_not_protected_is_clear() {
        for (name, text) in [
            ("nothing", String::new()),
            ("a text", "Subject: x\r\n\r\nhello".to_owned()),
            (
                "several parts",
                mixed_with("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA"),
            ),
            ("a quoted block", mixed_with("\r\n> -----BEGIN PGP MESSAGE-----")),
            (
                "a public key",
                mixed_with("Content-Type: application/pgp-keys\r\n\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----"),
            ),
            (
                "a public key in text",
                "\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n-----END PGP PUBLIC KEY BLOCK-----".to_owned(),
            ),
            (
                "a detached signature",
                mixed_with("Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----"),
            ),
            ("talk of blocks", "\r\nuse -----BEGIN PGP MESSAGE----- and so on".to_owned()),
            ("a broken multipart", "Content-Type: multipart/mixed\r\n\r\nhello".to_owned()),
        ] {
            assert!(is_clear(&text), "{name}: {:?}", shape(&entity(&text)));
        }
    }

    #[test]
    fn a_block_is_opened_only_when_it_is_the_whole_text() {
        for around in [("", ""), ("\r\n \t\r\n", "\r\n\r\n"), ("\n", "")] {
            let text =
                format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{}{BLOCK}{}", around.0, around.1);
            let message = entity(&text);
            let Shape::InlineEncrypted { block, charset } = shape(&message) else {
                panic!("{:?}", shape(&message))
            };
            assert_eq!((&*block, charset.as_deref()), (BLOCK.as_bytes(), Some("utf-8")));
            let message = entity(&text.replace(BLOCK, SIGNED_BLOCK));
            let Shape::InlineSigned { block, .. } = shape(&message) else { panic!("{:?}", shape(&message)) };
            assert_eq!(&*block, SIGNED_BLOCK.as_bytes());
        }
        for text in [
            format!("\r\nhello\r\n{BLOCK}"),
            format!("\r\n{BLOCK}\r\n-- \r\nfooter"),
            format!("\r\n{BLOCK}\r\n{BLOCK}"),
            format!("\r\n{SIGNED_BLOCK}\r\nmore"),
            format!("\r\nmore\r\n{SIGNED_BLOCK}"),
            format!("\r\n{SIGNED_BLOCK}\r\n{SIGNED_BLOCK}"),
            format!("\r\n{BLOCK}\r\n{SIGNED_BLOCK}"),
            format!("\r\n{}", BLOCK.replace("-----END PGP MESSAGE-----", "")),
            format!("\r\n{}", BLOCK.replace("MESSAGE-----\r\n\r\n", "MESSAGE, PART 1/2-----\r\n\r\n")),
            format!("\r\n{}", BLOCK.replacen("-----BEGIN", "x-----BEGIN", 1).replace("abcd", BLOCK)),
        ] {
            assert!(why(&text).is_some(), "{text}: {:?}", shape(&entity(&text)));
        }
    }

    #[test]
    fn a_block_in_another_encoding_is_decoded_first() {
        let block = BLOCK.replace("abcd", "=61bcd=\r\n");
        let message = entity(&format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{block}\r\n"));
        let Shape::InlineEncrypted { block, .. } = shape(&message) else { panic!("{:?}", shape(&message)) };
        assert_eq!(&*block, BLOCK.as_bytes());
    }

    #[test]
    fn a_signature_covers_the_first_of_two_parts() {
        let third = "--S\r\n\r\nmore\r\n";
        assert!(why(&signed_with("\r\nhello", third)).is_some());
        assert!(
            why(&signed_with("\r\nhello", "")
                .replace("Content-Type: application/pgp-signature", "Content-Type: text/plain"))
            .is_some()
        );
        assert!(why(&signed_with("\r\nhello", "").replace("protocol=", "x=")).is_some());
        assert!(why("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=S\r\n\r\n--S\r\n\r\nhello\r\n").is_some());
    }

    #[test]
    fn a_signature_around_ciphertext_is_not_opened() {
        let inner = encrypted_with(PROTOCOL, CONTROL, CIPHERTEXT, "");
        for part in [
            inner.strip_prefix("Subject: ...\r\n").unwrap().to_owned(),
            mixed_with(&format!("\r\n{BLOCK}")),
            format!("Content-Type: text/plain\r\n\r\n{BLOCK}"),
        ] {
            assert!(why(&signed_with(&part, "")).is_some(), "{part}");
        }
        let quoted = signed_with(&format!("Content-Type: text/plain\r\n\r\n{SIGNED_BLOCK}"), "");
        assert!(matches!(shape(&entity(&quoted)), Shape::Signed { .. }));
    }

    #[test]
    fn the_signed_octets_are_those_that_were_signed() {
        let parts = [
            ("mixed", "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\na\r\n--m--\r\n"),
            (
                "alternative",
                "Content-Type: multipart/alternative; boundary=m\r\n\r\n--m\r\n\r\na\r\n--m\r\nContent-Type: text/html\r\n\r\n<b>\r\n--m--",
            ),
            (
                "epilogue",
                "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\na\r\n--m--\r\nepilogue",
            ),
            ("no final newline", "Content-Type: text/plain\r\n\r\nhello"),
            ("forwarded", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhello\r\n"),
            ("blank tail", "Content-Type: text/plain\r\n\r\nhello\r\n\r\n \r\n\r\n"),
            ("empty body", "Content-Type: text/plain\r\n\r\n"),
            (
                "boundary that extends the outer one",
                "Content-Type: multipart/mixed; boundary=Sx\r\n\r\n--Sx\r\n\r\na\r\n--Sx--\r\n",
            ),
            ("no header", "\r\nhello\r\n"),
            ("a line that begins like the boundary", "\r\n--Sx\r\n--S-\r\n"),
            (
                "an unterminated multipart",
                "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\na\r\n",
            ),
        ];
        for (name, part) in parts {
            let message = entity(&signed_with(part, ""));
            let Shape::Signed { signed, signature, part: range } = shape(&message) else { panic!("{name}") };
            assert!(matches!(signed, Cow::Borrowed(_)), "{name}");
            assert_eq!(&*signed, part.as_bytes(), "{name}");
            assert_eq!(&message.octets()[range], part.as_bytes(), "{name}");
            assert_eq!(&*signature, b"signature", "{name}");

            let message = entity(&signed_with(part, "").replace('\r', ""));
            let Shape::Signed { signed, part: range, .. } = shape(&message) else { panic!("{name}") };
            assert_eq!(&*signed, part.as_bytes(), "{name} with LF");
            assert_eq!(&message.octets()[range], part.replace('\r', "").as_bytes(), "{name} with LF");
        }
    }

    #[test]
    fn another_parser_finds_the_same_signed_part() {
        for part in [
            "Content-Type: text/plain\r\n\r\nhello\r\n",
            "\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\na\r\n--m--\r\n",
        ] {
            let message = entity(&signed_with(part, ""));
            let Shape::Signed { part: range, .. } = shape(&message) else { panic!("{part}") };
            let parsed = MessageParser::new().parse(message.octets()).unwrap();
            let PartType::Multipart(children) = &parsed.parts[0].body else { panic!("{part}") };
            let first = &parsed.parts[children[0] as usize];
            assert_eq!(range, first.offset_header as usize..first.offset_end as usize);
        }
    }

    #[test]
    fn depth_and_number_of_parts_are_bounded() {
        let mut deep = String::new();
        for level in 0..2_000 {
            deep.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"));
        }
        assert_eq!(why(&deep), Some("parts within parts too deeply"));
        let forwarded = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
        assert_eq!(why(&forwarded), Some("parts within parts too deeply"));
        let wide = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n".repeat(100_000));
        assert_eq!(why(&wide), Some("too many parts"));
        let inner =
            format!("Content-Type: multipart/mixed; boundary=c\r\n\r\n{}--c--", "--c\r\n\r\n".repeat(900));
        let wide = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
            format!("--b\r\n{inner}\r\n").repeat(900)
        );
        assert_eq!(why(&wide), Some("too many parts"));
    }

    #[test]
    fn debug_shows_no_content() {
        let message = entity(&signed_with("\r\nsecret", ""));
        assert!(!format!("{:?}", shape(&message)).contains("secret"));
    }

    proptest! {
        #[test]
        fn any_octets_have_a_shape(octets: Vec<u8>) {
            let _ = shape(&Entity::<Public>::new(octets));
        }

        #[test]
        fn any_structure_has_a_shape(text in "(Content-Type: (multipart/(mixed|signed|encrypted)|text/plain|message/rfc822); boundary=[ab]; protocol=\"application/pgp-(encrypted|signature)\"\r\n|Content-Transfer-Encoding: (base64|quoted-printable)\r\n|\r\n|--[ab](--)?\r\n|-----(BEGIN|END) PGP (SIGNED )?MESSAGE-----\r\n|x){0,40}") {
            let message = entity(&text);
            if let Shape::Signed { signed, part, .. } = shape(&message) {
                prop_assert_eq!(&*signed, &*crlf(&message.octets()[part]));
            }
        }
    }
}
