// SPDX-License-Identifier: GPL-3.0-or-later
//! The lists of the site.

use chancery_lists::Role;
use chancery_mail::{Address, Fingerprint};
use chancery_store::KeyPurpose;
use serde::Serialize;

use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// One line of the directory.
#[derive(Clone, Debug, Serialize)]
pub struct ListLine {
    /// Its posting address.
    pub address: Address,
    /// The fingerprint of the key that members encrypt to.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub fingerprint: Option<Fingerprint>,
    /// How many members it has.
    pub members: u64,
}

/// Names them all.
///
/// # Errors
/// When the actor is not the operator.
pub async fn list_lists(site: &Site, actor: &Actor) -> Result<Vec<ListLine>, OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    let mut lines = Vec::new();
    for list in site.database.lists().await? {
        let keys = site.database.list_keys(list.id, KeyPurpose::Posting).await?;
        lines.push(ListLine {
            members: site.database.count_subscriptions(list.id, Some(Role::Member.as_str())).await?,
            fingerprint: keys.first().map(|key| key.fingerprint.clone()),
            address: list.address,
        });
    }
    Ok(lines)
}
