// SPDX-License-Identifier: GPL-3.0-or-later
//! ASCII armour (RFC 9580, section 6), written with CRLF and read strictly.
//!
//! One block and nothing else: what a lenient reader would skip is where an enemy would write.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::crc24;

/// How many octets make a line of 76 characters, the most that section 6.2 allows.
const OCTETS_PER_LINE: usize = 57;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Signature,
    PublicKey,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Message => "PGP MESSAGE",
            Self::Signature => "PGP SIGNATURE",
            Self::PublicKey => "PGP PUBLIC KEY BLOCK",
        }
    }
}

/// The line before a block and the empty line after it.
pub(super) fn begin(kind: Kind) -> String {
    format!("-----BEGIN {}-----\r\n\r\n", kind.name())
}

/// The check sum and the line after a block.
pub(super) fn end(kind: Kind, crc: u32) -> String {
    let [_, sum @ ..] = crc.to_be_bytes();
    format!("={}\r\n-----END {}-----\r\n", STANDARD.encode(sum), kind.name())
}

/// Base64 in full lines, the last one as short as it comes, each with CRLF. Only at the very end may
/// the number of octets not be divisible by three: padding amid a block breaks its readers.
pub(super) fn lines(octets: &[u8], out: &mut Vec<u8>) {
    out.reserve(octets.len().div_ceil(OCTETS_PER_LINE).saturating_mul(78));
    let mut line = [0; 76];
    for chunk in octets.chunks(OCTETS_PER_LINE) {
        // The buffer holds what 57 octets give: this cannot fail.
        let written = STANDARD.encode_slice(chunk, &mut line).unwrap_or_default();
        out.extend_from_slice(line.get(..written).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
    }
}

/// A whole block; `comments` become `Comment:` header lines.
pub(super) fn block(kind: Kind, octets: &[u8], comments: &[&str]) -> Vec<u8> {
    let mut out = format!("-----BEGIN {}-----\r\n", kind.name()).into_bytes();
    for comment in comments {
        out.extend_from_slice(format!("Comment: {comment}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    lines(octets, &mut out);
    out.extend_from_slice(end(kind, crc24::update(crc24::INITIAL, octets)).as_bytes());
    out
}

/// A block as it was read.
pub(super) struct Block {
    pub(super) octets: Vec<u8>,
    /// The value of a `Charset:` header line.
    pub(super) charset: Option<String>,
}

/// Reads the one block that these octets are. Only white space may stand around it. Header lines are
/// not believed, `Charset` apart, which the caller checks. The check sum is not compared: it guards
/// against line noise, and section 6.1 says not to refuse for it.
pub(super) fn read(kind: Kind, octets: &[u8]) -> Option<Block> {
    let mut lines = octets.split(|octet| *octet == b'\n').map(trim_end);
    let begin = format!("-----BEGIN {}-----", kind.name());
    let end = format!("-----END {}-----", kind.name());
    let first = lines.by_ref().find(|line| !line.is_empty())?;
    if first != begin.as_bytes() {
        return None;
    }
    let mut charset = None;
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        if name.eq_ignore_ascii_case("charset") {
            charset = Some(value.trim().to_owned());
        }
    }
    let mut text = Vec::with_capacity(octets.len());
    let mut sum_seen = false;
    let mut ended = false;
    for line in lines.by_ref() {
        if line == end.as_bytes() {
            ended = true;
            break;
        }
        if line.starts_with(b"=") && line.len() == 5 {
            sum_seen = true;
        } else if sum_seen && !line.is_empty() {
            return None;
        } else {
            text.extend_from_slice(line);
        }
    }
    if !ended || lines.any(|line| !line.is_empty()) {
        return None;
    }
    let octets = STANDARD.decode(text).ok()?;
    Some(Block { octets, charset })
}

/// As [`read`], and binary as it is: RFC 3156 wants armour, some programs write binary.
pub(super) fn read_or_binary(kind: Kind, octets: &[u8]) -> Option<Vec<u8>> {
    match octets.first() {
        // Every OpenPGP packet begins with the highest bit set (RFC 9580, section 4.2).
        Some(first) if first & 0x80 != 0 => Some(octets.to_vec()),
        _ => read(kind, octets).map(|block| block.octets),
    }
}

/// Without the white space that stands at the end of a line and means nothing.
fn trim_end(line: &[u8]) -> &[u8] {
    let end =
        line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t' | b'\r')).map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_outside_the_block_refuses_it() {
        let good = String::from_utf8(block(Kind::Message, b"some octets", &["hello"])).unwrap();
        assert_eq!(read(Kind::Message, good.as_bytes()).unwrap().octets, b"some octets");
        assert!(read(Kind::Message, format!(" \n\t\n{good}\n \n").as_bytes()).is_some());
        assert!(read(Kind::Message, format!("Pay mallory.\n{good}").as_bytes()).is_none());
        assert!(read(Kind::Message, format!("{good}Pay mallory.\n").as_bytes()).is_none());
        assert!(read(Kind::Message, format!("{good}{good}").as_bytes()).is_none());
        assert!(read(Kind::Signature, good.as_bytes()).is_none());
        assert!(read(Kind::Message, good.replace("END", "ENDE").as_bytes()).is_none());
    }

    #[test]
    fn a_block_without_check_sum_is_read() {
        let block =
            b"-----BEGIN PGP MESSAGE-----\nCharset: utf-8\n\nc29tZSBvY3RldHM=\n-----END PGP MESSAGE-----";
        let block = read(Kind::Message, block).unwrap();
        assert_eq!(block.octets, b"some octets");
        assert_eq!(block.charset.as_deref(), Some("utf-8"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn written_is_read(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(read(Kind::Signature, &block(Kind::Signature, &octets, &[])).unwrap().octets, octets);
        }

        #[test]
        fn anything_can_be_read_without_panic(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(Kind::Message, &octets);
        }
    }
}
