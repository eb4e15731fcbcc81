// SPDX-License-Identifier: GPL-3.0-or-later
//! The one key of a site, under which all its secrets lie.
//!
//! It is itself kept sealed under a passphrase, opened at start, and never leaves the process. From it
//! follow, each by a purpose of its own: the key that seals other secrets, the key of bounce tokens,
//! and whatever else asks for one by [`SiteKey::derive`].

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use openssl::{
    md::Md,
    pkey::Id,
    pkey_ctx::PkeyCtx,
    rand::{rand_bytes, rand_priv_bytes},
    symm::{Cipher, Crypter, Mode, decrypt_aead, encrypt_aead},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{CryptoError, WrongPassphrase};

const KEY: usize = 32;
const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
/// What the sealed site key begins with: its name and the number of its form.
const MAGIC: &[u8; 12] = b"chancery-sk1";
/// The number of the form in which secrets are sealed.
const SECRET_FORM: u8 = 1;
/// More than this is not spent on opening, whatever a damaged file says: 4 GiB, 64 passes.
const MOST_MEMORY_KIB: u32 = 4 << 20;
const MOST_PASSES: u32 = 64;
/// The digits of a bounce token: the alphabet of RFC 4648, section 6, in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The key of a site. Zeroized on drop; `Debug` prints its name only.
pub struct SiteKey(Zeroizing<[u8; KEY]>);

/// What guessing a passphrase costs (Argon2id, RFC 9106). It is stored with the sealed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// The memory of one guess, in KiB.
    pub memory_kib: u32,
    /// How often it is gone over.
    pub passes: u32,
}

impl Default for PassphraseCost {
    /// The second recommendation of RFC 9106, section 4: 64 MiB, three passes (and one lane: the
    /// server opens it once, at start).
    fn default() -> Self {
        Self { memory_kib: 64 << 10, passes: 3 }
    }
}

impl PassphraseCost {
    /// Next to nothing: for tests alone.
    pub fn cheap() -> Self {
        Self { memory_kib: 64, passes: 1 }
    }
}

