// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys do not stay as they were: list keys are extended each year, and what is cached of members'
//! keys is computed anew once a day and whenever it ends.

use std::time::Duration;

use chancery_crypto::Certificate;
use chancery_store::{KeyPurpose, ListKeyState, PinRefresh, StoreError};

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

/// One round.
pub(crate) async fn look_after_keys(site: &Site) -> Result<(), OperationError> {
    extend_list_keys(site).await?;
    refresh_pins(site).await
}

async fn extend_list_keys(site: &Site) -> Result<(), OperationError> {
    let vault = site.vault()?;
    let now = site.now();
    for list in site.database.lists().await? {
        let rows = site.database.list_keys(list.id, KeyPurpose::Posting).await?;
        let Some(row) = rows.into_iter().find(|row| row.state == ListKeyState::Active) else { continue };
        let facts = Certificate::parse(&row.public).map_err(crypto)?.facts(now);
        let Some(expires) = facts.expires else { continue };
        if expires > now.after(EXTEND_WHEN_LEFT) {
            continue;
        }
        let pair = vault.open_key(list.id, KeyPurpose::Posting, &row)?;
        let extended = pair.extend(now.after(POSTING_KEY_LIFETIME), now).map_err(crypto)?;
        let sealed = vault.seal_key(list.id, KeyPurpose::Posting, &extended)?;
        site.database.replace_key_material(row.id, &extended.certificate().octets(), &sealed).await?;
        tracing::info!(list = list.id.0, "extended the list's key by two years");
    }
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
            let fresh = match Certificate::parse(&pin.certificate) {
                Ok(certificate) => new_pin(&certificate, pin.facts.confirmed, now),
                Err(error) => return Err(crypto(error)),
            };
            let refresh = PinRefresh {
                certificate: None,
                recipient_key: fresh.recipient_key,
                format: fresh.format,
                key_state: fresh.key_state,
                key_expires: fresh.key_expires,
                checked_at: now,
            };
            match site.database.refresh_pin(pin.id, &refresh).await {
                // They left, or took another key, while we looked.
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
