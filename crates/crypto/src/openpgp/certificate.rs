// SPDX-License-Identifier: GPL-3.0-or-later
//! A certificate: the public half of somebody's key with everything that is said about it.
//!
//! It is parsed when a key is enrolled or refreshed; the way of a post to each reader needs only the
//! [`RecipientKey`] that was chosen then.

use std::fmt;
use std::sync::Arc;

use chancery_mail::{Address, Fingerprint, Instant, KeyFacts, KeyState};
use sequoia_openpgp::{
    Cert, Packet,
    cert::{CertParser, amalgamation::ValidAmalgamation},
    crypto::mpi,
    packet::{Key, key},
    parse::Parse,
    serialize::SerializeInto,
    types::{Curve, PublicKeyAlgorithm, RevocationStatus},
};

use super::armor::{self, Kind};
use super::key_state::{self, PublicKey, Purpose, usable_key};
use super::recipient::RecipientKey;
use crate::{CertificateError, CryptoError};

/// More than any certificate in honest use; parsing costs time for every signature in it.
pub(super) const MOST_OCTETS: usize = 1 << 20;

/// An OpenPGP certificate without any secret part. Cheap to clone; `Debug` prints the fingerprint.
#[derive(Clone)]
pub struct Certificate(Arc<Cert>);

impl Certificate {
    /// Reads exactly one certificate, armoured or binary.
    ///
    /// # Errors
    /// When it is something else, and what.
    pub fn parse(octets: &[u8]) -> Result<Self, CertificateError> {
        if octets.len() > MOST_OCTETS {
            return Err(CertificateError::TooBig);
        }
        let certs: Vec<Cert> = CertParser::from_bytes(octets)
            .and_then(Iterator::collect)
            .map_err(|_| CertificateError::NotACertificate)?;
        let several = certs.len();
        let mut certs = certs.into_iter();
        match (certs.next(), certs.next()) {
            (Some(cert), None) if cert.is_tsk() => Err(CertificateError::Secret),
            (Some(cert), None) => Ok(Self::of(cert)),
            (Some(_), Some(_)) => Err(CertificateError::Several(several)),
            (None, _) => Err(CertificateError::NotACertificate),
        }
    }

    /// Takes the library's certificate and leaves its secrets behind.
    pub(super) fn of(cert: Cert) -> Self {
        Self(Arc::new(cert.strip_secret_key_material()))
    }

    pub(super) fn cert(&self) -> &Cert {
        &self.0
    }

