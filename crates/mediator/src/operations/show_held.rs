// SPDX-License-Identifier: GPL-3.0-or-later
//! A held post for the eyes of one owner or moderator: encrypted to their key, never printed.

use std::sync::Arc;

use chancery_crypto::{RecipientKey, RecipientKeyId, seal};
use chancery_lists::Role;
use chancery_mail::Address;
use chancery_mail::compose::sealed_message_frame;
use chancery_store::{HeldId, KeyPurpose};

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::departure::Departure;
use crate::face::list_face;
use crate::reach::{MOST_OWNERS, usable_copy};
use crate::settings::settings_of;
use crate::staff_letter::{Preface, staff_letter};
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{OperationError, Site, blocking};

/// The whole message, PGP/MIME encrypted to `reader`, ready to be opened by a mail program. The
/// operator names the reader; without one it is the list's only owner.
///
/// # Errors
/// When there is no such held post, or the reader is no owner or moderator with a usable key.
pub async fn show_held(
    site: &Arc<Site>,
    actor: &Actor,
    list: &Address,
    held: i64,
    reader: Option<&Address>,
) -> Result<Vec<u8>, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Moderate, Some(row.id)).await?;
    let found =
        site.database.held_by_id(HeldId(held)).await?.filter(|found| found.list == row.id).ok_or_else(
            || {
                OperationError::NotFound(format!(
                    "no held post {held} on {list}; `chancery held list {list}` names those there are"
                ))
            },
        )?;
    let reader = match (actor, reader) {
        (Actor::Person(address), _) => address.clone(),
        (Actor::Operator, Some(address)) => address.clone(),
        (Actor::Operator, None) => only_owner(site, row.id, list).await?,
    };
    authorize(site, &Actor::Person(reader.clone()), Permission::Moderate, Some(row.id)).await?;
    let now = site.now();
    let pin = site.database.pin_of(row.id, &reader).await?;
    usable_copy(true, pin.as_ref().map(|pin| &pin.facts), now)
        .map_err(|why| OperationError::Conflict(format!("{reader} cannot read it: {}", why.plain_words())))?;
    let key = pin
        .and_then(|pin| pin.recipient_key)
        .and_then(|octets| RecipientKey::from_octets(&octets).ok())
        .ok_or_else(|| OperationError::Conflict(format!("{reader} has no usable key")))?;
    let received = crate::intake::withdraw_received(site, row.id, found.sealed).await?;
    let signing = site.vault()?.keyring(&site.database, row.id, KeyPurpose::Posting, now).await?;
    let face = list_face(&row, &settings_of(&row)?, &signing);
    let mut chance = site.chance();
    let findings = found.findings;
    blocking(move || {
        let opened = chancery_crypto::open(&received, &signing, &mut |_| Vec::new(), now);
        let words = format!("This post is held: {findings}\nHeld post number: {held}");
        let preface = Preface { tag: "[held]", words };
        let (payload, outer) = staff_letter(&face, &received, &opened, &preface, now, &mut chance);
        let frame = Arc::new(sealed_message_frame(outer.octets(), &mut chance));
        let (body, session_key) = seal(&payload, &signing, key.format(), now).map_err(crypto)?;
        let copy = body.wrap(&session_key, &key, RecipientKeyId::Shown).map_err(crypto)?;
        let departure = Departure::Sealed { frame, copy };
        departure.check().map_err(|error| WorkError::Unworkable(error.to_string()))?;
        Ok(departure.slices().concat())
    })
    .await
    .map_err(OperationError::from)
}

async fn only_owner(
    site: &Site,
    list: chancery_store::ListId,
    address: &Address,
) -> Result<Address, OperationError> {
    let owners = site.database.subscriptions(list, Some(Role::Owner.as_str()), None, MOST_OWNERS).await?;
    match owners.as_slice() {
        [one] => Ok(one.subscription.address.clone()),
        [] => Err(OperationError::Conflict(format!(
            "{address} has no owner who could read it; add one with `chancery member add {address} ADDRESS --role \
             owner --key FILE --confirmed`"
        ))),
        _ => Err(OperationError::invalid(
            "to",
            "the list has several owners",
            "Say for whom it is to be encrypted: --to ADDRESS",
        )),
    }
}
