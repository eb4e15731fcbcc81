// SPDX-License-Identifier: GPL-3.0-or-later
//! Says for good that the list's key must not be used any more.

use chancery_crypto::{Certificate, RevocationReason};
use chancery_mail::{Address, Fingerprint};
use chancery_store::{KeyPurpose, ListKeyState, ListRow};
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::list_keys::no_posting_key;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// The revoked key, to be published.
#[derive(Clone, Debug, Serialize)]
pub struct Revoked {
    /// The fingerprint of the key that was revoked.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub fingerprint: Fingerprint,
    /// Its public key with the revocation, armored.
    pub armored: String,
}

/// Revokes it. The list takes no mail and sends none until it has another key.
///
/// # Errors
/// When there is no such list, its key is revoked already, or the site key is locked.
pub async fn revoke_key(
    site: &Site,
    actor: &Actor,
    list: &Address,
    reason: RevocationReason,
) -> Result<Revoked, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let certificate = revoke_newest(site, &row, reason).await?;
    Ok(Revoked { fingerprint: certificate.fingerprint(), armored: certificate.armored() })
}

/// Revokes the newest posting key and gives the certificate that says so.
async fn revoke_newest(
    site: &Site,
    row: &ListRow,
    reason: RevocationReason,
) -> Result<Certificate, OperationError> {
    let vault = site.vault()?;
    let mut transaction = site.database.begin().await?;
    let keys = transaction.list_keys(row.id, KeyPurpose::Posting).await?;
    let newest = keys.first().ok_or_else(no_posting_key)?;
    if newest.state == ListKeyState::Revoked {
        return Err(OperationError::Conflict(format!("the key {} is revoked already", newest.fingerprint)));
    }
    let revoked = vault
        .open_key(row.id, KeyPurpose::Posting, newest)?
        .revoke(reason, "", site.now())
        .map_err(crypto)?;
    let certificate = revoked.certificate();
    let sealed = vault.seal_key(row.id, KeyPurpose::Posting, &revoked)?;
    transaction.replace_key_material(newest.id, &certificate.octets(), &sealed).await?;
    transaction.set_key_state(newest.id, ListKeyState::Revoked).await?;
    transaction.commit().await?;
    Ok(certificate)
}
