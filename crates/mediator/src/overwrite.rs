// SPDX-License-Identifier: GPL-3.0-or-later
//! What was deleted is taken out of all files too: now, or, where somebody else is at work in the
//! database or the process dies, in the next round of the upkeep.

use chancery_store::{StoreError, Transaction};

use crate::Site;

/// Under this name it stands that deleted octets are still in the files.
const DELETED: &str = "deleted_octets";

/// Notes, in the deleting transaction, that there is something to overwrite.
pub(crate) async fn mark_deleted(transaction: &mut Transaction) -> Result<(), StoreError> {
    transaction.put_site_value(DELETED, b"yes").await
}

/// Overwrites what was deleted. The deletion itself is done already, so that trouble here is no
/// failure of it: the mark stays.
pub(crate) async fn overwrite_deleted(site: &Site) {
    if let Err(error) = try_overwrite(site).await {
        tracing::warn!(%error, "deleted octets are overwritten later");
    }
}

async fn try_overwrite(site: &Site) -> Result<(), StoreError> {
    if site.database.site_value(DELETED).await?.is_none_or(|mark| mark.is_empty()) {
        return Ok(());
    }
    site.database.scrub().await?;
    site.database.put_site_value(DELETED, b"").await
}
