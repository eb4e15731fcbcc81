// SPDX-License-Identifier: GPL-3.0-or-later
//! One reader's copy: a session key packet before the ciphertext that all share, in one armour.
//!
//! The shared part's base64 is kept, so that a copy costs one public-key operation and a few hundred
//! octets whatever the size of the post. Base64 takes three octets at a time, hence there are three
//! alignments; the packet in front takes as many octets of the ciphertext with it as make it
//! divisible by three. Each alignment is made when the first reader needs it.

use std::sync::{Arc, OnceLock};

use super::armor::{self, Kind};
use super::crc24;
use super::recipient::{RecipientKey, RecipientKeyId};
use super::seal::SealedBody;
use super::session_key::SessionKey;
use super::session_key_packet;
use crate::CryptoError;

/// An armoured OpenPGP message with CRLF, in three pieces that follow one another; the large one is
/// shared between all copies.
#[derive(Clone, Debug)]
pub struct WrappedCopy {
    head: Vec<u8>,
    shared: Arc<Vec<u8>>,
    tail: Vec<u8>,
}

impl WrappedCopy {
    /// The pieces, to be written one after the other without copying.
    pub fn slices(&self) -> [&[u8]; 3] {
        [&self.head, &self.shared, &self.tail]
    }

    /// How many octets they are together.
    pub fn len(&self) -> usize {
        self.slices().iter().map(|slice| slice.len()).sum()
    }

    /// Whether there is nothing: never.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// The armour of one body, as far as it has been made.
#[derive(Debug, Default)]
pub(super) struct SharedArmor {
    alignments: [OnceLock<Alignment>; 3],
    /// The check sum of the whole body begun with an empty register.
    body: OnceLock<u32>,
}

/// The body without its first 0, 1 or 2 octets.
#[derive(Debug)]
struct Alignment {
    lines: Arc<Vec<u8>>,
    /// Its check sum, begun with an empty register, and what puts that behind a prefix's.
    crc: u32,
    shift: u32,
}

impl SealedBody {
    /// The copy for one reader.
    ///
    /// # Errors
    /// [`CryptoError::WrongFormat`] when this reader needs the other [`BodyFormat`](crate::BodyFormat).
    pub fn wrap(
        &self,
        session_key: &SessionKey,
        reader: &RecipientKey,
        id: RecipientKeyId,
    ) -> Result<WrappedCopy, CryptoError> {
        if reader.format() != self.format() {
            return Err(CryptoError::WrongFormat);
        }
        let prefix = session_key_packet::write(session_key, reader, id)?;
        self.armor().behind(prefix, self.octets()).ok_or(CryptoError::Malformed("a sealed body"))
    }
}

impl SharedArmor {
    /// The armour of a prefix and the body, always the same one, behind it. `None` if the body has fewer
    /// than the two octets that the prefix may need of it.
    fn behind(&self, mut prefix: Vec<u8>, octets: &[u8]) -> Option<WrappedCopy> {
        let taken = (3 - prefix.len() % 3) % 3;
        let (first, rest) = octets.split_at_checked(taken)?;
        prefix.extend_from_slice(first);
        let alignment = self.alignment(octets, first, rest)?;

        let mut head = armor::begin(Kind::Message).into_bytes();
        armor::lines(&prefix, &mut head);
        let crc = crc24::combine(crc24::update(crc24::INITIAL, &prefix), alignment.crc, alignment.shift);
        let tail = armor::end(Kind::Message, crc).into_bytes();
        Some(WrappedCopy { head, shared: Arc::clone(&alignment.lines), tail })
    }

    /// The armour of `rest`, which is `octets` without `first`.
    fn alignment(&self, octets: &[u8], first: &[u8], rest: &[u8]) -> Option<&Alignment> {
        let slot = self.alignments.get(first.len())?;
        Some(slot.get_or_init(|| {
            let mut lines = Vec::new();
            armor::lines(rest, &mut lines);
            let shift = crc24::shift(rest.len());
            // The body is summed once; what the first octets add to it is taken out again.
            let body = *self.body.get_or_init(|| crc24::update(0, octets));
            let crc = crc24::combine(crc24::update(0, first), body, shift);
            Alignment { lines: Arc::new(lines), crc, shift }
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(copy: &WrappedCopy) -> String {
        String::from_utf8(copy.slices().concat()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_shared_armor_is_the_plain_one(
            prefix in prop::collection::vec(any::<u8>(), 0..600),
            body in prop::collection::vec(any::<u8>(), 2..3000),
        ) {
            let shared = SharedArmor::default();
            for prefix in [&prefix[..], &[&prefix[..], b"1"].concat(), &[&prefix[..], b"22"].concat()] {
                let copy = shared.behind(prefix.to_vec(), &body).unwrap();
                let whole = [prefix, &body].concat();
                let plain = String::from_utf8(armor::block(Kind::Message, &whole, &[])).unwrap();
                // Apart from one short line in the middle; the sum at the end included.
                prop_assert_eq!(text(&copy).replace("\r\n", ""), plain.replace("\r\n", ""));
                prop_assert_eq!(armor::read(Kind::Message, text(&copy).as_bytes()).unwrap().octets, whole);
                let behind_padding = text(&copy).split_once('=').unwrap().1.len();
                prop_assert!(behind_padding < 50, "padding amid the block");
            }
            prop_assert!(shared.alignments.iter().all(|slot| slot.get().is_some()));
        }
    }
}
