// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes somebody off a list, in one role or altogether.

use chancery_lists::Role;
use chancery_mail::Address;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::overwrite::{mark_deleted, overwrite_deleted};
use crate::{OperationError, Site};

/// Removes them; copies that wait are dropped with their subscription. Without any role left, their
/// key is destroyed too.
///
/// # Errors
/// When they are not on the list in that role.
pub async fn remove_member(
    site: &Site,
    actor: &Actor,
    list: &Address,
    address: &Address,
    role: Option<Role>,
) -> Result<(), OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let mut transaction = site.database.begin().await?;
    let removed = transaction.unsubscribe(row.id, address, role.map(Role::as_str)).await?;
    if removed == 0 {
        let what = role.map_or("on", |role| role.as_str());
        return Err(OperationError::NotFound(format!(
            "{address} is not {what} {list}; `chancery member list {list}` names those who are"
        )));
    }
    mark_deleted(&mut transaction).await?;
    transaction.commit().await?;
    overwrite_deleted(site).await;
    Ok(())
}
