// SPDX-License-Identifier: GPL-3.0-or-later
//! A secret key with its certificate: made, read, extended, revoked.
//!
//! The one who stores it seals [`KeyPair::octets`] first ([`SiteKey`](crate::SiteKey)).

use std::fmt;
use std::time::Duration;

use chancery_mail::{Address, Instant};
use sequoia_openpgp::{
    Cert, Packet, Profile,
    cert::{CertBuilder, CertParser, CertRevocationBuilder, CipherSuite, amalgamation::key::PrimaryKey},
    crypto::{KeyPair as LibraryKeyPair, Password},
    packet::{Signature, UserID, signature::SignatureBuilder, signature::subpacket::SubpacketTag},
    parse::Parse,
    serialize::{Serialize, SerializeInto},
    types::{Features, KeyFlags, ReasonForRevocation},
};
use zeroize::Zeroizing;

use super::armor::{self, Kind};
use super::certificate::{Certificate, MOST_OCTETS};
use super::key_state::{self, Purpose};
use crate::{CryptoError, KeyPairError};

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The address in its user ID. Programs show a signature as bad when the From is not this.
    pub address: Address,
    /// The name before the address; may be empty.
    pub name: String,
    /// Of which kind.
    pub algorithm: KeyAlgorithm,
    /// How long it lasts; `None` for a key that never ends.
    pub lifetime: Option<Duration>,
}

/// The kinds of keys that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KeyAlgorithm {
    /// A v4 key, Ed25519 and Cv25519: read by all programs in use, and the fastest.
    #[default]
    Ed25519V4,
    /// A v6 key (RFC 9580), Ed25519 and X25519: for lists whose members all have new programs.
    Ed25519V6,
    /// A v4 key, RSA with 3072 bits.
    Rsa3072,
    /// A v4 key, RSA with 4096 bits.
    Rsa4096,
    /// A v4 key over the NIST curve P-256.
    NistP256,
}

impl KeyAlgorithm {
    fn suite(self) -> (CipherSuite, Profile) {
        match self {
            Self::Ed25519V4 => (CipherSuite::Cv25519, Profile::RFC4880),
            Self::Ed25519V6 => (CipherSuite::Cv25519, Profile::RFC9580),
            Self::Rsa3072 => (CipherSuite::RSA3k, Profile::RFC4880),
            Self::Rsa4096 => (CipherSuite::RSA4k, Profile::RFC4880),
            Self::NistP256 => (CipherSuite::P256, Profile::RFC4880),
        }
    }
}

/// An armoured revocation certificate, made together with the key: whoever publishes it ends the key,
/// even when the secret is lost. Kept sealed.
#[derive(Clone)]
pub struct RevocationCertificate(pub Vec<u8>);

impl fmt::Debug for RevocationCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevocationCertificate")
    }
}

/// Why a key is revoked (RFC 9580, section 5.2.3.31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// Another key takes its place; what it signed before stays good.
    Superseded,
    /// Somebody else may have it: nothing that it ever signed can be trusted.
    Compromised,
    /// It is not used any more; what it signed before stays good.
    Retired,
}

impl RevocationReason {
    fn code(self) -> ReasonForRevocation {
        match self {
            Self::Superseded => ReasonForRevocation::KeySuperseded,
            Self::Compromised => ReasonForRevocation::KeyCompromised,
            Self::Retired => ReasonForRevocation::KeyRetired,
        }
    }
}

/// A secret key and its certificate. The secret parts are zeroized on drop; `Debug` prints the
/// fingerprint.
#[derive(Clone)]
pub struct KeyPair(Cert);

