// SPDX-License-Identifier: GPL-3.0-or-later
//! What the store keeps of a member's certificate, so that fan-out parses none: the chosen
//! encryption key's packet, how it can be used, and until when that is true.

use chancery_crypto::Certificate;
use chancery_mail::{Address, Instant, KeyState};
use chancery_store::{ListId, NewPin, PinRow, Transaction};

use crate::OperationError;
use crate::vault::crypto;

/// The row for a certificate that is pinned to an address.
pub(crate) fn new_pin(certificate: &Certificate, confirmed: bool, now: Instant) -> NewPin {
    let facts = certificate.facts(now);
    let (recipient_key, key_format, key_state, key_expires) = match certificate.recipient_key(now) {
        Ok(key) => {
            let format = key.format().as_str().to_owned();
            (Some(key.to_octets()), Some(format), KeyState::Usable, key.expires())
        }
        Err(state) => (None, None, state, facts.expires),
    };
    NewPin {
        fingerprint: certificate.fingerprint(),
        certificate: certificate.octets(),
        key_ids: certificate.key_ids(),
        confirmed,
        recipient_key,
        format: key_format,
        key_state: key_state.as_str().to_owned(),
        key_expires,
        pinned_at: now,
    }
}

/// Whether a key that is given for an address counts as confirmed: because the caller made sure, or
/// because somebody made sure before that this very key is theirs. Confirmed is a fingerprint; the
/// same key given again, perhaps extended, takes nothing back.
pub(crate) async fn stays_confirmed(
    transaction: &mut Transaction,
    list: ListId,
    address: &Address,
    certificate: &Certificate,
    confirmed: bool,
) -> Result<bool, OperationError> {
    let present = transaction.pin_of(list, address).await?;
    let before =
        present.is_some_and(|pin| pin.facts.confirmed && pin.facts.fingerprint == certificate.fingerprint());
    Ok(confirmed || before)
}

/// Adding somebody in another role must not put another key in the place of theirs unseen.
pub(crate) fn refuse_another(
    pinned: Option<&PinRow>,
    certificate: &Certificate,
    address: &Address,
) -> Result<(), OperationError> {
    match pinned {
        Some(pinned) if pinned.facts.fingerprint != certificate.fingerprint() => {
            Err(OperationError::Conflict(format!(
                "{address} has another key here already, {}; nothing was changed. `chancery member set --key` puts \
                 a new one in its place",
                pinned.facts.fingerprint
            )))
        }
        _ => Ok(()),
    }
}

/// Reads a certificate that somebody wants to enrol for an address, and refuses what could not be
/// used or is not theirs. `any_user_id` is the operator's word that the key is theirs all the same.
pub(crate) fn enrollable(
    octets: &[u8],
    address: &Address,
    any_user_id: bool,
    now: Instant,
) -> Result<Certificate, OperationError> {
    let certificate = Certificate::parse(octets).map_err(|error| {
        OperationError::invalid("key", error.to_string(), "Give one public OpenPGP key, armored or binary")
    })?;
    usable(&certificate, now)?;
    named(&certificate, address, any_user_id, now)?;
    Ok(certificate)
}

/// The same for somebody who has a key already. A newer copy of that very key is taken whatever it
/// says, and joined with the old one: a revocation or an earlier end must reach the list.
pub(crate) fn newer_or_enrollable(
    pinned: Option<&PinRow>,
    octets: &[u8],
    address: &Address,
    any_user_id: bool,
    now: Instant,
) -> Result<Certificate, OperationError> {
    if let (Some(pinned), Ok(given)) = (pinned, Certificate::parse(octets))
        && pinned.facts.fingerprint == given.fingerprint()
    {
        let known = Certificate::parse(&pinned.certificate).map_err(crypto)?;
        return known.merge(&given).map_err(crypto);
    }
    enrollable(octets, address, any_user_id, now)
}

/// Whether mail can be encrypted to it now.
pub(crate) fn usable(certificate: &Certificate, now: Instant) -> Result<(), OperationError> {
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

fn named(
    certificate: &Certificate,
    address: &Address,
    any_user_id: bool,
    now: Instant,
) -> Result<(), OperationError> {
    let facts = certificate.facts(now);
    if any_user_id || facts.addresses.contains(address) {
        return Ok(());
    }
    Err(OperationError::invalid(
        "key",
        format!("no user ID of the key {} names {address}", certificate.fingerprint()),
        "Check that it is the right file; if it is theirs all the same, add --any-user-id",
    ))
}
