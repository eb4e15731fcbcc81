// SPDX-License-Identifier: GPL-3.0-or-later
//! Content-Transfer-Encoding (RFC 2045, section 6): decoding, as much as is needed and no more.
//!
//! A ten-megabyte attachment is never decoded here; what needs no decoding is lent.

use std::borrow::Cow;

use crate::header::Header;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferEncoding {
    /// 7bit, 8bit, binary or not named: the octets are the content.
    Identity,
    Base64,
    QuotedPrintable,
    /// Named twice, or by a name that nobody knows.
    Unknown,
}

impl TransferEncoding {
    /// The encoding that a header names.
    pub(crate) fn of(header: &Header<'_>) -> Self {
        let mut fields = header.all("Content-Transfer-Encoding");
        let Some(field) = fields.next() else { return Self::Identity };
        if fields.next().is_some() {
            return Self::Unknown;
        }
        match field.body().to_ascii_lowercase().as_str() {
            "7bit" | "8bit" | "binary" | "" => Self::Identity,
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            _ => Self::Unknown,
        }
    }

    /// The content of a body; `None` when the encoding is unknown.
    pub(crate) fn decode(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Identity => Some(Cow::Borrowed(body)),
            Self::Base64 => Some(Cow::Owned(base64(body))),
            Self::QuotedPrintable => Some(Cow::Owned(quoted_printable(body, false))),
            Self::Unknown => None,
        }
    }
}

/// Base64 as mail has it: whatever is not of the alphabet is passed over, and the first `=` ends
/// it (RFC 2045, section 6.8).
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut gathered, mut bits) = (0_u32, 0_u32);
    for letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        gathered = (gathered << 6 | u32::from(value)) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            octets.push(((gathered >> bits) & 0xff) as u8);
        }
    }
    octets
}

/// Quoted-printable (RFC 2045, section 6.7), or its `Q` form of encoded words, where `_` is a
/// space (RFC 2047, section 4.2). What is not validly quoted stands for itself.
pub(crate) fn quoted_printable(text: &[u8], underscore_is_space: bool) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'=', [high, low, tail @ ..]) if hexadecimal(*high, *low).is_some() => {
                octets.extend(hexadecimal(*high, *low));
                rest = tail;
            }
            (b'=', _) => match soft_break(after) {
                Some(tail) => rest = tail,
                None => octets.push(b'='),
            },
            (b' ' | b'\t', _) if !underscore_is_space => {
                // White space before a line end was added on the way.
                let length = 1 + after.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
                let tail = after.get(length - 1..).unwrap_or_default();
                if !(tail.is_empty() || tail.starts_with(b"\n") || tail.starts_with(b"\r\n")) {
                    octets.push(*first);
                    octets.extend_from_slice(after.get(..length - 1).unwrap_or_default());
                }
                rest = tail;
            }
            (b'_', _) if underscore_is_space => octets.push(b' '),
            (other, _) => octets.push(*other),
        }
    }
    octets
}

fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let spaces = after.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    let tail = after.get(spaces..)?;
    if tail.is_empty() {
        return Some(tail);
    }
    tail.strip_prefix(b"\r\n").or_else(|| tail.strip_prefix(b"\n"))
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quoted_printable_is_read_as_it_is_written() {
        for (written, read) in [
            (&b"a=3Db"[..], &b"a=b"[..]),
            (b"soft=\r\nbreak=  \nhere", b"softbreakhere"),
            (b"trailing \t\r\nspace  ", b"trailing\r\nspace"),
            (b"in ner", b"in ner"),
            (b"bad=zz=", b"bad=zz"),
            (b"=4", b"=4"),
            (b"=e4", b"\xe4"),
        ] {
            assert_eq!(quoted_printable(written, false), read);
        }
        assert_eq!(quoted_printable(b"a_b =20", true), b"a b  ");
    }

    #[test]
    fn base64_passes_over_what_is_not_its_own() {
        assert_eq!(base64(b"aGVs\r\n bG8*=\r\nZZZZ"), b"hello");
        assert_eq!(base64(b"a"), b"");
    }

    #[test]
    fn an_encoding_named_twice_or_by_no_known_name_is_not_decoded() {
        for header in [
            &b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"[..],
            b"Content-Transfer-Encoding: x-uuencode\r\n\r\n",
        ] {
            assert_eq!(TransferEncoding::of(&Header::of(header)).decode(b"x"), None);
        }
    }

    proptest! {
        #[test]
        fn base64_is_read_back(octets: Vec<u8>) {
            let written = base64::engine::general_purpose::STANDARD.encode(&octets);
            prop_assert_eq!(base64(written.as_bytes()), octets);
        }

        #[test]
        fn any_octets_are_decoded(octets: Vec<u8>) {
            prop_assert!(quoted_printable(&octets, false).len() <= octets.len());
            prop_assert!(base64(&octets).len() <= octets.len());
        }
    }
}
