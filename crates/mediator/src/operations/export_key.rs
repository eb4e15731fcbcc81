// SPDX-License-Identifier: GPL-3.0-or-later
//! The public key of a list, for whoever wants to write to it.

use chancery_crypto::Certificate;
use chancery_mail::{Address, Fingerprint};
use zeroize::Zeroizing;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::list_keys::newest_posting_key;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// The armored public key. Anybody may have it.
///
/// # Errors
/// When there is no such list.
pub async fn export_key(site: &Site, list: &Address) -> Result<String, OperationError> {
    let row = find_list(site, list).await?;
    let newest = newest_posting_key(site, row.id).await?;
    Ok(Certificate::parse(&newest.public).map_err(crypto)?.armored())
}

/// The revocation certificate that was made together with the newest posting key, armored: whoever
/// publishes it ends the key. To be kept apart from the server, for the day when it is lost.
///
/// # Errors
/// When there is none (an imported key), or the site key is locked.
pub async fn export_revocation(
    site: &Site,
    actor: &Actor,
    list: &Address,
) -> Result<Zeroizing<Vec<u8>>, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let newest = newest_posting_key(site, row.id).await?;
    let sealed = newest.sealed_revocation.as_ref().ok_or_else(|| {
        OperationError::NotFound(format!(
            "no revocation certificate was made with {}; `chancery key revoke` revokes it",
            newest.fingerprint
        ))
    })?;
    site.vault()?.open(&revocation_context(&newest.fingerprint), sealed)
}

/// What a sealed revocation certificate is bound to.
pub(crate) fn revocation_context(fingerprint: &Fingerprint) -> String {
    format!("revocation {fingerprint}")
}
