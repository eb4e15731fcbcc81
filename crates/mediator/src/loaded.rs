// SPDX-License-Identifier: GPL-3.0-or-later
//! A departure, read from the store and unwrapped: what all its copies have in common.

use std::collections::HashMap;
use std::sync::Arc;

use chancery_crypto::{RecipientKeyId, SealedBody, SessionKey};
use chancery_lists::RecipientKeyIdMode;
use chancery_mail::compose::{Frame, sealed_message_frame};
use chancery_mail::{Address, Entity, Instant, Public};
use chancery_store::{DeliveryRow, KeyPurpose, ListId};

use crate::departure::{PUBLIC, unmark_public};
use crate::settings::settings_of;
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// What the copies of one departure are made of.
pub(crate) struct Loaded {
    pub(crate) list: ListId,
    pub(crate) created: Instant,
    /// The list's own address.
    pub(crate) address: Address,
    pub(crate) default_key_id: RecipientKeyId,
    pub(crate) form: LoadedForm,
}

/// How they leave.
pub(crate) enum LoadedForm {
    /// One sealed body for each format, with its session key.
    Sealed { frame: Arc<Frame>, bodies: HashMap<String, (SealedBody, SessionKey)> },
    /// The same octets for everybody.
    Public(Arc<Entity<Public>>),
}

/// Reads and unwraps the departure of a claimed delivery.
pub(crate) async fn load(site: &Arc<Site>, row: &DeliveryRow) -> Result<Loaded, WorkError> {
    let list = site
        .database
        .list_by_id(row.list)
        .await?
        .ok_or_else(|| WorkError::Unworkable("the list is gone".to_owned()))?;
    let settings = settings_of(&list)?;
    let departure = site
        .database
        .departure(row.departure)
        .await?
        .ok_or_else(|| WorkError::Unworkable("the departure is gone".to_owned()))?;
    let keyring = site.vault()?.keyring(&site.database, row.list, KeyPurpose::Storage, site.now()).await?;
    let mut stored = Vec::new();
    for format in &departure.formats {
        if let Some(body) = site.database.departure_body(row.departure, format).await? {
            stored.push((format.clone(), body));
        }
    }
    let mut chance = site.chance();
    let form = blocking(move || {
        if departure.formats.iter().any(|format| format == PUBLIC) {
            let octets = match stored.first() {
                Some((_, body)) => chancery_crypto::withdraw(body, &keyring).map_err(crypto)?,
                None => return Err(WorkError::Unworkable("the departure has no body".to_owned())),
            };
            let entity = unmark_public(&octets)
                .ok_or_else(|| WorkError::Unworkable("a sealed body is marked as public".to_owned()))?;
            return Ok(LoadedForm::Public(Arc::new(entity)));
        }
        let header = chancery_crypto::withdraw(&departure.sealed_header, &keyring).map_err(crypto)?;
        let frame = Arc::new(sealed_message_frame(&header, &mut chance));
        let mut bodies = HashMap::new();
        for (format, body) in stored {
            bodies.insert(format, SealedBody::withdraw(&body, &keyring).map_err(crypto)?);
        }
        Ok(LoadedForm::Sealed { frame, bodies })
    })
    .await?;
    Ok(Loaded {
        list: row.list,
        created: departure.created,
        address: list.address,
        default_key_id: match settings.recipient_key_id {
            RecipientKeyIdMode::Hidden => RecipientKeyId::Hidden,
            RecipientKeyIdMode::Shown => RecipientKeyId::Shown,
        },
        form,
    })
}
