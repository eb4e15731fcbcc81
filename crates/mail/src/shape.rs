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
    let content_type = ContentType::of(&header)
        .map_err(|Ambiguous| Partly("the Content-Type can be read in more than one way"))?;
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
        let content_type = ContentType::of(&header)
            .map_err(|Ambiguous| Partly("a Content-Type that can be read in more than one way"))?;
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
        let Ok(content_type) = ContentType::of(&header) else {
            return if mentions_pgp(octets) {
                Err(Partly("a part that can be read in more than one way"))
            } else {
                Ok(())
            };
        };
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
                Some(boundary) if encoding == TransferEncoding::Identity => self.parts(body, boundary, depth),
                _ if mentions_pgp(octets) => Err(Partly("a part that can be read in more than one way")),
                _ => Ok(()),
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