impl SiteKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, CryptoError> {
        let mut key = Zeroizing::new([0; KEY]);
        rand_priv_bytes(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// Seals it under a passphrase: magic, cost, salt, nonce, ciphertext, tag. All but the ciphertext
    /// is in clear and authenticated.
    ///
    /// # Errors
    /// When the cost cannot be had, or the system has no randomness.
    pub fn seal_with_passphrase(
        &self,
        passphrase: &[u8],
        cost: PassphraseCost,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut salt = [0; SALT];
        rand_bytes(&mut salt)?;
        let mut nonce = [0; NONCE];
        rand_bytes(&mut nonce)?;
        let mut out = MAGIC.to_vec();
        out.extend(cost.memory_kib.to_be_bytes());
        out.extend(cost.passes.to_be_bytes());
        out.extend(salt);
        let key = stretched(passphrase, &salt, cost)
            .ok_or(CryptoError::Impossible("such a cost of a passphrase"))?;
        let mut tag = [0; TAG];
        let sealed = encrypt_aead(
            Cipher::aes_256_gcm(),
            key.as_slice(),
            Some(&nonce),
            &out,
            self.0.as_slice(),
            &mut tag,
        )?;
        out.extend(nonce);
        out.extend(sealed);
        out.extend(tag);
        Ok(out)
    }

    /// Opens what [`SiteKey::seal_with_passphrase`] sealed.
    ///
    /// # Errors
    /// [`WrongPassphrase`] for every reason: a damaged file cannot be told from a wrong passphrase.
    pub fn open_with_passphrase(sealed: &[u8], passphrase: &[u8]) -> Result<Self, WrongPassphrase> {
        Self::opened(sealed, passphrase).ok_or(WrongPassphrase)
    }

    fn opened(sealed: &[u8], passphrase: &[u8]) -> Option<Self> {
        let (header, rest) = sealed.split_at_checked(MAGIC.len() + 8 + SALT)?;
        let fields = header.strip_prefix(MAGIC)?;
        let (memory, fields) = fields.split_first_chunk()?;
        let (passes, salt) = fields.split_first_chunk()?;
        let cost =
            PassphraseCost { memory_kib: u32::from_be_bytes(*memory), passes: u32::from_be_bytes(*passes) };
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
        let key = stretched(passphrase, salt, cost)?;
        let plain = decrypt_aead(Cipher::aes_256_gcm(), key.as_slice(), Some(nonce), header, ciphertext, tag);
        let plain = Zeroizing::new(plain.ok()?);
        let mut key = Zeroizing::new([0; KEY]);
        key.as_slice().len().eq(&plain.len()).then(|| key.copy_from_slice(&plain))?;
        Some(Self(key))
    }

    /// Seals a secret. `context` says what it is (`"list 7, storage key"`); it is not stored, and only
    /// who says the same can open it, so that sealed secrets cannot be exchanged for one another.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal_secret(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE];
        rand_bytes(&mut nonce)?;
        let mut tag = [0; TAG];
        let key = self.derive("seal secrets")?;
        let sealed = encrypt_aead(
            Cipher::aes_256_gcm(),
            key.as_slice(),
            Some(&nonce),
            context.as_bytes(),
            secret,
            &mut tag,
        )?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len() + TAG);
        out.push(SECRET_FORM);
        out.extend(nonce);
        out.extend(sealed);
        out.extend(tag);
        Ok(out)
    }

    /// Opens what [`SiteKey::seal_secret`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] when it is damaged, of another site, or of another context.
    pub fn open_secret(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        const DAMAGED: CryptoError = CryptoError::Malformed("a secret under the site key");
        let rest = sealed.strip_prefix(&[SECRET_FORM]).ok_or(DAMAGED)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(DAMAGED)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(DAMAGED)?;
        let key = self.derive("seal secrets")?;
        decrypt_aead(Cipher::aes_256_gcm(), key.as_slice(), Some(nonce), context.as_bytes(), ciphertext, tag)
            .map(Zeroizing::new)
            .map_err(|_| DAMAGED)
    }

    /// A key for a purpose (HKDF-SHA256, RFC 5869): different purposes, unrelated keys.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; KEY]>, CryptoError> {
        let mut out = Zeroizing::new([0; KEY]);
        let mut context = PkeyCtx::new_id(Id::HKDF)?;
        context.derive_init()?;
        context.set_hkdf_md(Md::sha256())?;
        context.set_hkdf_key(self.0.as_slice())?;
        context.add_hkdf_info(b"chancery: ")?;
        context.add_hkdf_info(purpose.as_bytes())?;
        context.derive(Some(out.as_mut_slice()))?;
        Ok(out)
    }

    /// The token in the return path of one delivery: 26 lower-case letters and digits. Nobody else can
    /// make one, or read from it which list or delivery it is of, or whether two are of the same list.
    ///
    /// Ids are those of the store: positive, the list's below 2^32, the delivery's below 2^48. A token
    /// of others is well-formed and reads as `None`.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn bounce_token(&self, list_id: i64, delivery_id: i64) -> Result<String, CryptoError> {
        let mut block = Zeroizing::new([0xFF; 16]);
        if let (Ok(list), Ok(delivery)) = (u32::try_from(list_id), u64::try_from(delivery_id))
            && let [0, 0, delivery @ ..] = delivery.to_be_bytes()
        {
            // Six octets of zeros: a made-up token passes once in 2^48.
            let octets = list.to_be_bytes().into_iter().chain(delivery).chain([0; 6]);
            block.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet);
        }
        let sealed = self.one_block(Mode::Encrypt, &block)?;
        let number = u128::from_be_bytes(sealed);
        Ok((0..26)
            .rev()
            .filter_map(|place| {
                DIGITS.get(usize::try_from((number >> (place * 5)) & 31).unwrap_or_default()).copied()
            })
            .map(char::from)
            .collect())
    }

    /// Reads a token, whatever its case: list id, delivery id. `None` when this site never made it.
    pub fn read_bounce_token(&self, token: &str) -> Option<(i64, i64)> {
        if token.len() != 26 {
            return None;
        }
        let number = token.bytes().try_fold(0u128, |number, digit| {
            let value = DIGITS.iter().position(|known| *known == digit.to_ascii_lowercase())?;
            // The two highest of 130 bits are zero: one token has one writing.
            number.checked_mul(32)?.checked_add(u128::try_from(value).ok()?)
        })?;
        let block = self.one_block(Mode::Decrypt, &number.to_be_bytes()).ok()?;
        let (list, rest) = block.split_first_chunk()?;
        let (delivery, redundancy) = rest.split_at_checked(6)?;
        if redundancy != [0; 6] {
            return None;
        }
        let delivery = delivery.iter().fold(0i64, |number, octet| (number << 8) | i64::from(*octet));
        Some((i64::from(u32::from_be_bytes(*list)), delivery))
    }

    /// AES-256 on a single block: as a permutation under a key of its own.
    fn one_block(&self, mode: Mode, block: &[u8; 16]) -> Result<[u8; 16], CryptoError> {
        let key = self.derive("bounce tokens")?;
        let mut crypter = Crypter::new(Cipher::aes_256_ecb(), mode, key.as_slice(), None)?;
        crypter.pad(false);
        let mut out = Zeroizing::new([0; 32]);
        let written = crypter.update(block, out.as_mut_slice())?;
        out.split_first_chunk()
            .filter(|_| written == 16)
            .map(|(block, _)| *block)
            .ok_or_else(|| CryptoError::Library("AES of one block".to_owned()))
    }
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteKey")
    }
}

