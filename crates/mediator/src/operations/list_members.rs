// SPDX-License-Identifier: GPL-3.0-or-later
//! The people of a list, with the state of their keys.

use chancery_lists::Role;
use chancery_mail::Address;

use super::find::find_list;
use super::show_member::{MemberView, view};
use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// How many are read at a time.
const PAGE: u32 = 1000;

/// Hands each of them to `each`, page by page, so that a large list needs no large memory.
///
/// # Errors
/// When there is no such list, or the actor may not see its members.
pub async fn list_members(
    site: &Site,
    actor: &Actor,
    list: &Address,
    role: Option<Role>,
    each: &mut (dyn FnMut(MemberView) + Send),
) -> Result<(), OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let now = site.now();
    let mut after = None;
    loop {
        let page = site.database.subscriptions(row.id, role.map(Role::as_str), after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.subscription.id);
        for row in &page {
            let subscription = std::slice::from_ref(&row.subscription);
            each(view(&row.subscription.address, subscription, row.key.as_ref(), now));
        }
    }
}
