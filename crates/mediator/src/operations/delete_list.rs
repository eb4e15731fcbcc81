// SPDX-License-Identifier: GPL-3.0-or-later
//! Deletes a list with everything that belongs to it: people, keys, what is held and queued.

use chancery_mail::Address;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::overwrite::{mark_deleted, overwrite_deleted};
use crate::{OperationError, Site};

/// Deletes it, and overwrites where it lay: the keys are gone for good.
///
/// # Errors
/// When there is no such list, or the actor is not the operator.
pub async fn delete_list(site: &Site, actor: &Actor, address: &Address) -> Result<(), OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    let row = find_list(site, address).await?;
    let mut transaction = site.database.begin().await?;
    transaction.delete_list(row.id).await?;
    mark_deleted(&mut transaction).await?;
    transaction.commit().await?;
    overwrite_deleted(site).await;
    Ok(())
}
