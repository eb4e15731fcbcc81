// SPDX-License-Identifier: GPL-3.0-or-later
//! Away for the disk and back: whatever is kept is an OpenPGP message to a storage key, which any
//! OpenPGP program can open for whoever has that key, with or without this server.
//!
//! The public half is enough to put something away, so the process that takes mail in holds no
//! secret. The storage key is named in clear: it is the site's own, and naming it saves a trial.

use zeroize::Zeroizing;

use super::certificate::{Certificate, newest_self_signature};
use super::decrypt;
use super::holder::{KeyHolder, WrappedSessionKey};
use super::key_state::{Purpose, UsableKey, usable_key};
use super::recipient::{RecipientKey, RecipientKeyId};
use super::seal::{BodyFormat, SealedBody, encrypt};
use super::session_key::SessionKey;
use super::session_key_packet;
use crate::CryptoError;

/// Encrypts any octets to the storage key: AES-256 with integrity protection, not signed, not
/// compressed.
///
/// # Errors
/// [`CryptoError::Unusable`] when the certificate has no encryption key, or it is revoked. That it
/// has expired meanwhile does not matter.
pub fn deposit(octets: &[u8], storage: &Certificate) -> Result<Vec<u8>, CryptoError> {
    let key = RecipientKey::of(&storage_key(storage)?);
    let session_key = SessionKey::generate()?;
    let mut out = session_key_packet::write(&session_key, &key, RecipientKeyId::Shown)?;
    encrypt(octets, None, &session_key, key.format(), &mut out)?;
    Ok(out)
}

/// Opens what [`deposit`] made. Nothing is given out before its integrity is proved.
///
/// # Errors
/// [`CryptoError::NoKey`] when the holder has not its key, [`CryptoError::Malformed`] when it is
/// damaged.
pub fn withdraw(sealed: &[u8], holder: &dyn KeyHolder) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    decrypt::decrypt(sealed, holder, None).map(|opened| opened.literal).map_err(|failure| match failure {
        decrypt::Failure::NoKey => CryptoError::NoKey,
        other => CryptoError::Malformed(other.in_words()),
    })
}

impl SealedBody {
    /// The body for the disk: its session key wrapped to the storage key, then the body as it is.
    /// Nothing is encrypted again.
    ///
    /// # Errors
    /// As [`deposit`].
    pub fn deposit(&self, session_key: &SessionKey, storage: &Certificate) -> Result<Vec<u8>, CryptoError> {
        // By the body's format, whatever the version of the storage key.
        let key = storage_key(storage)?.key;
        let mut out =
            session_key_packet::by_library(session_key, &key, self.format(), RecipientKeyId::Shown)?;
        out.extend_from_slice(self.octets());
        Ok(out)
    }

    /// Takes back what [`SealedBody::deposit`] put away. The content is not decrypted.
    ///
    /// # Errors
    /// [`CryptoError::NoKey`] when the holder has not its key, [`CryptoError::Malformed`] when it is
    /// damaged.
    pub fn withdraw(octets: &[u8], holder: &dyn KeyHolder) -> Result<(Self, SessionKey), CryptoError> {
        const DAMAGED: CryptoError = CryptoError::Malformed("a sealed body");
        let (packet, body) = first_packet(octets).ok_or(DAMAGED)?;
        let format = match session_key_packet::version(packet).ok_or(DAMAGED)? {
            3 => BodyFormat::SeipdV1,
            6 => BodyFormat::SeipdV2,
            _ => return Err(DAMAGED),
        };
        // AES-256, with which we seal all bodies.
        let wrapped = WrappedSessionKey { packet, cipher: (format == BodyFormat::SeipdV2).then_some(9) };
        let found = holder.unwrap_session_key(&wrapped).found.into_iter().next().ok_or(CryptoError::NoKey)?;
        let session_key = SessionKey::from_octets(&found.session_key)?;
        Ok((Self::new(format, body.to_vec()), session_key))
    }
}

fn storage_key(storage: &Certificate) -> Result<UsableKey, CryptoError> {
    let moment = newest_self_signature(storage.cert());
    usable_key(storage.cert(), Purpose::Encryption, moment).map_err(CryptoError::Unusable)
}

/// Splits off the first packet, of type 1 in the current format with a definite length, with its
/// header.
fn first_packet(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match octets {
        [0xC1, length @ 0..=191, ..] => 2 + usize::from(*length),
        [0xC1, high @ 192..=223, low, ..] => 3 + ((usize::from(*high) - 192) << 8) + usize::from(*low) + 192,
        [0xC1, 0xFF, a, b, c, d, ..] => {
            6usize.checked_add(usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?)?
        }
        _ => return None,
    };
    octets.split_at_checked(length)
}