    /// The primary key's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.0.fingerprint())
    }

    /// The certificate in binary.
    pub fn octets(&self) -> Vec<u8> {
        // Writing what was parsed into memory cannot fail.
        self.0.to_vec().unwrap_or_default()
    }

    /// The certificate as people export it, with CRLF.
    pub fn armored(&self) -> String {
        String::from_utf8(armor::block(Kind::PublicKey, &self.octets(), &[])).unwrap_or_default()
    }

    /// The smallest form that a program can encrypt to and verify with, as Autocrypt (level 1,
    /// section 2.1) wants it in a mail header: the primary key, the one user ID with this address
    /// (the first one if none has it), one encryption subkey, the newest self-signature of each.
    /// A subkey that signs stays only if the primary key does not sign.
    pub fn minimal(&self, address: &Address) -> Vec<u8> {
        let cert = &*self.0;
        let moment = newest_self_signature(cert);
        let encryption = usable_key(cert, Purpose::Encryption, moment).map(|usable| usable.key.fingerprint());
        let signing = usable_key(cert, Purpose::Signing, moment).map(|usable| usable.key.fingerprint());
        let kept = [encryption.ok(), signing.ok().filter(|key| *key != cert.fingerprint())];
        let has_address =
            |user: &sequoia_openpgp::packet::UserID| address_of(user).is_some_and(|found| found == *address);
        let user = cert.userids().find(|user| has_address(user.userid())).or_else(|| cert.userids().next());

        let mut packets: Vec<Packet> = vec![cert.primary_key().key().clone().into()];
        let primary = cert.primary_key();
        packets.extend(primary.self_revocations().cloned().map(Packet::from));
        // A v4 key says all in the binding of its user ID; a v6 key in its direct signature
        // (RFC 9580, section 10.1.1).
        if cert.primary_key().key().version() != 4 || user.is_none() {
            packets.extend(primary.self_signatures().next().cloned().map(Packet::from));
        }
        if let Some(user) = user {
            packets.push(user.userid().clone().into());
            packets.extend(user.self_signatures().next().cloned().map(Packet::from));
        }
        for subkey in cert.keys().subkeys() {
            if kept.iter().flatten().any(|kept| *kept == subkey.key().fingerprint()) {
                packets.push(subkey.key().clone().into());
                packets.extend(subkey.self_signatures().next().cloned().map(Packet::from));
            }
        }
        let mut out = Vec::new();
        for packet in packets {
            out.extend(packet.to_vec().unwrap_or_default());
        }
        out
    }

    /// What is known of it at a moment, in plain values.
    pub fn facts(&self, now: Instant) -> KeyFacts {
        let cert = &*self.0;
        let policy = key_state::policy(now);
        let valid = cert.with_policy(&policy, key_state::system_time(now)).ok();
        let users: Vec<_> = valid
            .iter()
            .flat_map(|valid| valid.userids())
            .filter(|user| !matches!(user.revocation_status(), RevocationStatus::Revoked(_)))
            .map(|user| user.userid().clone())
            .collect();
        let mut addresses: Vec<Address> = Vec::new();
        for address in users.iter().filter_map(address_of) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let primary = cert.primary_key().key();
        KeyFacts {
            fingerprint: self.fingerprint(),
            version: primary.version(),
            algorithm: algorithm(primary),
            addresses,
            user_ids: users.iter().map(|user| String::from_utf8_lossy(user.value()).into_owned()).collect(),
            created: key_state::instant(primary.creation_time()),
            expires: valid
                .as_ref()
                .and_then(|valid| valid.primary_key().key_expiration_time())
                .map(key_state::instant),
            encryption: state(usable_key(cert, Purpose::Encryption, now)),
            signing: state(usable_key(cert, Purpose::Signing, now)),
        }
    }

    /// The key ids of every key in it that may sign, at any time: to find it when a signature names
    /// one. A key id is a hint and proves nothing. (For v4 the last eight octets of the fingerprint,
    /// for v6 the first: RFC 9580, section 5.5.4.)
    pub fn key_ids(&self) -> Vec<[u8; 8]> {
        self.0
            .keys()
            .filter(|key| key.key().pk_algo().for_signing())
            .filter_map(|key| key.key().keyid().as_bytes().try_into().ok())
            .collect()
    }

    /// The key of it that mail is encrypted to at a moment.
    ///
    /// # Errors
    /// Why there is none.
    pub fn recipient_key(&self, now: Instant) -> Result<RecipientKey, KeyState> {
        usable_key(&self.0, Purpose::Encryption, now).map(|usable| RecipientKey::of(&usable))
    }

    /// The same key with what the other copy of its certificate adds: new expiry, user IDs,
    /// revocations. Only what the key itself signed is taken; nothing secret is.
    ///
    /// # Errors
    /// [`CryptoError::DifferentKeys`] when it is another key's certificate.
    pub fn merge(&self, other: &Self) -> Result<Self, CryptoError> {
        if self.0.fingerprint() != other.0.fingerprint() {
            return Err(CryptoError::DifferentKeys);
        }
        let merged = (*self.0).clone().merge_public((*other.0).clone()).map_err(CryptoError::library)?;
        Ok(Self::of(merged))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

/// The moment of its newest self-signature. A key of our own for the disk is chosen as of then: it
/// must work even when nobody has renewed it, and no clock is at hand.
pub(super) fn newest_self_signature(cert: &Cert) -> Instant {
    let of_keys = cert.keys().flat_map(|key| key.self_signatures());
    let of_users = cert.userids().flat_map(|user| user.self_signatures());
    let newest = of_keys.chain(of_users).filter_map(|signature| signature.signature_creation_time()).max();
    key_state::instant(newest.unwrap_or(cert.primary_key().key().creation_time()))
}

/// The library's fingerprint as ours. One of an unknown version gives its first twenty octets, which
/// no certificate of ours has.
pub(super) fn fingerprint(fingerprint: &sequoia_openpgp::Fingerprint) -> Fingerprint {
    let octets = fingerprint.as_bytes();
    Fingerprint::from_octets(octets).unwrap_or_else(|_| {
        let twenty: Vec<u8> = octets.iter().copied().chain(std::iter::repeat(0)).take(20).collect();
        Fingerprint::from_octets(&twenty).expect("twenty octets are a fingerprint")
    })
}

/// The one address of a user ID, strictly parsed.
fn address_of(user: &sequoia_openpgp::packet::UserID) -> Option<Address> {
    user.email().ok().flatten()?.parse().ok()
}

fn state(usable: Result<super::key_state::UsableKey, KeyState>) -> KeyState {
    usable.map_or_else(|state| state, |_| KeyState::Usable)
}

/// The algorithm as people write it.
fn algorithm<R: key::KeyRole>(key: &Key<key::PublicParts, R>) -> String {
    let key: PublicKey = key.clone().role_into_unspecified();
    let curve = |curve: &Curve| match curve {
        Curve::NistP256 => "P-256".to_owned(),
        Curve::NistP384 => "P-384".to_owned(),
        Curve::NistP521 => "P-521".to_owned(),
        Curve::Ed25519 => "Ed25519".to_owned(),
        Curve::Cv25519 => "Cv25519".to_owned(),
        other => other.to_string(),
    };
    match (key.pk_algo(), key.mpis()) {
        (_, mpi::PublicKey::RSA { n, .. }) => format!("RSA-{}", n.bits()),
        (_, mpi::PublicKey::DSA { p, .. }) => format!("DSA-{}", p.bits()),
        (_, mpi::PublicKey::EdDSA { curve: c, .. })
        | (_, mpi::PublicKey::ECDSA { curve: c, .. })
        | (_, mpi::PublicKey::ECDH { curve: c, .. }) => curve(c),
        (PublicKeyAlgorithm::Ed25519, _) => "Ed25519".to_owned(),
        (PublicKeyAlgorithm::Ed448, _) => "Ed448".to_owned(),
        (other, _) => other.to_string(),
    }
}
