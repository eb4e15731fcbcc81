// SPDX-License-Identifier: GPL-3.0-or-later
//! Subscribes a person in a role, with a key or without.

use chancery_lists::Role;
use chancery_mail::Address;
use chancery_store::NewSubscription;

use super::find::find_list;
use super::show_member::{MemberView, show_member};
use crate::actor::{Actor, Permission, authorize};
use crate::enrol::{GivenKey, certificate, enrol};
use crate::{OperationError, Site};

/// Who is to be subscribed.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The address that copies go to and posts come from.
    pub address: Address,
    /// In which role.
    pub role: Role,
    /// The name for people to read; may be empty.
    pub display_name: String,
    /// The public key, armored or binary.
    pub key: Option<Vec<u8>>,
    /// Whether the caller has made sure that the key is theirs.
    pub confirmed: bool,
    /// Whether a key that does not name the address is theirs all the same.
    pub any_user_id: bool,
}

/// Subscribes them.
///
/// # Errors
/// When they have the role already, or the key cannot be used or is somebody else's.
pub async fn add_member(
    site: &Site,
    actor: &Actor,
    list: &Address,
    new: NewMember,
) -> Result<MemberView, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let now = site.now();
    let key = match &new.key {
        Some(octets) => Some(GivenKey {
            certificate: certificate(octets)?,
            confirmed: new.confirmed,
            any_user_id: new.any_user_id,
            replaces: false,
        }),
        None if new.confirmed => {
            return Err(OperationError::invalid(
                "confirmed",
                "there is no key to confirm",
                "Add --key FILE with their public key",
            ));
        }
        None => None,
    };
    let mut transaction = site.database.begin().await?;
    let there = transaction.subscription(row.id, &new.address).await?;
    if there.iter().any(|subscription| subscription.role == new.role.as_str()) {
        return Err(OperationError::Conflict(format!(
            "{} is a {} of {list} already; `chancery member set` changes them, `member show` shows them",
            new.address,
            new.role.as_str()
        )));
    }
    transaction
        .subscribe(&NewSubscription {
            list: row.id,
            address: new.address.clone(),
            role: new.role.as_str().to_owned(),
            display_name: new.display_name.clone(),
            created: now,
        })
        .await?;
    if let Some(key) = &key {
        enrol(&mut transaction, row.id, &new.address, key, now).await?;
    }
    transaction.commit().await?;
    show_member(site, actor, list, &new.address).await
}
