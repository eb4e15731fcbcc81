// SPDX-License-Identifier: GPL-3.0-or-later
//! The joint behind which secret keys live.
//!
//! A [`KeyHolder`] does two things with them: it opens a session key and signs a digest. Today they
//! are in memory ([`Keyring`]); they can move into a process of their own or a token without any
//! caller changing, since only plain octets pass here.

use std::fmt;

use chancery_mail::{Fingerprint, Instant};
use sequoia_openpgp::{
    Packet,
    crypto::{KeyPair as LibraryKeyPair, Signer, mpi},
    packet::PKESK,
    parse::Parse,
    serialize::MarshalInto,
    types::{HashAlgorithm, SymmetricAlgorithm},
};
use zeroize::Zeroizing;

use super::certificate::{Certificate, fingerprint};
use super::key_pair::KeyPair;
use super::key_state::{PublicKey, Purpose, usable_key};
use crate::CryptoError;

/// How many keys are tried on a packet that does not say for which key it is.
const MOST_TRIALS: usize = 4;

/// Who holds secret keys and uses them on request.
///
/// An implementer may assume that callers bound how often they ask per message. It must treat the
/// packets as hostile, and must not tell outsiders why one did not open.
pub trait KeyHolder: Send + Sync {
    /// The certificate of the key that signs.
    fn certificate(&self) -> Certificate;

    /// Opens a session key packet (RFC 9580, section 5.1) with every key that it could be for: the
    /// one it names, or, if it names none, at most four. Mostly there is one result or none; rarely a
    /// wrong key seems to fit, so all are given, and the integrity of the body decides.
    fn unwrap_session_key(&self, wrapped: &WrappedSessionKey<'_>) -> Unwrapped;

    /// Signs a digest. The result are the algorithm's own fields as a signature packet holds them
    /// (RFC 9580, section 5.2.3).
    ///
    /// # Errors
    /// When there is no such key, or it cannot sign.
    fn sign(&self, digest: &DigestToSign<'_>) -> Result<Vec<u8>, CryptoError>;
}

/// A session key as it came.
#[derive(Clone, Copy)]
pub struct WrappedSessionKey<'a> {
    /// The packet with its header.
    pub packet: &'a [u8],
    /// The cipher's number (RFC 9580, section 9.3), if the encrypted body says it.
    pub cipher: Option<u8>,
}

/// What trying a session key packet gave.
#[derive(Debug, Default)]
pub struct Unwrapped {
    /// How many keys were tried: what the packet cost.
    pub tried: usize,
    /// What they opened.
    pub found: Vec<UnwrappedSessionKey>,
}

/// A session key that was opened.
pub struct UnwrappedSessionKey {
    /// The cipher's number, from the packet or the body.
    pub cipher: Option<u8>,
    /// The key.
    pub session_key: Zeroizing<Vec<u8>>,
    /// The primary key of the certificate with which it was opened.
    pub certificate: Fingerprint,
}

impl fmt::Debug for UnwrappedSessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnwrappedSessionKey(by {})", self.certificate)
    }
}

/// What is to be signed.
#[derive(Clone, Debug)]
pub struct DigestToSign<'a> {
    /// The fingerprint of the key itself: primary or subkey.
    pub key: Fingerprint,
    /// The hash algorithm's number (RFC 9580, section 9.5).
    pub hash_algorithm: u8,
    /// The digest.
    pub digest: &'a [u8],
}

/// Keys in the memory of this process.
pub struct Keyring {
    certificate: Certificate,
    decryption: Vec<Secret>,
    signing: Vec<Secret>,
}

/// One secret key and whose it is.
struct Secret {
    pair: LibraryKeyPair,
    certificate: Fingerprint,
}

