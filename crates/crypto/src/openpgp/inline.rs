// SPDX-License-Identifier: GPL-3.0-or-later
//! Inline OpenPGP: a text that is one block, without MIME around it.
//!
//! What comes out is a text/plain entity, made here: inside a block there is text, never MIME
//! structure of the author's, however much it looks like some.

use chancery_mail::Header;
use zeroize::Zeroizing;

/// A cleartext-signed text (RFC 9580, section 7).
pub(super) struct ClearSigned {
    /// What is signed: the text with CRLF between its lines, without white space at their ends, without
    /// the last line end. It is also all that is shown.
    pub(super) text: Vec<u8>,
    /// The armoured signature.
    pub(super) signature: Vec<u8>,
}

/// Takes a cleartext-signed block apart, strictly: each tolerance here has shown a reader something
/// that was not signed.
pub(super) fn clear_signed(block: &[u8]) -> Option<ClearSigned> {
    let mut lines = block.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if lines.next()?.trim_ascii_end() != b"-----BEGIN PGP SIGNED MESSAGE-----" {
        return None;
    }
    // Only `Hash` may stand here (section 7.1): any other text in this place was taken for signed.
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        let value = line.strip_prefix(b"Hash: ")?;
        if !value.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-, ".contains(octet)) {
            return None;
        }
    }
    let mut text: Option<Vec<u8>> = None;
    let mut signature = Vec::new();
    for line in lines {
        if !signature.is_empty() || line.trim_ascii_end() == b"-----BEGIN PGP SIGNATURE-----" {
            signature.extend_from_slice(line);
            signature.extend_from_slice(b"\r\n");
            continue;
        }
        // A line that begins with a dash is escaped, always.
        let line = match line.strip_prefix(b"- ") {
            Some(escaped) => escaped,
            None if line.starts_with(b"-") => return None,
            None => line,
        };
        let end = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
        let line = line.get(..end).unwrap_or_default();
        match &mut text {
            Some(text) => {
                text.extend_from_slice(b"\r\n");
                text.extend_from_slice(line);
            }
            None => text = Some(line.to_vec()),
        }
    }
    (!signature.is_empty()).then(|| ClearSigned { text: text.unwrap_or_default(), signature })
}

/// A text/plain entity of this text: the fields in front, then what says that it is text.
pub(super) fn text_entity(fields: &[u8], content_type: &str, text: &[u8]) -> Zeroizing<Vec<u8>> {
    let own = format!(
        "MIME-Version: 1.0\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    );
    let mut out = Zeroizing::new(Vec::with_capacity(fields.len() + own.len() + text.len() + 2));
    out.extend_from_slice(fields);
    out.extend_from_slice(own.as_bytes());
    out.extend_from_slice(text);
    if !text.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The Content-Type of a text that came inline: UTF-8 if it is that, else the charset that was named;
/// flowed (RFC 3676) if the message said so.
pub(super) fn content_type(received: &[u8], named: [Option<&str>; 2], text: &[u8]) -> String {
    let charset = if std::str::from_utf8(text).is_ok() {
        "utf-8"
    } else {
        named
            .into_iter()
            .flatten()
            .find(|name| {
                (1..=40).contains(&name.len())
                    && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:+".contains(&octet))
                    && !name.eq_ignore_ascii_case("utf-8")
                    && !name.eq_ignore_ascii_case("us-ascii")
            })
            .unwrap_or("iso-8859-1")
    };
    let field = Header::of(received).only("Content-Type").map(|field| field.body().to_ascii_lowercase());
    let says = |parameter: &str| {
        field.iter().any(|field| field.split(';').any(|part| part.replace(['"', ' '], "") == parameter))
    };
    let flowed = if says("format=flowed") { "; format=flowed" } else { "" };
    let delsp = if says("delsp=yes") { "; delsp=yes" } else { "" };
    format!("text/plain; charset={charset}{flowed}{delsp}")
}

/// The header fields of a message without those that describe its body.
pub(super) fn fields_but_content(received: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in Header::of(received).fields() {
        let name = field.name.to_ascii_lowercase();
        if !name.starts_with("content-") && name != "mime-version" {
            out.extend_from_slice(&super::line_ends::borrowed_to_crlf(field.raw));
        }
    }
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(head: &str, text: &str) -> String {
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\r\n{head}\r\n{text}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nAA==\r\n-----END PGP SIGNATURE-----"
        )
    }

    #[test]
    fn the_text_is_unescaped_and_without_trailing_white_space() {
        let found =
            clear_signed(block("Hash: SHA512\r\n", "one  \r\n- -- \r\n- - two\t\r\n").as_bytes()).unwrap();
        assert_eq!(found.text, b"one\r\n--\r\n- two\r\n");
        assert!(found.signature.starts_with(b"-----BEGIN PGP SIGNATURE-----\r\n"));
    }

    #[test]
    fn what_is_not_signed_refuses_the_block() {
        for (head, text) in [
            ("Hash: SHA512\r\nPay mallory.\r\n", "text"),
            ("Comment: pay mallory\r\n", "text"),
            ("Hash: SHA512, Pay mallory.\r\n", "text"),
            ("Hash: SHA512\r\n \r\n", "text"),
            ("", "-----BEGIN PGP MESSAGE-----"),
            ("", "-not escaped"),
        ] {
            assert!(clear_signed(block(head, text).as_bytes()).is_none(), "{head:?} {text:?}");
        }
    }

    #[test]
    fn the_charset_is_what_the_text_is() {
        let received = b"Content-Type: text/plain; charset=latin9; format=\"flowed\"\r\n\r\n";
        assert_eq!(
            content_type(received, [Some("latin9"), None], "ä".as_bytes()),
            "text/plain; charset=utf-8; format=flowed"
        );
        assert_eq!(content_type(b"\r\n", [None, Some("koi8-r")], b"\xff"), "text/plain; charset=koi8-r");
        assert_eq!(
            content_type(b"\r\n", [Some("a b\r\nX: y"), None], b"\xff"),
            "text/plain; charset=iso-8859-1"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn anything_can_be_read_without_panic(head in "[ -~\r\n]{0,60}", text in "[ -~\r\n]{0,200}") {
            let _ = clear_signed(block(&head, &text).as_bytes());
            let _ = clear_signed(text.as_bytes());
        }
    }
}