impl KeyPair {
    /// Makes a key: a primary key that certifies and signs, and a subkey for encryption.
    ///
    /// # Errors
    /// When the name cannot stand in a user ID, or the library cannot make such a key.
    pub fn generate(new: &NewKey, now: Instant) -> Result<(Self, RevocationCertificate), CryptoError> {
        let (suite, profile) = new.algorithm.suite();
        let mut features = Features::empty().set_seipdv1();
        if profile == Profile::RFC9580 {
            // Only v6 keys ask for the new format: programs that know it would use it for v4 keys too,
            // and then nobody with an older program could open the copies in their "sent" folder.
            features = features.set_seipdv2();
        }
        let encryption = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
        let builder = CertBuilder::new()
            .set_profile(profile)
            .and_then(|builder| builder.set_features(features))
            .map_err(CryptoError::library)?
            .set_cipher_suite(suite)
            .set_creation_time(key_state::system_time(now))
            .set_validity_period(new.lifetime)
            .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
            .add_userid(user_id(new)?)
            .add_subkey(encryption, None, None);
        let (cert, revocation) = builder.generate().map_err(CryptoError::library)?;
        let packet = Packet::from(revocation).to_vec().map_err(CryptoError::library)?;
        let comments = [
            "This is a revocation certificate: it ends the key whose fingerprint is",
            &cert.fingerprint().to_hex(),
        ];
        let armored = armor::block(Kind::PublicKey, &packet, &comments);
        Ok((Self(cert), RevocationCertificate(armored)))
    }

    /// Reads exactly one secret key, armoured or binary, and unlocks it.
    ///
    /// # Errors
    /// When it is something else, incomplete, or the passphrase does not open it.
    pub fn parse(octets: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyPairError> {
        if octets.len() > MOST_OCTETS {
            return Err(KeyPairError::TooBig);
        }
        let certs: Vec<Cert> =
            CertParser::from_bytes(octets).and_then(Iterator::collect).map_err(|_| KeyPairError::NotAKey)?;
        let several = certs.len();
        let mut certs = certs.into_iter();
        let cert = match (certs.next(), certs.next()) {
            (Some(cert), None) => cert,
            (Some(_), Some(_)) => return Err(KeyPairError::Several(several)),
            (None, _) => return Err(KeyPairError::NotAKey),
        };
        if !cert.is_tsk() {
            return Err(KeyPairError::PublicOnly);
        }
        unlocked(cert, passphrase).map(Self)
    }

    /// The secret key in binary, unlocked: to be sealed at once.
    pub fn octets(&self) -> Zeroizing<Vec<u8>> {
        let key = self.0.as_tsk();
        // Exactly as long as needed: a vector that grows leaves secrets behind.
        let mut out = Zeroizing::new(Vec::with_capacity(key.serialized_len()));
        // Writing what was parsed into memory cannot fail.
        key.serialize(&mut *out).unwrap_or_default();
        out
    }

    /// The public half.
    pub fn certificate(&self) -> Certificate {
        Certificate::of(self.0.clone())
    }

    /// The same key with a new end for itself and for every subkey that has one.
    ///
    /// # Errors
    /// When the end lies before the key's beginning, or the key cannot sign for itself.
    pub fn extend(&self, until: Instant, now: Instant) -> Result<Self, CryptoError> {
        let cert = &self.0;
        let mut signer = self.primary()?;
        let primary = cert.primary_key().key();
        let time = key_state::system_time(now);
        let lasts = |made| {
            key_state::system_time(until)
                .duration_since(made)
                .ok()
                .filter(|span| !span.is_zero())
                .ok_or(CryptoError::Impossible("an end before the key's beginning"))
        };
        let lifetime = lasts(primary.creation_time())?;
        let renewed = |signature: &Signature, lifetime| {
            SignatureBuilder::from(signature.clone())
                .set_signature_creation_time(time)
                .and_then(|builder| builder.set_key_validity_period(lifetime))
        };
        // Renewed are the signatures that are in force now; a key that has expired can be renewed too.
        let policy = key_state::policy(now);
        let valid = cert.with_policy(&policy, time).map_err(CryptoError::library)?;
        let mut signatures: Vec<Signature> = Vec::new();
        if let Ok(direct) = valid.direct_key_signature() {
            signatures.push(
                renewed(direct, lifetime)
                    .and_then(|builder| {
                        let mut builder = builder;
                        builder.hashed_area_mut().remove_all(SubpacketTag::PrimaryUserID);
                        builder.sign_direct_key(&mut signer, primary)
                    })
                    .map_err(CryptoError::library)?,
            );
        }
        for user in valid.userids().revoked(false) {
            signatures.push(
                renewed(user.binding_signature(), lifetime)
                    .and_then(|builder| builder.sign_userid_binding(&mut signer, primary, user.userid()))
                    .map_err(CryptoError::library)?,
            );
        }
        for subkey in valid.keys().subkeys().revoked(false) {
            // A subkey without an end of its own ends with the primary key. One that signs keeps the
            // counter-signature that is embedded in its binding.
            if subkey.binding_signature().key_validity_period().is_some() {
                let lifetime = lasts(subkey.key().creation_time())?;
                signatures.push(
                    renewed(subkey.binding_signature(), lifetime)
                        .and_then(|builder| {
                            builder.sign_subkey_binding(
                                &mut signer,
                                primary,
                                subkey.key().role_as_subordinate(),
                            )
                        })
                        .map_err(CryptoError::library)?,
                );
            }
        }
        self.with(signatures)
    }

    /// The same key, revoked. It goes on opening what was encrypted to it.
    ///
    /// # Errors
    /// When the key cannot sign for itself.
    pub fn revoke(&self, reason: RevocationReason, text: &str, now: Instant) -> Result<Self, CryptoError> {
        let mut signer = self.primary()?;
        let signature = CertRevocationBuilder::new()
            .set_signature_creation_time(key_state::system_time(now))
            .and_then(|builder| builder.set_reason_for_revocation(reason.code(), text.as_bytes()))
            .and_then(|builder| builder.build(&mut signer, &self.0, None))
            .map_err(CryptoError::library)?;
        self.with(vec![signature])
    }

    pub(super) fn cert(&self) -> &Cert {
        &self.0
    }

    /// The secret keys in it that are bound for a purpose, whether or not they are still in force: a
    /// key opens what was encrypted to it even when it has ended.
    pub(super) fn secrets(&self, purpose: Purpose) -> Vec<LibraryKeyPair> {
        self.0
            .keys()
            .secret()
            .filter(|key| {
                let flags: Vec<KeyFlags> =
                    key.self_signatures().filter_map(|signature| signature.key_flags()).collect();
                let primary_flags = key.primary().then(|| {
                    self.0
                        .userids()
                        .flat_map(|user| user.self_signatures())
                        .filter_map(|signature| signature.key_flags())
                });
                let mut flags = flags.into_iter().chain(primary_flags.into_iter().flatten()).peekable();
                let capable = match purpose {
                    Purpose::Encryption => key.key().pk_algo().for_encryption(),
                    Purpose::Signing => key.key().pk_algo().for_signing(),
                };
                // Very old keys say nothing of their purpose; then the algorithm does.
                capable && (flags.peek().is_none() || flags.any(|flags| purpose.fits(&flags)))
            })
            .filter_map(|key| key.key().clone().into_keypair().ok())
            .collect()
    }

    fn primary(&self) -> Result<LibraryKeyPair, CryptoError> {
        self.0
            .primary_key()
            .key()
            .clone()
            .parts_into_secret()
            .and_then(|key| key.into_keypair())
            .map_err(CryptoError::library)
    }

    fn with(&self, signatures: Vec<Signature>) -> Result<Self, CryptoError> {
        let (cert, _) = self.0.clone().insert_packets(signatures).map_err(CryptoError::library)?;
        Ok(Self(cert))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.0.fingerprint())
    }
}

