// SPDX-License-Identifier: GPL-3.0-or-later
//! Names made by chance: message ids and boundaries.

use rand::RngCore;

/// A message id (RFC 5322, section 3.6.4) with its angle brackets. It says nothing but the domain:
/// no time, no host, no count.
pub fn random_message_id(domain: &str, rng: &mut dyn RngCore) -> String {
    format!("<{}@{domain}>", letters(rng))
}

/// A boundary (RFC 2046, section 5.1.1) that no content can hold except by guessing 150 bits, and
/// that no quoted-printable or base64 text can hold at all, for its `=_`.
pub(crate) fn boundary(rng: &mut dyn RngCore) -> String {
    format!("=_{}", letters(rng))
}

/// Thirty letters and digits of five bits each.
fn letters(rng: &mut dyn RngCore) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut octets = [0; 30];
    rng.fill_bytes(&mut octets);
    octets
        .iter()
        .filter_map(|octet| ALPHABET.get(usize::from(octet & 31)))
        .map(|octet| char::from(*octet))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::fixture::chance;

    #[test]
    fn no_two_names_are_the_same() {
        let mut rng = chance();
        let id = random_message_id("lists.example.org", &mut rng);
        assert!(crate::letterhead::is_id(id.trim_matches(['<', '>'])));
        assert_ne!(id, random_message_id("lists.example.org", &mut rng));
        assert_ne!(boundary(&mut rng), boundary(&mut rng));
        assert_eq!(boundary(&mut rng).len(), 32);
    }
}
