// SPDX-License-Identifier: GPL-3.0-or-later
//! The key that a reader's copies are wrapped to: chosen once, kept small, used without parsing a
//! certificate.

use chancery_mail::Instant;
use sequoia_openpgp::{
    Packet,
    crypto::mpi,
    packet::{Key, key},
    parse::Parse,
    serialize::SerializeInto,
    types::Curve,
};

use super::key_state::{PublicKey, UsableKey};
use super::seal::BodyFormat;
use crate::CryptoError;

/// The form in which it is stored; another number is another form.
const FORM: u8 = 1;

/// The encryption subkey of one reader, as [`Certificate::recipient_key`](crate::Certificate::recipient_key)
/// chose it at some moment. It is public. The moment passes: see [`RecipientKey::expires`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientKey {
    expires: Option<Instant>,
    pub(super) material: Material,
}

/// What a writer of session key packets needs of it. The two kinds that nearly everybody has are
/// kept as the bare values, ready for the primitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// v4, ECDH over Curve25519 (RFC 9580, section 11.5), with the key's own KDF parameters.
    Cv25519 { fingerprint: [u8; 20], hash: u8, cipher: u8, point: [u8; 32] },
    /// v4, RSA.
    Rsa { fingerprint: [u8; 20], modulus: Vec<u8>, exponent: Vec<u8> },
    /// All others: the framed packet of the public subkey.
    Packet { version: u8, packet: Vec<u8> },
}

/// Whether a copy says in clear for which key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientKeyId {
    /// A wildcard stands for the key's name (RFC 9580, section 5.1.1): the wire does not tell who reads.
    Hidden,
    /// The key is named: some programs cannot decrypt otherwise.
    Shown,
}

impl RecipientKey {
    pub(super) fn of(usable: &UsableKey) -> Self {
        Self { expires: usable.expires, material: Material::of(&usable.key) }
    }

    /// When the key ends, as its certificate said at the time; `None` when never.
    pub fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// In which format a body must be sealed for this reader.
    pub fn format(&self) -> BodyFormat {
        match self.material {
            Material::Packet { version: 6.., .. } => BodyFormat::SeipdV2,
            _ => BodyFormat::SeipdV1,
        }
    }

    /// The form to store: 70 octets for Curve25519, some 400 for RSA-3072.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        out.extend(self.expires.map_or(i64::MAX, Instant::unix).to_be_bytes());
        match &self.material {
            Material::Cv25519 { fingerprint, hash, cipher, point } => {
                out.push(1);
                out.extend(fingerprint);
                out.extend([*hash, *cipher]);
                out.extend(point);
            }
            Material::Rsa { fingerprint, modulus, exponent } => {
                out.push(2);
                out.extend(fingerprint);
                // An exponent is as long as the policy lets it be: far below 256 octets.
                out.push(u8::try_from(exponent.len()).unwrap_or(u8::MAX));
                out.extend(exponent);
                out.extend(modulus);
            }
            Material::Packet { version, packet } => {
                out.push(3);
                out.push(*version);
                out.extend(packet);
            }
        }
        out
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] when it is not that.
    pub fn from_octets(octets: &[u8]) -> Result<Self, CryptoError> {
        Self::read(octets).ok_or(CryptoError::Malformed("a stored recipient key"))
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let rest = octets.strip_prefix(&[FORM])?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let expires = i64::from_be_bytes(*expires);
        let (kind, rest) = rest.split_first()?;
        let material = match kind {
            1 => {
                let (fingerprint, rest) = rest.split_first_chunk()?;
                let ([hash, cipher], rest) = rest.split_first_chunk()?;
                Material::Cv25519 {
                    fingerprint: *fingerprint,
                    hash: *hash,
                    cipher: *cipher,
                    point: rest.try_into().ok()?,
                }
            }
            2 => {
                let (fingerprint, rest) = rest.split_first_chunk()?;
                let (length, rest) = rest.split_first()?;
                let (exponent, modulus) = rest.split_at_checked(usize::from(*length))?;
                Material::Rsa {
                    fingerprint: *fingerprint,
                    modulus: modulus.to_vec(),
                    exponent: exponent.to_vec(),
                }
            }
            3 => {
                let (version, packet) = rest.split_first()?;
                Material::Packet { version: *version, packet: packet.to_vec() }
            }
            _ => return None,
        };
        Some(Self { expires: (expires != i64::MAX).then(|| Instant::from_unix(expires)), material })
    }
}

impl Material {
    fn of(key: &PublicKey) -> Self {
        Self::bare(key).unwrap_or_else(|| {
            let subkey: Key<key::PublicParts, key::SubordinateRole> = key.clone().role_into_subordinate();
            let version = subkey.version();
            Self::Packet { version, packet: Packet::from(subkey).to_vec().unwrap_or_default() }
        })
    }

    fn bare(key: &PublicKey) -> Option<Self> {
        let fingerprint = key.fingerprint().as_bytes().try_into().ok()?;
        if key.version() != 4 {
            return None;
        }
        match key.mpis() {
            mpi::PublicKey::ECDH { curve: Curve::Cv25519, q, hash, sym } => {
                // 0x40 says "native point" (RFC 9580, section 11.2).
                let point = q.value().strip_prefix(&[0x40])?.try_into().ok()?;
                Some(Self::Cv25519 { fingerprint, hash: (*hash).into(), cipher: (*sym).into(), point })
            }
            mpi::PublicKey::RSA { e, n } => {
                Some(Self::Rsa { fingerprint, modulus: n.value().to_vec(), exponent: e.value().to_vec() })
            }
            _ => None,
        }
    }

    /// The library's key from the stored packet.
    pub(super) fn parsed(packet: &[u8]) -> Result<PublicKey, CryptoError> {
        match Packet::from_bytes(packet) {
            Ok(Packet::PublicSubkey(key)) => Ok(key.role_into_unspecified()),
            _ => Err(CryptoError::Malformed("a stored recipient key")),
        }
    }
}
