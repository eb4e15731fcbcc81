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