impl Keyring {
    /// A holder that signs with the first key and opens with all of them: the list's older keys stay
    /// in use for opening for a while.
    pub fn new(signing: KeyPair, also_open: Vec<KeyPair>) -> Self {
        let mut keyring = Self {
            certificate: signing.certificate(),
            decryption: Vec::new(),
            signing: secrets(&signing, Purpose::Signing),
        };
        for pair in std::iter::once(&signing).chain(&also_open) {
            keyring.decryption.extend(secrets(pair, Purpose::Encryption));
        }
        keyring
    }
}

fn secrets(pair: &KeyPair, purpose: Purpose) -> Vec<Secret> {
    let certificate = fingerprint(&pair.cert().fingerprint());
    pair.secrets(purpose).into_iter().map(|pair| Secret { pair, certificate: certificate.clone() }).collect()
}

impl KeyHolder for Keyring {
    fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }

    fn unwrap_session_key(&self, wrapped: &WrappedSessionKey<'_>) -> Unwrapped {
        let mut unwrapped = Unwrapped::default();
        let Ok(Packet::PKESK(packet)) = Packet::from_bytes(wrapped.packet) else {
            return unwrapped;
        };
        let named = packet.recipient();
        let fitting = self
            .decryption
            .iter()
            .filter(|secret| secret.pair.public().pk_algo() == packet.pk_algo())
            .filter(|secret| {
                named.as_ref().is_none_or(|named| secret.pair.public().key_handle().aliases(named))
            });
        for secret in fitting.take(MOST_TRIALS) {
            unwrapped.tried += 1;
            unwrapped.found.extend(secret.unwrap(&packet, wrapped.cipher));
        }
        unwrapped
    }

    fn sign(&self, order: &DigestToSign<'_>) -> Result<Vec<u8>, CryptoError> {
        let secret = self
            .signing
            .iter()
            .find(|secret| fingerprint(&secret.pair.public().fingerprint()) == order.key)
            .ok_or(CryptoError::NoKey)?;
        let signature = secret
            .pair
            .clone()
            .sign(HashAlgorithm::from(order.hash_algorithm), order.digest)
            .map_err(CryptoError::library)?;
        signature.to_vec().map_err(CryptoError::library)
    }
}

impl Secret {
    fn unwrap(&self, packet: &PKESK, cipher: Option<u8>) -> Option<UnwrappedSessionKey> {
        // Every failure is the same `None`: what went wrong inside would help an attacker to open a
        // session key by asking often enough (RFC 9580, section 13.4).
        let mut pair = self.pair.clone();
        let (found, key) = packet.decrypt(&mut pair, cipher.map(SymmetricAlgorithm::from))?;
        Some(UnwrappedSessionKey {
            cipher: found.map(u8::from).or(cipher),
            session_key: Zeroizing::new(key.to_vec()),
            certificate: self.certificate.clone(),
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({}, {} that open)", self.certificate.fingerprint(), self.decryption.len())
    }
}

/// A holder as the library's streaming signer wants it.
pub(super) struct HolderSigner<'a> {
    key: PublicKey,
    holder: &'a dyn KeyHolder,
}

impl<'a> HolderSigner<'a> {
    /// With the key of the holder's certificate that signs as of `now`.
    pub(super) fn of(holder: &'a dyn KeyHolder, now: Instant) -> Result<Self, CryptoError> {
        let usable =
            usable_key(holder.certificate().cert(), Purpose::Signing, now).map_err(CryptoError::Unusable)?;
        Ok(Self { key: usable.key, holder })
    }
}

impl Signer for HolderSigner<'_> {
    fn public(&self) -> &PublicKey {
        &self.key
    }

    fn sign(
        &mut self,
        hash_algorithm: HashAlgorithm,
        digest: &[u8],
    ) -> sequoia_openpgp::Result<mpi::Signature> {
        let order = DigestToSign {
            key: fingerprint(&self.key.fingerprint()),
            hash_algorithm: hash_algorithm.into(),
            digest,
        };
        let octets = self.holder.sign(&order)?;
        mpi::Signature::parse(self.key.pk_algo(), std::io::Cursor::new(octets))
    }
}