/// The key that follows from a passphrase.
fn stretched(passphrase: &[u8], salt: &[u8], cost: PassphraseCost) -> Option<Zeroizing<[u8; KEY]>> {
    if cost.memory_kib > MOST_MEMORY_KIB || cost.passes > MOST_PASSES {
        return None;
    }
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(KEY)).ok()?;
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(params.block_count()).ok()?;
    blocks.resize(params.block_count(), argon2::Block::default());
    let mut key = Zeroizing::new([0; KEY]);
    let result = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        passphrase,
        salt,
        key.as_mut_slice(),
        &mut blocks,
    );
    blocks.iter_mut().for_each(Zeroize::zeroize);
    result.ok().map(|()| key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_passphrase_opens_it_and_no_other_does() {
        let key = SiteKey::generate().unwrap();
        let sealed = key.seal_with_passphrase(b"correct horse", PassphraseCost::cheap()).unwrap();
        let again = SiteKey::open_with_passphrase(&sealed, b"correct horse").unwrap();
        assert_eq!(*again.0, *key.0);
        assert_eq!(SiteKey::open_with_passphrase(&sealed, b"wrong").unwrap_err(), WrongPassphrase);
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(SiteKey::open_with_passphrase(&damaged, b"correct horse").is_err(), "octet {place}");
        }
        for length in 0..sealed.len() {
            assert!(SiteKey::open_with_passphrase(&sealed[..length], b"correct horse").is_err());
        }
    }

    #[test]
    fn a_secret_opens_in_its_own_context_alone() {
        let key = SiteKey::generate().unwrap();
        let sealed = key.seal_secret("list 1", b"secret").unwrap();
        assert_eq!(key.open_secret("list 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open_secret("list 2", &sealed).is_err());
        assert!(SiteKey::generate().unwrap().open_secret("list 1", &sealed).is_err());
        assert_ne!(key.seal_secret("list 1", b"secret").unwrap(), sealed);
    }

    #[test]
    fn purposes_have_different_keys() {
        let key = SiteKey::generate().unwrap();
        assert_ne!(*key.derive("one").unwrap(), *key.derive("two").unwrap());
        assert_eq!(*key.derive("one").unwrap(), *key.derive("one").unwrap());
    }

    #[test]
    fn ids_that_do_not_fit_make_a_token_that_nobody_reads() {
        let key = SiteKey::generate().unwrap();
        for (list, delivery) in [(-1, 1), (1, -1), (1 << 32, 1), (1, 1 << 48)] {
            let token = key.bounce_token(list, delivery).unwrap();
            assert_eq!(token.len(), 26);
            assert_eq!(key.read_bounce_token(&token), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_token_reads_back_in_any_case_and_a_changed_one_does_not(
            list in 0i64..1 << 32, delivery in 0i64..1 << 48, place in 0usize..26, by in 1u8..32,
        ) {
            let key = SiteKey(Zeroizing::new([7; KEY]));
            let token = key.bounce_token(list, delivery).unwrap();
            prop_assert_eq!(token.len(), 26);
            prop_assert_eq!(key.read_bounce_token(&token), Some((list, delivery)));
            prop_assert_eq!(key.read_bounce_token(&token.to_uppercase()), Some((list, delivery)));
            let mut forged = token.clone().into_bytes();
            let digit = DIGITS.iter().position(|d| *d == forged[place]).unwrap();
            forged[place] = DIGITS[(digit + usize::from(by)) % 32];
            prop_assert_eq!(key.read_bounce_token(std::str::from_utf8(&forged).unwrap()), None);
        }

        #[test]
        fn any_text_can_be_read_as_a_token(text in ".{0,40}") {
            let _ = SiteKey(Zeroizing::new([7; KEY])).read_bounce_token(&text);
        }
    }
}
