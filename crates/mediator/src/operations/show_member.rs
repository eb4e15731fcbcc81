// SPDX-License-Identifier: GPL-3.0-or-later
//! One person on one list: roles, key, whether copies reach them.

use chancery_lists::Role;
use chancery_mail::{Address, Fingerprint, Instant};
use chancery_store::{PinFacts, SubscriptionRow};
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::reach::{state_now, usable_copy};
use crate::{OperationError, Site};

/// A person as owners see them.
#[derive(Clone, Debug, Serialize)]
pub struct MemberView {
    /// Their address.
    pub address: Address,
    /// The name for people to read.
    pub display_name: String,
    /// In which roles they are on the list.
    pub roles: Vec<String>,
    /// Whether delivery is switched on.
    pub enabled: bool,
    /// Whether copies reach them (as a member), and if not, why.
    pub copies: String,
    /// What happens to their posts whatever the list's default says.
    pub moderation: Option<String>,
    /// Whether their copies show the recipient's key id; empty for the list's default.
    pub recipient_key_id: Option<String>,
    /// Their key, if they have one.
    pub key: Option<MemberKeyView>,
}

/// The key that is pinned to somebody.
#[derive(Clone, Debug, Serialize)]
pub struct MemberKeyView {
    /// The fingerprint of the primary key.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub fingerprint: Fingerprint,
    /// Whether somebody made sure that it is theirs.
    pub confirmed: bool,
    /// `usable`, or why it is not.
    pub state: String,
    /// When its encryption key ends.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub expires: Option<Instant>,
}

/// Shows them.
///
/// # Errors
/// When they are not on the list, or the actor may not see its members.
pub async fn show_member(
    site: &Site,
    actor: &Actor,
    list: &Address,
    address: &Address,
) -> Result<MemberView, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let subscriptions = site.database.subscription(row.id, address).await?;
    if subscriptions.is_empty() {
        return Err(OperationError::NotFound(format!(
            "{address} is not on {list}; `chancery member list {list}` names those who are"
        )));
    }
    let pin = site.database.pin_of(row.id, address).await?;
    Ok(view(address, &subscriptions, pin.as_ref().map(|pin| &pin.facts), site.now()))
}

/// The view of one person's rows.
pub(crate) fn view(
    address: &Address,
    subscriptions: &[SubscriptionRow],
    pin: Option<&PinFacts>,
    now: Instant,
) -> MemberView {
    let first = subscriptions.first();
    let member = subscriptions.iter().find(|row| row.role == Role::Member.as_str()).or(first);
    MemberView {
        address: address.clone(),
        display_name: member.map(|row| row.display_name.clone()).unwrap_or_default(),
        roles: subscriptions.iter().map(|row| row.role.clone()).collect(),
        enabled: member.is_some_and(|row| row.enabled),
        copies: copies(member, pin, now),
        moderation: member.and_then(|row| row.moderation.clone()),
        recipient_key_id: member.and_then(|row| row.recipient_key_id.clone()),
        key: pin.map(|pin| MemberKeyView {
            fingerprint: pin.fingerprint.clone(),
            confirmed: pin.confirmed,
            state: state_now(pin, now).as_str().to_owned(),
            expires: pin.key_expires,
        }),
    }
}

fn copies(member: Option<&SubscriptionRow>, pin: Option<&PinFacts>, now: Instant) -> String {
    match member {
        Some(row) if row.role != Role::Member.as_str() => "not a member, gets no posts".to_owned(),
        Some(row) => match usable_copy(row.enabled, pin, now) {
            Ok(()) => "encrypted".to_owned(),
            Err(why) => why.plain_words().to_owned(),
        },
        None => String::new(),
    }
}
