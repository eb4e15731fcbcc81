// SPDX-License-Identifier: GPL-3.0-or-later
//! Says for good that the list's key must not be used any more.

use chancery_crypto::RevocationReason;
use chancery_mail::{Address, Fingerprint};
use serde::Serialize;

use super::find::find_list;
use super::rollover_key::revoke_newest;
use crate::actor::{Actor, Permission, authorize};
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
