// SPDX-License-Identifier: GPL-3.0-or-later
//! The canonical line end of mail: CRLF (RFC 5322, section 2.3; RFC 3156, section 5).
//!
//! What a signature covers is text with CRLF. These functions make each lone LF a CRLF and touch
//! nothing else; what is canonical already is not copied.

use std::borrow::Cow;

/// The octets with each lone LF made CRLF.
pub(crate) fn crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    let length = crlf_len(octets);
    if length == octets.len() {
        return Cow::Borrowed(octets);
    }
    let mut canonical = Vec::with_capacity(length);
    push_crlf(&mut canonical, octets);
    Cow::Owned(canonical)
}

/// How many octets they are with each lone LF made CRLF.
pub(crate) fn crlf_len(octets: &[u8]) -> usize {
    octets.len() + lone_line_feeds(octets).count()
}

/// Appends the octets with each lone LF made CRLF.
pub(crate) fn push_crlf(out: &mut Vec<u8>, octets: &[u8]) {
    let mut from = 0;
    for at in lone_line_feeds(octets) {
        out.extend_from_slice(octets.get(from..at).unwrap_or_default());
        out.push(b'\r');
        from = at;
    }
    out.extend_from_slice(octets.get(from..).unwrap_or_default());
}

fn lone_line_feeds(octets: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut previous = 0_u8;
    octets.iter().enumerate().filter_map(move |(at, octet)| {
        let lone = *octet == b'\n' && previous != b'\r';
        previous = *octet;
        lone.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_canonical_is_not_copied() {
        assert!(matches!(crlf(b"a\r\nb\r\n"), Cow::Borrowed(_)));
        assert!(matches!(crlf(b"a\rb"), Cow::Borrowed(_)));
    }

    #[test]
    fn each_lone_lf_becomes_crlf() {
        assert_eq!(&*crlf(b"\na\n\r\nb\n\n"), b"\r\na\r\n\r\nb\r\n\r\n");
    }
}
