// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes the packet that carries a session key to one reader (RFC 9580, section 5.1).
//!
//! This is what each copy costs. For Curve25519 and RSA we write it ourselves over the bare primitive
//! of OpenSSL; the library's writer, which serves all other keys, costs nearly twice as much for the
//! first. What is written here is checked against GnuPG and the library by tests.

use openssl::{
    aes::{AesKey, wrap_key},
    bn::BigNum,
    derive::Deriver,
    hash::{MessageDigest, hash},
    pkey::{Id, PKey},
    rsa::{Padding, Rsa},
};
use sequoia_openpgp::{
    Packet,
    packet::pkesk::{PKESK3, PKESK6},
    serialize::SerializeInto,
    types::SymmetricAlgorithm,
};
use zeroize::Zeroizing;

use super::key_state::PublicKey;
use super::recipient::{Material, RecipientKey, RecipientKeyId};
use super::seal::BodyFormat;
use super::session_key::SessionKey;
use crate::CryptoError;

/// The number of AES-256 (RFC 9580, section 9.3): what every body is sealed with.
const AES_256: u8 = 9;
/// The number of ECDH and of RSA (RFC 9580, section 9.1).
const ECDH: u8 = 18;
const RSA: u8 = 1;

/// The framed packet.
pub(super) fn write(
    session_key: &SessionKey,
    recipient: &RecipientKey,
    id: RecipientKeyId,
) -> Result<Vec<u8>, CryptoError> {
    match &recipient.material {
        Material::Cv25519 { fingerprint, hash, cipher, point } => {
            cv25519(session_key, fingerprint, *hash, *cipher, point, id)
        }
        Material::Rsa { fingerprint, modulus, exponent } => {
            rsa(session_key, fingerprint, modulus, exponent, id)
        }
        Material::Packet { packet, .. } => {
            by_library(session_key, &Material::parsed(packet)?, recipient.format(), id)
        }
    }
}

/// ECDH over Curve25519 (RFC 9580, section 11.5).
fn cv25519(
    session_key: &SessionKey,
    fingerprint: &[u8; 20],
    hash_algorithm: u8,
    cipher: u8,
    point: &[u8; 32],
    id: RecipientKeyId,
) -> Result<Vec<u8>, CryptoError> {
    let ephemeral = PKey::generate_x25519()?;
    let reader = PKey::public_key_from_raw_bytes(point, Id::X25519)?;
    let mut deriver = Deriver::new(&ephemeral)?;
    deriver.set_peer(&reader)?;
    // OpenSSL refuses a point of small order, whose shared secret would be known to all.
    let shared = Zeroizing::new(deriver.derive_to_vec()?);

    let mut input = Zeroizing::new(Vec::with_capacity(96));
    input.extend_from_slice(&[0, 0, 0, 1]);
    input.extend_from_slice(&shared);
    // The curve's object identifier, then the key's own parameters, then whom it is for.
    input.extend_from_slice(&[10, 0x2B, 6, 1, 4, 1, 0x97, 0x55, 1, 5, 1, ECDH, 3, 1, hash_algorithm, cipher]);
    input.extend_from_slice(b"Anonymous Sender    ");
    input.extend_from_slice(fingerprint);
    let digest = match hash_algorithm {
        8 => MessageDigest::sha256(),
        9 => MessageDigest::sha384(),
        10 => MessageDigest::sha512(),
        _ => return Err(CryptoError::Impossible("a key derivation hash that we do not know")),
    };
    let length = match cipher {
        7 => 16,
        8 => 24,
        9 => 32,
        _ => return Err(CryptoError::Impossible("a key wrap cipher that we do not know")),
    };
    let mut derived = hash(digest, &input)?;
    let wrapped = derived.get(..length).and_then(|key| AesKey::new_encrypt(key).ok()).and_then(|key| {
        // Padded to 40 octets, so that its length does not tell the cipher.
        let mut plain = Zeroizing::new(checked(session_key));
        plain.resize(40, 5);
        let mut wrapped = [0; 48];
        wrap_key(&key, None, &mut wrapped, &plain).ok().map(|_| wrapped)
    });
    zeroize::Zeroize::zeroize(&mut *derived);
    let wrapped = wrapped.ok_or_else(|| CryptoError::Library("AES key wrap".to_owned()))?;

    let mut body = begin(fingerprint, id, ECDH);
    // An MPI of 263 bits: 0x40 and the point.
    body.extend_from_slice(&[1, 7, 0x40]);
    body.extend_from_slice(&ephemeral.raw_public_key()?);
    body.push(48);
    body.extend_from_slice(&wrapped);
    Ok(framed(&body))
}

