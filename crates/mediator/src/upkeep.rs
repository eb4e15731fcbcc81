// SPDX-License-Identifier: GPL-3.0-or-later
//! What is seen to once an hour: list keys are extended and, when their time is over, destroyed; what
//! is cached of members' keys is computed anew once a day and whenever it ends; old lines of logs and
//! budgets are forgotten; deleted octets are overwritten.

use std::time::Duration;

use chancery_crypto::Certificate;
use chancery_mail::{Instant, KeyState};
use chancery_store::{KeyPurpose, ListId, ListKeyState, PinRefresh, PinRow, StoreError};

use crate::list_keys::POSTING_KEY_LIFETIME;
use crate::overwrite::{mark_deleted, overwrite_deleted};
use crate::pin::new_pin;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// A posting key is extended when less than this is left.
const EXTEND_WHEN_LEFT: Duration = Duration::from_secs(365 * 24 * 3600);
/// A cached key is looked at again after this.
const REFRESH_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How many cached keys are looked at in one go.
const BATCH: u32 = 500;

/// How long the budgets of automatic answers look back, at most.
const REMEMBER_REPLIES: Duration = Duration::from_secs(24 * 3600);
/// How long the owner's log is kept.
const KEEP_LOG: Duration = Duration::from_secs(400 * 24 * 3600);

/// One round. What cannot be mended for one list or person does not keep the others waiting.
pub(crate) async fn look_after_site(site: &Site) -> Result<(), OperationError> {
    let now = site.now();
    for list in site.database.lists().await? {
        let looked_after = async {
            destroy_retired(site, list.id).await?;
            extend(site, list.id).await
        };
        if let Err(error) = looked_after.await {
            tracing::error!(list = list.id.0, %error, "could not look after the list's keys");
        }
    }
    overwrite_deleted(site).await;
    site.database.forget_replies(now.before(REMEMBER_REPLIES)).await?;
    site.database.forget_log(now.before(KEEP_LOG)).await?;
    refresh_pins(site).await
}

/// Destroys the keys whose time to open mail is over, and revoked ones in whose place a newer stands:
/// whoever comes later finds nothing to open old mail with.
async fn destroy_retired(site: &Site, list: ListId) -> Result<(), OperationError> {
    let now = site.now();
    let rows = site.database.list_keys(list, KeyPurpose::Posting).await?;
    for (place, row) in rows.iter().enumerate() {
        let over = row.opens_until.is_some_and(|until| until <= now);
        let replaced = place > 0 && row.state == ListKeyState::Revoked;
        if over || replaced {
            let mut transaction = site.database.begin().await?;
            transaction.destroy_key(row.id).await?;
            mark_deleted(&mut transaction).await?;
            transaction.commit().await?;
            tracing::info!(list = list.0, "destroyed a key whose time was over");
        }
    }
    Ok(())
}

/// Gives the key in use another two years when less than one is left.
async fn extend(site: &Site, list: ListId) -> Result<(), OperationError> {
    let (vault, now) = (site.vault()?, site.now());
    // Read and written in one transaction: a revocation that comes between must not be overwritten.
    let mut transaction = site.database.begin().await?;
    for row in transaction.list_keys(list, KeyPurpose::Posting).await? {
        let expires = Certificate::parse(&row.public).map_err(crypto)?.facts(now).expires;
        let ends_soon = expires.is_some_and(|expires| expires <= now.after(EXTEND_WHEN_LEFT));
        if row.state == ListKeyState::Active && ends_soon {
            let pair = vault.open_key(list, KeyPurpose::Posting, &row)?;
            let extended = pair.extend(now.after(POSTING_KEY_LIFETIME), now).map_err(crypto)?;
            let sealed = vault.seal_key(list, KeyPurpose::Posting, &extended)?;
            transaction.replace_key_material(row.id, &extended.certificate().octets(), &sealed).await?;
            tracing::info!(list = list.0, "extended the list's key by two years");
        }
    }
    Ok(transaction.commit().await?)
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
