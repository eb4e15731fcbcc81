// SPDX-License-Identifier: GPL-3.0-or-later
//! Line ends: mail has CRLF (RFC 5322, section 2.3); what comes out of an encryption may not.

use std::borrow::Cow;

use zeroize::Zeroizing;

/// Whether every LF has its CR.
pub(super) fn is_crlf(octets: &[u8]) -> bool {
    let mut before = 0;
    octets.iter().all(|octet| {
        let fine = *octet != b'\n' || before == b'\r';
        before = *octet;
        fine
    })
}

/// The same octets if every LF has its CR; else a copy in which it has.
pub(super) fn to_crlf(octets: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if is_crlf(&octets) { octets } else { Zeroizing::new(converted(&octets)) }
}

/// As [`to_crlf`] for borrowed octets that are not secret.
pub(super) fn borrowed_to_crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    if is_crlf(octets) { Cow::Borrowed(octets) } else { Cow::Owned(converted(octets)) }
}

fn converted(octets: &[u8]) -> Vec<u8> {
    // The exact size first: a vector that grows leaves copies behind that nobody zeroizes.
    let line_feeds = octets.split(|octet| *octet == b'\n').count();
    let mut out = Vec::with_capacity(octets.len().saturating_add(line_feeds));
    let mut before = 0;
    for octet in octets {
        if *octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*octet);
        before = *octet;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_lf_gets_its_cr_and_nothing_else_changes() {
        assert_eq!(&*borrowed_to_crlf(b"a\nb\r\nc\r\rd\n\n"), b"a\r\nb\r\nc\r\rd\r\n\r\n");
        assert_eq!(&*borrowed_to_crlf(b"a\r\nb"), b"a\r\nb");
        assert!(matches!(borrowed_to_crlf(b"a\r\nb"), Cow::Borrowed(_)));
    }
}
