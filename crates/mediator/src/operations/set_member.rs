// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes one person's subscription: delivery, moderation, key, how their copies are addressed.

use chancery_lists::{Disposition, RecipientKeyIdMode};
use chancery_mail::Address;
use chancery_store::SubscriptionChange;

use super::find::find_list;
use super::show_member::{MemberView, show_member};
use crate::actor::{Actor, Permission, authorize};
use crate::enrol::{GivenKey, certificate, enrol};
use crate::{OperationError, Site};

/// What to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    /// Whether copies are delivered.
    pub enabled: Option<bool>,
    /// What happens to their posts whatever the list's default; `Some(None)` takes the default again.
    pub moderation: Option<Option<Disposition>>,
    /// `hidden` or `shown`; `Some(None)` takes the list's default again.
    pub recipient_key_id: Option<Option<String>>,
    /// Another public key in place of theirs.
    pub key: Option<Vec<u8>>,
    /// Whether the caller has made sure that the (new or present) key is theirs.
    pub confirmed: bool,
    /// Whether a key that does not name the address is theirs all the same.
    pub any_user_id: bool,
}

/// Changes it. What waits for delivery follows at once: each copy is made with the key of the moment.
///
/// # Errors
/// When they are not on the list, or the key cannot be used.
pub async fn set_member(
    site: &Site,
    actor: &Actor,
    list: &Address,
    address: &Address,
    change: MemberChange,
) -> Result<MemberView, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    show_member(site, actor, list, address).await?;
    let now = site.now();
    let key = match &change.key {
        Some(octets) => Some(GivenKey {
            certificate: certificate(octets)?,
            confirmed: change.confirmed,
            any_user_id: change.any_user_id,
            replaces: true,
        }),
        None => None,
    };
    if let Some(Some(word)) = &change.recipient_key_id {
        word.parse::<RecipientKeyIdMode>().map_err(|error| {
            OperationError::invalid("recipient_key_id", error.to_string(), "Give `hidden` or `shown`")
        })?;
    }
    let mut transaction = site.database.begin().await?;
    let subscriptions = transaction.subscription(row.id, address).await?;
    if subscriptions.is_empty() {
        return Err(OperationError::NotFound(format!("{address} has left {list} meanwhile")));
    }
    for subscription in subscriptions {
        let words = SubscriptionChange {
            display_name: None,
            enabled: change.enabled,
            moderation: change.moderation.map(|own| own.map(|disposition| disposition.as_str().to_owned())),
            recipient_key_id: change.recipient_key_id.clone(),
        };
        transaction.set_subscription(subscription.id, &words).await?;
    }
    match (&key, change.confirmed) {
        (Some(key), _) => enrol(&mut transaction, row.id, address, key, now).await?,
        (None, true) => match transaction.pin_of(row.id, address).await? {
            Some(pin) => transaction.confirm_pin(row.id, address, &pin.facts.fingerprint).await?,
            None => {
                return Err(OperationError::invalid(
                    "confirmed",
                    format!("{address} has no key to confirm"),
                    "Add --key FILE with their public key",
                ));
            }
        },
        (None, false) => {}
    }
    transaction.commit().await?;
    show_member(site, actor, list, address).await
}