/// `name <address>`, without what would make another address of it.
fn user_id(new: &NewKey) -> Result<UserID, CryptoError> {
    let name = new.name.trim();
    if name.chars().any(|c| c.is_control() || "<>()@".contains(c)) {
        return Err(CryptoError::Impossible("a name with '<', '>', '(', ')', '@' or control characters"));
    }
    Ok(if name.is_empty() {
        UserID::from(format!("<{}>", new.address))
    } else {
        UserID::from(format!("{name} <{}>", new.address))
    })
}

/// Every secret part unlocked.
fn unlocked(cert: Cert, passphrase: Option<&[u8]>) -> Result<Cert, KeyPairError> {
    let password = passphrase.map(Password::from);
    let mut packets: Vec<Packet> = Vec::new();
    for key in cert.keys() {
        let secret = key.key().clone().parts_into_secret().map_err(|_| KeyPairError::Incomplete)?;
        if secret.secret().is_encrypted() {
            let password = password.as_ref().ok_or(KeyPairError::PassphraseNeeded)?;
            let open = secret.decrypt_secret(password).map_err(|_| KeyPairError::WrongPassphrase)?;
            packets.push(if key.primary() {
                Packet::SecretKey(open.role_into_primary())
            } else {
                Packet::SecretSubkey(open.role_into_subordinate())
            });
        }
    }
    cert.insert_packets(packets).map(|(cert, _)| cert).map_err(|_| KeyPairError::NotAKey)
}
