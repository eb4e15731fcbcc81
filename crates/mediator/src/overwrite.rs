// SPDX-License-Identifier: GPL-3.0-or-later
//! What was deleted is taken out of all files too: now, or, where somebody else is at work in the
//! database or the process dies, in the next round of the upkeep.

use chancery_store::{StoreError, Transaction};

use crate::Site;

/// Under this name stands how many deletions there were since the files were last overwritten.
const DELETIONS: &str = "deletions";

/// Notes, in the deleting transaction, that there is something to overwrite.
pub(crate) async fn mark_deleted(transaction: &mut Transaction) -> Result<(), StoreError> {
    let deletions = read(transaction.site_value(DELETIONS).await?);
    transaction.put_site_value(DELETIONS, &deletions.wrapping_add(1).to_be_bytes()).await
}

/// Overwrites what was deleted. The deletion itself is done already, so that trouble here is no
/// failure of it: the mark stays.
pub(crate) async fn overwrite_deleted(site: &Site) {
    if let Err(error) = try_overwrite(site).await {
        tracing::warn!(%error, "deleted octets are overwritten later");
    }
}

async fn try_overwrite(site: &Site) -> Result<(), StoreError> {
    let deletions = read(site.database.site_value(DELETIONS).await?);
    if deletions == 0 {
        return Ok(());
    }
    site.database.scrub().await?;
    // What somebody else has deleted since is not overwritten yet: then the mark stays for them.
    let mut transaction = site.database.begin().await?;
    if read(transaction.site_value(DELETIONS).await?) == deletions {
        transaction.put_site_value(DELETIONS, &0_u64.to_be_bytes()).await?;
    }
    transaction.commit().await
}

fn read(mark: Option<Vec<u8>>) -> u64 {
    mark.and_then(|octets| octets.try_into().ok()).map_or(0, u64::from_be_bytes)
}