/// RSA with PKCS#1 v1.5 (RFC 9580, section 5.1.3).
fn rsa(
    session_key: &SessionKey,
    fingerprint: &[u8; 20],
    modulus: &[u8],
    exponent: &[u8],
    id: RecipientKeyId,
) -> Result<Vec<u8>, CryptoError> {
    let key = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?)?;
    let mut encrypted = vec![0; key.size() as usize];
    let written = key.public_encrypt(&checked(session_key), &mut encrypted, Padding::PKCS1)?;
    encrypted.truncate(written);
    // An MPI has no leading zero octets (RFC 9580, section 3.2).
    let zeros = encrypted.iter().take_while(|octet| **octet == 0).count();
    let value = encrypted.get(zeros..).unwrap_or_default();
    let spare = value.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = u16::try_from(value.len().saturating_mul(8).saturating_sub(spare))
        .map_err(|_| CryptoError::Impossible("an RSA key of that size"))?;
    let mut body = begin(fingerprint, id, RSA);
    body.extend_from_slice(&bits.to_be_bytes());
    body.extend_from_slice(value);
    Ok(framed(&body))
}

/// Every other kind of key. The packet's version goes with the format of the body (RFC 9580, section
/// 10.3.2.1).
pub(super) fn by_library(
    session_key: &SessionKey,
    key: &PublicKey,
    format: BodyFormat,
    id: RecipientKeyId,
) -> Result<Vec<u8>, CryptoError> {
    let session_key = session_key.to_library();
    let packet = match format {
        BodyFormat::SeipdV1 => {
            let mut packet = PKESK3::for_recipient(SymmetricAlgorithm::AES256, &session_key, key)
                .map_err(CryptoError::library)?;
            if id == RecipientKeyId::Hidden {
                packet.set_recipient(None);
            }
            Packet::from(packet)
        }
        BodyFormat::SeipdV2 => {
            let mut packet = PKESK6::for_recipient(&session_key, key).map_err(CryptoError::library)?;
            if id == RecipientKeyId::Hidden {
                packet.set_recipient(None);
            }
            Packet::from(packet)
        }
    };
    packet.to_vec().map_err(CryptoError::library)
}

/// The version of a framed packet.
pub(super) fn version(packet: &[u8]) -> Option<u8> {
    match packet {
        [0xC1, ..=191, version, ..]
        | [0xC1, 192..=223, _, version, ..]
        | [0xC1, 0xFF, _, _, _, _, version, ..] => Some(*version),
        _ => None,
    }
}

/// The cipher, the key, and the sum of its octets (RFC 9580, section 5.1.3).
fn checked(session_key: &SessionKey) -> Zeroizing<Vec<u8>> {
    let key = session_key.octets();
    let sum = key.iter().fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let mut plain = Zeroizing::new(Vec::with_capacity(40));
    plain.push(AES_256);
    plain.extend_from_slice(key);
    plain.extend_from_slice(&sum.to_be_bytes());
    plain
}

/// Version 3, the key id (the end of a v4 fingerprint, or zeros), the algorithm.
fn begin(fingerprint: &[u8; 20], id: RecipientKeyId, algorithm: u8) -> Vec<u8> {
    let mut body = Vec::with_capacity(600);
    body.push(3);
    match id {
        RecipientKeyId::Hidden => body.extend_from_slice(&[0; 8]),
        RecipientKeyId::Shown => body.extend(fingerprint.iter().skip(12)),
    }
    body.push(algorithm);
    body
}

/// With the header of packet type 1 in the current format (RFC 9580, section 4.2.1).
fn framed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len().saturating_add(6));
    out.push(0xC1);
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(length @ ..192), _) => out.push(length),
        (_, Ok(length @ 192..8384)) => out.extend_from_slice(&(length - 192 + 0xC000).to_be_bytes()),
        _ => {
            out.push(0xFF);
            out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(body);
    out
}
