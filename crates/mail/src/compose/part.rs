// SPDX-License-Identifier: GPL-3.0-or-later
//! Building blocks of a body: a part with the list's own text, an attachment, and the joining of
//! parts without a needless copy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::crlf::{crlf_len, push_crlf};
use crate::text;

/// What a text may look like on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Inside ciphertext: nobody on the way touches it.
    Sealed,
    /// In clear, perhaps signed: seven bits, and nothing that a relay likes to change
    /// (RFC 3156, section 5).
    Open,
}

/// A text/plain entity. No file name: with one, programs show an attachment instead of the text.
pub(crate) fn text_part(words: &str, transport: Transport) -> Zeroizing<Vec<u8>> {
    let words = Zeroizing::new(text::lines(words));
    let short = words.lines().all(|line| line.len() <= 998);
    let fragile = || words.lines().any(|line| line.ends_with([' ', '\t']) || line.starts_with("From "));
    let encoding = match transport {
        Transport::Sealed if short && words.is_ascii() => "7bit",
        Transport::Sealed if short => "8bit",
        Transport::Open if short && words.is_ascii() && !fragile() => "7bit",
        _ => "quoted-printable",
    };
    let mut part = Zeroizing::new(Vec::with_capacity(words.len() * 4 + 128));
    part.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ");
    part.extend_from_slice(encoding.as_bytes());
    part.extend_from_slice(b"\r\n\r\n");
    if encoding == "quoted-printable" {
        quoted_printable(&mut part, &words);
    } else {
        part.extend_from_slice(words.as_bytes());
    }
    part
}

/// Writes lines with CRLF as quoted-printable (RFC 2045, section 6.7), at most 76 characters each.
fn quoted_printable(out: &mut Vec<u8>, words: &str) {
    for line in words.split_terminator("\r\n") {
        let mut column = 0;
        for (at, octet) in line.bytes().enumerate() {
            let last = at + 1 == line.len();
            let plain = match octet {
                b' ' | b'\t' => !last,
                b'F' => !(at == 0 && line.starts_with("From ")),
                b'=' => false,
                // A lone dot is a line that careless relays take for the end of the message.
                b'.' => !(at == 0 && last),
                other => other.is_ascii_graphic(),
            };
            let width = if plain { 1 } else { 3 };
            if column + width > if last { 76 } else { 75 } {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(octet);
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
            }
            column += width;
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// An attachment in base64. The media type must be one, else it is `application/octet-stream`; the
/// name may be anything.
pub(crate) fn attachment(media_type: &str, file_name: &str, octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet))
    };
    let valid = media_type.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    let media_type = if valid { media_type } else { "application/octet-stream" };
    let mut part = Zeroizing::new(Vec::with_capacity(octets.len() / 57 * 80 + 1_024 + 80));
    part.extend_from_slice(
        format!("Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n").as_bytes(),
    );
    part.extend_from_slice(
        format!("Content-Disposition: attachment;\r\n {}\r\n\r\n", file_name_parameter(file_name)).as_bytes(),
    );
    let mut line = [0; 76];
    for chunk in octets.chunks(57) {
        if let Ok(length) = STANDARD.encode_slice(chunk, &mut line) {
            part.extend_from_slice(line.get(..length).unwrap_or_default());
            part.extend_from_slice(b"\r\n");
        }
    }
    part
}

/// `filename=` (RFC 2183), in the form of RFC 2231 when it is not plain ASCII.
fn file_name_parameter(file_name: &str) -> String {
    let name: String = text::one_line(file_name).replace(['/', '\\'], "_").chars().take(100).collect();
    if name.is_ascii() && !name.contains(['"', '%']) {
        return format!("filename=\"{name}\"");
    }
    let mut value = "filename*=utf-8''".to_owned();
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
            value.push(char::from(octet));
        } else {
            value.push_str(&format!("%{octet:02X}"));
        }
    }
    value
}

