// SPDX-License-Identifier: GPL-3.0-or-later
//! Enrols a key for a person: the only place where one is pinned, whoever asks and by which door.

use chancery_crypto::Certificate;
use chancery_mail::{Address, Instant, KeyState};
use chancery_store::{ListId, Transaction};

use crate::OperationError;
use crate::pin::new_pin;
use crate::vault::crypto;

/// A key, and what the caller says of it.
pub(crate) struct GivenKey {
    pub(crate) certificate: Certificate,
    /// Somebody has made sure that it is theirs.
    pub(crate) confirmed: bool,
    /// It is theirs although none of its user IDs names the address.
    pub(crate) any_user_id: bool,
    /// It may take the place of another key of theirs: only where the caller asked for just that.
    pub(crate) replaces: bool,
}

/// Reads the one certificate of a file.
pub(crate) fn certificate(octets: &[u8]) -> Result<Certificate, OperationError> {
    Certificate::parse(octets).map_err(|error| {
        OperationError::invalid("key", error.to_string(), "Give one public OpenPGP key, armored or binary")
    })
}

/// Pins it.
///
/// A copy of the key that they have already is joined with the known one and taken whatever it says,
/// so that a revocation reaches the list and an older copy never takes one back; what was confirmed
/// stays so, since confirmed is a fingerprint. Any other key must be usable, must name the address,
/// and does not slip into the place of theirs.
///
/// # Errors
/// When the key cannot be used, is somebody else's, or would replace another unasked.
pub(crate) async fn enrol(
    transaction: &mut Transaction,
    list: ListId,
    address: &Address,
    given: &GivenKey,
    now: Instant,
) -> Result<(), OperationError> {
    let fingerprint = given.certificate.fingerprint();
    let pin = match transaction.pin_of(list, address).await? {
        Some(pinned) if pinned.facts.fingerprint == fingerprint => {
            let known = Certificate::parse(&pinned.certificate).map_err(crypto)?;
            let joined = known.merge(&given.certificate).map_err(crypto)?;
            readable(&joined)?;
            new_pin(&joined, given.confirmed || pinned.facts.confirmed, now)
        }
        Some(pinned) if !given.replaces => {
            return Err(OperationError::Conflict(format!(
                "{address} has another key here already, {}; nothing was changed. `chancery member set --key` puts \
                 a new one in its place",
                pinned.facts.fingerprint
            )));
        }
        _ => {
            readable(&given.certificate)?;
            usable(&given.certificate, now)?;
            if !given.any_user_id {
                named(&given.certificate, address, now)?;
            }
            new_pin(&given.certificate, given.confirmed, now)
        }
    };
    transaction.pin(list, address, &pin).await?;
    Ok(())
}

/// Whether it will be read again from where it is kept: a key that others have flooded with signatures
/// may be too big, and would be no key at all from then on.
fn readable(certificate: &Certificate) -> Result<(), OperationError> {
    Certificate::parse(&certificate.octets()).map(drop).map_err(|error| {
        OperationError::invalid(
            "key",
            error.to_string(),
            "Export it without the signatures of others (gpg --export-options export-minimal)",
        )
    })
}

/// Whether mail can be encrypted to it now.
fn usable(certificate: &Certificate, now: Instant) -> Result<(), OperationError> {
    let fingerprint = certificate.fingerprint();
    let why = match certificate.recipient_key(now) {
        Ok(_) => return Ok(()),
        Err(KeyState::Expired) => "has expired",
        Err(KeyState::Revoked) => "has been revoked",
        Err(KeyState::Weak) => "is too weak to be trusted (its algorithm, its size or its SHA-1 signatures)",
        Err(_) => "has no key that mail can be encrypted to",
    };
    Err(OperationError::invalid(
        "key",
        format!("the key {fingerprint} {why}"),
        "Ask its owner for a current public key and give that file",
    ))
}

fn named(certificate: &Certificate, address: &Address, now: Instant) -> Result<(), OperationError> {
    if certificate.facts(now).addresses.contains(address) {
        return Ok(());
    }
    Err(OperationError::invalid(
        "key",
        format!("no user ID of the key {} names {address}", certificate.fingerprint()),
        "Check that it is the right file; if it is theirs all the same, add --any-user-id",
    ))
}
