// SPDX-License-Identifier: GPL-3.0-or-later
//! The key of one sealed body.

use std::fmt;

use zeroize::Zeroizing;

use crate::CryptoError;

/// The 256 bits that one sealed body is encrypted with. Zeroized on drop; never printed.
#[derive(Clone)]
pub struct SessionKey(Zeroizing<[u8; 32]>);

impl SessionKey {
    /// A fresh one, from the library's randomness.
    pub(super) fn generate() -> Result<Self, CryptoError> {
        let mut octets = Zeroizing::new([0; 32]);
        openssl::rand::rand_priv_bytes(octets.as_mut_slice())?;
        Ok(Self(octets))
    }

    /// Takes 32 octets.
    pub(super) fn from_octets(octets: &[u8]) -> Result<Self, CryptoError> {
        let mut own = Zeroizing::new([0; 32]);
        if octets.len() != own.len() {
            return Err(CryptoError::Malformed("a session key of a wrong length"));
        }
        own.copy_from_slice(octets);
        Ok(Self(own))
    }

    pub(super) fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// The library's own, which it zeroizes itself.
    pub(super) fn to_library(&self) -> sequoia_openpgp::crypto::SessionKey {
        self.0.as_slice().into()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}
