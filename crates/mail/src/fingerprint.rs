// SPDX-License-Identifier: GPL-3.0-or-later
//! The fingerprint that names a key.

use std::fmt;
use std::str::FromStr;

/// The fingerprint of a primary key: 20 octets for OpenPGP v4, 32 for v6 (RFC 9580, section 5.5.4).
/// Key ids are never used to decide anything: they can be forged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(Vec<u8>);

/// The text is not a fingerprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a fingerprint: 40 or 64 hexadecimal digits are expected (a short key id is not enough)")]
pub struct FingerprintError;

impl Fingerprint {
    /// Takes the octets of a v4 or v6 fingerprint.
    ///
    /// # Errors
    /// When there are neither 20 nor 32 octets.
    pub fn from_octets(octets: &[u8]) -> Result<Self, FingerprintError> {
        match octets.len() {
            20 | 32 => Ok(Self(octets.to_vec())),
            _ => Err(FingerprintError),
        }
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads hexadecimal digits, with spaces or a leading `0x` as programs print them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u32> = text
            .trim()
            .trim_start_matches("0x")
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_digit(16).ok_or(FingerprintError))
            .collect::<Result<_, _>>()?;
        let octets = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => u8::try_from(high * 16 + low).map_err(|_| FingerprintError),
                _ => Err(FingerprintError),
            })
            .collect::<Result<Vec<u8>, _>>()?;
        Self::from_octets(&octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_programs_print_it() {
        let spaced = "0xAAAA BBBB CCCC DDDD EEEE  FFFF 0000 1111 2222 3333";
        let fingerprint: Fingerprint = spaced.parse().unwrap();
        assert_eq!(fingerprint.to_string(), "AAAABBBBCCCCDDDDEEEEFFFF0000111122223333");
    }

    #[test]
    fn a_key_id_is_not_a_fingerprint() {
        assert_eq!("DEADBEEFDEADBEEF".parse::<Fingerprint>(), Err(FingerprintError));
        assert_eq!("zz".parse::<Fingerprint>(), Err(FingerprintError));
    }
}
