// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys do not stay as they were: list keys are extended each year, and what is cached of members'
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
/// A cached key is looked at again after this.
const REFRESH_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How many cached keys are looked at in one go.
const BATCH: u32 = 500;

/// For how long given answers are remembered: longer than any budget asks.
const REPLIES_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// One round. What is wrong with one list or one key is logged and keeps no other from its turn.
pub(crate) async fn look_after_keys(site: &Site) -> Result<(), OperationError> {
    for list in site.database.lists().await? {
        if let Err(error) = extend_list_key(site, list.id).await {
            tracing::error!(list = list.id.0, %error, "could not extend the list's key");
        }
    }
    refresh_pins(site).await?;
    site.database.forget_replies(site.now().before(REPLIES_KEPT)).await?;
    Ok(())
}

async fn extend_list_key(site: &Site, list: ListId) -> Result<(), OperationError> {
    let now = site.now();
    let rows = site.database.list_keys(list, KeyPurpose::Posting).await?;
    let Some(row) = rows.into_iter().find(|row| row.state == ListKeyState::Active) else { return Ok(()) };
    let facts = Certificate::parse(&row.public).map_err(crypto)?.facts(now);
    if facts.expires.is_none_or(|expires| expires > now.after(EXTEND_WHEN_LEFT)) {
        return Ok(());
    }
    let vault = site.vault()?;
    let pair = vault.open_key(list, KeyPurpose::Posting, &row)?;
    let extended = pair.extend(now.after(POSTING_KEY_LIFETIME), now).map_err(crypto)?;
    let sealed = vault.seal_key(list, KeyPurpose::Posting, &extended)?;
    site.database.replace_key_material(row.id, &extended.certificate().octets(), &sealed).await?;
    tracing::info!(list = list.0, "extended the list's key by two years");
    Ok(())
}

async fn refresh_pins(site: &Site) -> Result<(), OperationError> {
    loop {
        let now = site.now();
        let due = site.database.pins_due(now.before(REFRESH_AFTER), now, BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        for pin in due {
            let refresh = refreshed(&pin, now);
            match site.database.refresh_pin(pin.id, &refresh).await {
                // They left, or took another key, while we looked.
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What is to be cached of a key now. Of a certificate that does not read any more, that there is
/// none: its member gets no copies and is named to the owners.
fn refreshed(pin: &PinRow, now: Instant) -> PinRefresh {
    match Certificate::parse(&pin.certificate) {
        Ok(certificate) => {
            let fresh = new_pin(&certificate, pin.facts.confirmed, now);
            PinRefresh {
                certificate: None,
                recipient_key: fresh.recipient_key,
                format: fresh.format,
                key_state: fresh.key_state,
                key_expires: fresh.key_expires,
                checked_at: now,
            }
        }
        Err(error) => {
            tracing::error!(pin = pin.id.0, %error, "a member's certificate does not read any more");
            PinRefresh {
                certificate: None,
                recipient_key: None,
                format: None,
                key_state: KeyState::Missing.as_str().to_owned(),
                key_expires: None,
                checked_at: now,
            }
        }
    }
}
