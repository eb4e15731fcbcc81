// SPDX-License-Identifier: GPL-3.0-or-later
//! A new posting key in place of the old one, which goes on opening mail for a while.

use std::time::Duration;

use chancery_crypto::{
    Certificate, KeyAlgorithm, KeyHolder, KeyPair, Keyring, NewKey, RevocationReason, clearsign,
};
use chancery_mail::{Address, Fingerprint};
use chancery_store::{KeyPurpose, ListKeyState, ListRow, NewListKey};
use serde::Serialize;

use super::create_list::POSTING_KEY_LIFETIME;
use super::export_key::revocation_context;
use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::vault::crypto;
use crate::{OperationError, Site};

/// For how long the old key still opens mail.
pub(crate) const OVERLAP: Duration = Duration::from_secs(90 * 24 * 3600);

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

/// Makes a new key and lets the old one retire.
///
/// # Errors
/// When there is no such list, or the site key is locked.
pub async fn rollover_key(
    site: &Site,
    actor: &Actor,
    list: &Address,
    algorithm: KeyAlgorithm,
) -> Result<Rollover, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let key = NewKey {
        address: row.address.clone(),
        name: row.address.local().to_owned(),
        algorithm,
        lifetime: Some(POSTING_KEY_LIFETIME),
    };
    let (pair, revocation) = KeyPair::generate(&key, site.now()).map_err(crypto)?;
    replace(site, &row, pair, Some(&revocation.0)).await
}

/// Puts a key into the place of the newest one, which retires; both sign a statement of it.
pub(crate) async fn replace(
    site: &Site,
    row: &ListRow,
    new: KeyPair,
    revocation: Option<&[u8]>,
) -> Result<Rollover, OperationError> {
    let vault = site.vault()?;
    let now = site.now();
    let until = now.after(OVERLAP);
    let keys = site.database.list_keys(row.id, KeyPurpose::Posting).await?;
    let newest = keys.first().ok_or_else(|| OperationError::NotFound("the list has no key".to_owned()))?;
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

    let mut transaction = site.database.begin().await?;
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

/// Revokes the newest posting key and gives the certificate that says so.
pub(crate) async fn revoke_newest(
    site: &Site,
    row: &ListRow,
    reason: RevocationReason,
) -> Result<Certificate, OperationError> {
    let vault = site.vault()?;
    let keys = site.database.list_keys(row.id, KeyPurpose::Posting).await?;
    let newest = keys.first().ok_or_else(|| OperationError::NotFound("the list has no key".to_owned()))?;
    if newest.state == ListKeyState::Revoked {
        return Err(OperationError::Conflict(format!("the key {} is revoked already", newest.fingerprint)));
    }
    let revoked = vault
        .open_key(row.id, KeyPurpose::Posting, newest)?
        .revoke(reason, "", site.now())
        .map_err(crypto)?;
    let certificate = revoked.certificate();
    let sealed = vault.seal_key(row.id, KeyPurpose::Posting, &revoked)?;
    let mut transaction = site.database.begin().await?;
    transaction.replace_key_material(newest.id, &certificate.octets(), &sealed).await?;
    transaction.set_key_state(newest.id, ListKeyState::Revoked).await?;
    transaction.commit().await?;
    Ok(certificate)
}