/// Joins parts to a multipart body behind a head that ends with its empty line. Each part is given
/// in pieces. Each lone LF becomes CRLF; nothing else is touched, and each piece is copied once,
/// into a buffer that never has to grow (growing would leave plaintext behind in freed memory).
pub(crate) fn multipart(head: &[u8], boundary: &str, parts: &[&[&[u8]]]) -> Vec<u8> {
    let delimiter = format!("--{boundary}\r\n");
    let content: usize = parts.iter().flat_map(|part| part.iter()).map(|piece| crlf_len(piece)).sum();
    let length = head.len() + content + (parts.len() + 1) * (delimiter.len() + 2);
    let mut body = Vec::with_capacity(length);
    body.extend_from_slice(head);
    for part in parts {
        body.extend_from_slice(delimiter.as_bytes());
        for piece in *part {
            push_crlf(&mut body, piece);
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::header::Header;
    use crate::transfer_encoding::TransferEncoding;

    fn read(part: &[u8]) -> String {
        let header = Header::of(part);
        let body = TransferEncoding::of(&header).decode(&part[header.body_offset()..]).unwrap().into_owned();
        String::from_utf8(body).unwrap()
    }

    fn encoding(part: &[u8]) -> String {
        Header::of(part).only("Content-Transfer-Encoding").unwrap().body().into_owned()
    }

    #[test]
    fn inside_ciphertext_text_stays_readable() {
        assert_eq!(encoding(&text_part("-- \nfooter", Transport::Sealed)), "7bit");
        assert_eq!(encoding(&text_part("Grüße", Transport::Sealed)), "8bit");
        assert_eq!(encoding(&text_part(&"x".repeat(1_000), Transport::Sealed)), "quoted-printable");
    }

    #[test]
    fn on_the_open_way_nothing_is_left_to_change() {
        assert_eq!(encoding(&text_part("plain", Transport::Open)), "7bit");
        for fragile in ["Grüße", "-- ", "From me", "a\t", &"x".repeat(999)] {
            assert_eq!(encoding(&text_part(fragile, Transport::Open)), "quoted-printable", "{fragile}");
        }
    }

    #[test]
    fn a_text_has_no_file_name_and_no_control_characters() {
        let part = text_part("a\u{0}b\rc\u{1b}[0m\n", Transport::Sealed);
        assert!(!part.windows(4).any(|w| w.eq_ignore_ascii_case(b"name")));
        assert_eq!(read(&part), "abc[0m\r\n");
    }

    #[test]
    fn an_attachment_is_what_it_was() {
        let octets: Vec<u8> = (0..=255).collect();
        let part = attachment("application/pgp-keys", "friends.asc", &octets);
        let header = Header::of(&part);
        assert_eq!(header.only("Content-Type").unwrap().body(), "application/pgp-keys");
        assert_eq!(
            header.only("Content-Disposition").unwrap().body(),
            "attachment; filename=\"friends.asc\""
        );
        let body = TransferEncoding::Base64.decode(&part[header.body_offset()..]).unwrap();
        assert_eq!(&*body, octets);
        assert!(part.split(|octet| *octet == b'\n').all(|line| line.len() <= 77));
    }

    #[test]
    fn a_name_or_type_from_outside_adds_nothing() {
        for (media_type, name) in [("text/x\r\nBcc: y", "a\r\nBcc: x"), ("", "a\"; x=\"y"), ("a/b/c", "../ä")]
        {
            let part = attachment(media_type, name, b"");
            let header = Header::of(&part);
            assert_eq!(header.fields().count(), 3);
            assert_eq!(header.only("Content-Type").unwrap().body(), "application/octet-stream");
            assert!(!header.only("Content-Disposition").unwrap().body().contains("; x="));
        }
    }

    #[test]
    fn the_buffer_of_a_multipart_never_grows() {
        let parts: [&[&[u8]]; 2] = [&[b"a\nb\n", b"\n\r\n"], &[b""]];
        let body = multipart(b"head\r\n\r\n", "B", &parts);
        assert_eq!(body, b"head\r\n\r\n--B\r\na\r\nb\r\n\r\n\r\n\r\n--B\r\n\r\n--B--\r\n");
        assert!(body.len() <= b"head\r\n\r\n".len() + 11 + 3 * 7, "what is reserved suffices");
    }

    proptest! {
        #[test]
        fn a_text_is_read_back(words in "(\\PC|\n|\t|=| |From |\\.){0,300}") {
            for transport in [Transport::Sealed, Transport::Open] {
                let part = text_part(&words, transport);
                prop_assert_eq!(read(&part), text::lines(&words));
                if transport == Transport::Open {
                    prop_assert!(part.is_ascii());
                    let limit = if encoding(&part) == "7bit" { 998 } else { 77 };
                    let sound = |line: &[u8]| line.len() <= limit + 1 && (line.is_empty() || line.trim_ascii_end().len() + 1 == line.len());
                    prop_assert!(part.split(|octet| *octet == b'\n').all(sound));
                }
            }
        }
    }
}
