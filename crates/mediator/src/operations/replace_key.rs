// SPDX-License-Identifier: GPL-3.0-or-later
//! Puts a posting key into the place of a list's newest one: what a rollover and an import share.

use std::time::Duration;

use chancery_crypto::{KeyHolder, KeyPair, Keyring, clearsign};
use chancery_mail::Fingerprint;
use chancery_store::{KeyPurpose, ListKeyState, ListRow, NewListKey};
use serde::Serialize;

use super::export_key::revocation_context;
use crate::list_keys::no_posting_key;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// For how long the old key still opens mail.
const OVERLAP: Duration = Duration::from_secs(90 * 24 * 3600);

/// What a rollover gives.
#[derive(Clone, Debug, Serialize)]
pub struct Rollover {
    /// The fingerprint of the key that retires.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub old: Fingerprint,
    /// The fingerprint of the new key.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub new: Fingerprint,
    /// A statement of the change, signed by both keys, to be published.
    pub statement: String,
}

/// Puts a key into the place of the newest one, which retires; both sign a statement of it.
pub(crate) async fn replace_key(
    site: &Site,
    row: &ListRow,
    new: KeyPair,
    revocation: Option<&[u8]>,
) -> Result<Rollover, OperationError> {
    let vault = site.vault()?;
    let now = site.now();
    let until = now.after(OVERLAP);
    // Read and written in one transaction: whoever revokes or replaces the key meanwhile comes before
    // or after, never between.
    let mut transaction = site.database.begin().await?;
    let keys = transaction.list_keys(row.id, KeyPurpose::Posting).await?;
    let newest = keys.first().ok_or_else(no_posting_key)?;
    let (old_fingerprint, fingerprint) = (newest.fingerprint.clone(), new.certificate().fingerprint());
    if keys.iter().any(|key| key.fingerprint == fingerprint) {
        return Err(OperationError::Conflict(format!("{} has the key {fingerprint} already", row.address)));
    }
    let text = format!(
        "The mailing list {} changes its key.\n\nOld key: {old_fingerprint}\nNew key: {fingerprint}\n\nFrom {} on, \
         please encrypt to the new key. Mail to the old key is\nopened until {until}. Both keys have signed this \
         statement.\n",
        row.address, now
    );
    let public = new.certificate().octets();
    let sealed_secret = vault.seal_key(row.id, KeyPurpose::Posting, &new)?;
    let sealed_revocation = match revocation {
        Some(octets) => Some(vault.seal(&revocation_context(&fingerprint), octets)?),
        None => None,
    };
    let new_ring = Keyring::new(new, Vec::new());
    // A revoked key signs nothing any more: then the new one speaks alone.
    let old_ring = match newest.state {
        ListKeyState::Revoked => None,
        _ => Some(Keyring::new(vault.open_key(row.id, KeyPurpose::Posting, newest)?, Vec::new())),
    };
    let signers: Vec<&dyn KeyHolder> =
        old_ring.iter().chain([&new_ring]).map(|ring| ring as &dyn KeyHolder).collect();
    let statement = clearsign(&text, &signers, now).map_err(crypto)?;

    if newest.state != ListKeyState::Revoked {
        transaction.set_key_state(newest.id, ListKeyState::Retiring { until }).await?;
    }
    transaction
        .add_list_key(&NewListKey {
            list: row.id,
            purpose: KeyPurpose::Posting,
            fingerprint: fingerprint.clone(),
            public,
            sealed_secret,
            sealed_revocation,
            created: now,
            opens_until: None,
        })
        .await?;
    transaction.commit().await?;
    Ok(Rollover { old: old_fingerprint, new: fingerprint, statement })
}
