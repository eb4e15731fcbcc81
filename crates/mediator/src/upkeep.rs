// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys do not stay as they were: list keys are extended each year and destroyed when
//! their time is over, and what is cached of members'
//! keys is computed anew once a day and whenever it ends.

use std::time::Duration;

use chancery_crypto::Certificate;
use chancery_mail::{Instant, KeyState};
use chancery_store::{KeyPurpose, ListId, ListKeyState, PinRefresh, PinRow, StoreError};

use crate::operations::create_list::POSTING_KEY_LIFETIME;
use crate::pin::new_pin;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// A posting key is extended when less than this is left.
const EXTEND_WHEN_LEFT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Under this name it is noted that deleted octets are still to be overwritten.
const TO_OVERWRITE: &str = "to_overwrite";
/// A cached key is looked at again after this.
const REFRESH_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How many cached keys are looked at in one go.
const BATCH: u32 = 500;

/// How long the budgets of automatic answers look back, at most.
const REMEMBER_REPLIES: Duration = Duration::from_secs(24 * 3600);
/// How long the owner's log is kept.
const KEEP_LOG: Duration = Duration::from_secs(400 * 24 * 3600);

/// One round. What cannot be mended for one list or person does not keep the others waiting.
pub(crate) async fn look_after_keys(site: &Site) -> Result<(), OperationError> {
    let now = site.now();
    let mut destroyed = false;
    for list in site.database.lists().await? {
        match look_after_list(site, list.id).await {
            Ok(some) => destroyed |= some,
            Err(error) => tracing::error!(list = list.id.0, %error, "could not look after the list's keys"),
        }
    }
    refresh_pins(site).await?;
    site.database.forget_replies(now.before(REMEMBER_REPLIES)).await?;
    site.database.forget_log(now.before(KEEP_LOG)).await?;
    if destroyed || site.database.site_value(TO_OVERWRITE).await?.is_some_and(|value| !value.is_empty()) {
        overwrite(site).await;
    }
    Ok(())
}

/// Takes what was deleted out of all files. Where somebody else is at work in the database, that is
/// noted, and done in the next round: the deletion itself is done already.
pub(crate) async fn overwrite(site: &Site) {
    let overwritten = site.database.scrub().await;
    let left: &[u8] = if overwritten.is_ok() { b"" } else { b"yes" };
    if let Err(error) = overwritten {
        tracing::warn!(%error, "deleted octets are overwritten later");
    }
    if let Err(error) = site.database.put_site_value(TO_OVERWRITE, left).await {
        tracing::warn!(%error, "could not note whether deleted octets were overwritten");
    }
}

/// Extends the key in use, and destroys those whose time to open mail is over; `true` if there were
/// any.
async fn look_after_list(site: &Site, list: ListId) -> Result<bool, OperationError> {
    let (vault, now) = (site.vault()?, site.now());
    let mut destroyed = false;
    for row in site.database.list_keys(list, KeyPurpose::Posting).await? {
        if row.opens_until.is_some_and(|until| until <= now) {
            site.database.destroy_key(row.id).await?;
            tracing::info!(list = list.0, "destroyed a key whose time was over");
            destroyed = true;
            continue;
        }
        let expires = Certificate::parse(&row.public).map_err(crypto)?.facts(now).expires;
        let ends_soon = expires.is_some_and(|expires| expires <= now.after(EXTEND_WHEN_LEFT));
        if row.state == ListKeyState::Active && ends_soon {
            let pair = vault.open_key(list, KeyPurpose::Posting, &row)?;
            let extended = pair.extend(now.after(POSTING_KEY_LIFETIME), now).map_err(crypto)?;
            let sealed = vault.seal_key(list, KeyPurpose::Posting, &extended)?;
            site.database.replace_key_material(row.id, &extended.certificate().octets(), &sealed).await?;
            tracing::info!(list = list.0, "extended the list's key by two years");
        }
    }
    Ok(destroyed)
}

async fn refresh_pins(site: &Site) -> Result<(), OperationError> {
    loop {
        let now = site.now();
        let due = site.database.pins_due(now.before(REFRESH_AFTER), now, BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        for pin in due {
            match site.database.refresh_pin(pin.id, &look_again(&pin, now)).await {
                // They left, or took another key, while we looked.
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a stored certificate is good for now.
fn look_again(pin: &PinRow, now: Instant) -> PinRefresh {
    let unreadable = PinRefresh {
        certificate: None,
        recipient_key: None,
        format: None,
        key_state: KeyState::Missing.as_str().to_owned(),
        key_expires: None,
        checked_at: now,
    };
    match Certificate::parse(&pin.certificate) {
        Ok(certificate) => {
            let fresh = new_pin(&certificate, pin.facts.confirmed, now);
            PinRefresh {
                recipient_key: fresh.recipient_key,
                format: fresh.format,
                key_state: fresh.key_state,
                key_expires: fresh.key_expires,
                ..unreadable
            }
        }
        Err(error) => {
            tracing::error!(pin = pin.id.0, %error, "a stored certificate does not parse");
            unreadable
        }
    }
}
