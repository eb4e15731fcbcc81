// SPDX-License-Identifier: GPL-3.0-or-later
//! Signatures that stand beside or around clear text.

use std::io::Write;

use chancery_mail::Instant;
use sequoia_openpgp::{
    Packet,
    packet::signature::SignatureBuilder,
    serialize::{
        SerializeInto,
        stream::{Message, Signer},
    },
    types::{HashAlgorithm, SignatureType},
};

use super::armor::{self, Kind};
use super::holder::{HolderSigner, KeyHolder};
use super::key_state;
use crate::CryptoError;

/// A signature for the second part of multipart/signed (RFC 3156, section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedSignature {
    /// The block, with CRLF.
    pub armored: Vec<u8>,
    /// The value of the `micalg` parameter: `pgp-sha512`.
    pub micalg: String,
}

/// Signs the exact octets of an entity, which must be in its final form, with CRLF.
///
/// # Errors
/// [`CryptoError::Unusable`] when the holder's key cannot sign now.
pub fn detached_signature(
    octets: &[u8],
    signer: &dyn KeyHolder,
    now: Instant,
) -> Result<DetachedSignature, CryptoError> {
    let mut signer = HolderSigner::of(signer, now)?;
    let signature = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(key_state::system_time(now))
        .and_then(|builder| builder.sign_message(&mut signer, octets))
        .map_err(CryptoError::library)?;
    let micalg = micalg(signature.hash_algo());
    let packet = Packet::from(signature).to_vec().map_err(CryptoError::library)?;
    Ok(DetachedSignature { armored: armor::block(Kind::Signature, &packet, &[]), micalg })
}

/// The value of the `micalg` parameter (RFC 3156, section 5).
pub(super) fn micalg(hash: HashAlgorithm) -> String {
    match hash {
        HashAlgorithm::RipeMD => "pgp-ripemd160".to_owned(),
        other => format!("pgp-{}", other.to_string().to_ascii_lowercase().replace('-', "")),
    }
}

/// A text with the signatures of one or more keys around it (RFC 9580, section 7): for the statement
/// that one key follows another.
///
/// # Errors
/// [`CryptoError::Unusable`] when one of the keys cannot sign now; [`CryptoError::Impossible`]
/// without any signer.
pub fn clearsign(text: &str, signers: &[&dyn KeyHolder], now: Instant) -> Result<String, CryptoError> {
    let mut out = Vec::new();
    let mut signers = signers.iter().map(|holder| HolderSigner::of(*holder, now));
    let first = signers.next().ok_or(CryptoError::Impossible("a signature by nobody"))??;
    let template = SignatureBuilder::new(SignatureType::Text);
    let mut stack = Signer::with_template(Message::new(&mut out), first, template)
        .map_err(CryptoError::library)?
        .creation_time(key_state::system_time(now))
        .cleartext();
    for signer in signers {
        stack = stack.add_signer(signer?).map_err(CryptoError::library)?;
    }
    let mut message = stack.build().map_err(CryptoError::library)?;
    message.write_all(text.as_bytes()).map_err(CryptoError::library)?;
    message.finalize().map_err(CryptoError::library)?;
    String::from_utf8(out).map_err(CryptoError::library)
}
