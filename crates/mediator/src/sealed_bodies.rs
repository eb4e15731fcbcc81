// SPDX-License-Identifier: GPL-3.0-or-later
//! Content sealed once for each format that some reader needs, as it lies in the store.

use chancery_crypto::{BodyFormat, Certificate, Keyring, seal};
use chancery_mail::{Cleartext, Entity, Instant};

use crate::OperationError;
use crate::vault::crypto;

/// The bodies, by the word of their format.
pub(crate) fn sealed_bodies(
    payload: &Entity<Cleartext>,
    signing: &Keyring,
    storage: &Certificate,
    formats: &[BodyFormat],
    now: Instant,
) -> Result<Vec<(String, Vec<u8>)>, OperationError> {
    let mut bodies = Vec::new();
    for format in formats {
        let (body, session_key) = seal(payload, signing, *format, now).map_err(crypto)?;
        bodies.push((format.as_str().to_owned(), body.deposit(&session_key, storage).map_err(crypto)?));
    }
    Ok(bodies)
}
