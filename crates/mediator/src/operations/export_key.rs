// SPDX-License-Identifier: GPL-3.0-or-later
//! The public key of a list, for whoever wants to write to it.

use chancery_crypto::Certificate;
use chancery_mail::Address;
use chancery_store::KeyPurpose;

use super::find::find_list;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// The armored public key. Anybody may have it.
///
/// # Errors
/// When there is no such list.
pub async fn export_key(site: &Site, list: &Address) -> Result<String, OperationError> {
    let row = find_list(site, list).await?;
    let keys = site.database.list_keys(row.id, KeyPurpose::Posting).await?;
    let newest =
        keys.first().ok_or_else(|| OperationError::NotFound(format!("{list} has no posting key")))?;
    Ok(Certificate::parse(&newest.public).map_err(crypto)?.armored())
}
