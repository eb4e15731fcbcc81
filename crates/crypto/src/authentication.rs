// SPDX-License-Identifier: GPL-3.0-or-later
//! Names that tell nothing to whoever lacks the key.

use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};

use crate::CryptoError;

/// HMAC-SHA-256 (RFC 2104) of some octets under a key.
///
/// # Errors
/// When the library refuses.
pub fn authentication_code(key: &[u8; 32], octets: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    Ok(signer.sign_oneshot_to_vec(octets)?)
}
