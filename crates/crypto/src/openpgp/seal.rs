// SPDX-License-Identifier: GPL-3.0-or-later
//! Signs and encrypts a post once, for all its readers.
//!
//! The result is the encrypted packet alone, without anybody's session key packet: who reads it is
//! written in front of it later, one copy at a time ([`SealedBody::wrap`]), or for the disk
//! ([`SealedBody::deposit`]).

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chancery_mail::{Cleartext, Entity, Instant};
use sequoia_openpgp::{
    serialize::stream::{Encryptor, LiteralWriter, Message, Signer},
    types::{AEADAlgorithm, DataFormat, SymmetricAlgorithm},
};

use super::holder::{HolderSigner, KeyHolder};
use super::key_state;
use super::session_key::SessionKey;
use super::wrap::SharedArmor;
use crate::CryptoError;

/// The two ways of encrypting content. A message cannot mix them, so a post to both kinds of readers
/// is sealed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// CFB with a SHA-1 modification detection (RFC 9580, section 5.13.1): what all v4 keys read.
    SeipdV1,
    /// OCB (RFC 9580, section 5.13.2), for v6 keys.
    SeipdV2,
}

impl BodyFormat {
    /// The word in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SeipdV1 => "seipd_v1",
            Self::SeipdV2 => "seipd_v2",
        }
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::SeipdV1, Self::SeipdV2].into_iter().find(|format| format.as_str() == word)
    }
}

/// A post, signed by the list and encrypted with one session key. Cheap to clone.
#[derive(Clone)]
pub struct SealedBody(Arc<Inner>);

struct Inner {
    format: BodyFormat,
    octets: Vec<u8>,
    armor: SharedArmor,
}

impl SealedBody {
    pub(super) fn new(format: BodyFormat, octets: Vec<u8>) -> Self {
        Self(Arc::new(Inner { format, octets, armor: SharedArmor::default() }))
    }

    /// How it is encrypted.
    pub fn format(&self) -> BodyFormat {
        self.0.format
    }

    /// The encrypted packet.
    pub(super) fn octets(&self) -> &[u8] {
        &self.0.octets
    }

    pub(super) fn armor(&self) -> &SharedArmor {
        &self.0.armor
    }
}

impl fmt::Debug for SealedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBody({}, {} octets)", self.format().as_str(), self.octets().len())
    }
}

/// Signs with the holder's signing key as of `now` and encrypts under a fresh session key.
///
/// Nothing is compressed: the length of compressed text tells about its content.
///
/// # Errors
/// [`CryptoError::Unusable`] when the holder's key cannot sign now.
pub fn seal(
    content: &Entity<Cleartext>,
    signer: &dyn KeyHolder,
    format: BodyFormat,
    now: Instant,
) -> Result<(SealedBody, SessionKey), CryptoError> {
    let session_key = SessionKey::generate()?;
    let mut out = Vec::new();
    let signer = HolderSigner::of(signer, now)?;
    encrypt(content.lend(), Some((signer, now)), &session_key, format, &mut out)?;
    Ok((SealedBody::new(format, out), session_key))
}

/// Appends the encrypted packet to `out`.
pub(super) fn encrypt(
    content: &[u8],
    signer: Option<(HolderSigner<'_>, Instant)>,
    session_key: &SessionKey,
    format: BodyFormat,
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    // Partial lengths and AEAD tags add less than a hundredth; signature and headers less than 4 KiB.
    out.reserve(content.len().saturating_add(content.len() / 64).saturating_add(4096));
    let message = Message::new(&mut *out);
    let encryptor =
        Encryptor::with_session_key(message, SymmetricAlgorithm::AES256, session_key.to_library())
            .map_err(CryptoError::library)?;
    let mut message = match format {
        BodyFormat::SeipdV1 => encryptor,
        BodyFormat::SeipdV2 => encryptor.aead_algo(AEADAlgorithm::OCB),
    }
    .build()
    .map_err(CryptoError::library)?;
    if let Some((signer, now)) = signer {
        message = Signer::new(message, signer)
            .and_then(|signer| signer.creation_time(key_state::system_time(now)).build())
            .map_err(CryptoError::library)?;
    }
    let mut literal =
        LiteralWriter::new(message).format(DataFormat::Binary).build().map_err(CryptoError::library)?;
    literal.write_all(content).map_err(CryptoError::library)?;
    literal.finalize().map_err(CryptoError::library)
}
