// SPDX-License-Identifier: GPL-3.0-or-later
//! Mail to `LIST-owner`: for the owners, encrypted to each of them, however it came.

use std::sync::Arc;

use chancery_crypto::BodyFormat;
use chancery_lists::Role;
use chancery_store::{DepartureKind, InboundRow, KeyPurpose, ListRow, NewDeparture, NewLogLine};

use crate::face::list_face;
use crate::list_keys::storage_certificate;
use crate::reach::{MOST_OWNERS, usable_copy};
use crate::sealed_bodies::sealed_bodies;
use crate::settings::settings_of;
use crate::staff_letter::{Preface, staff_letter};
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// What the owners read above the letter. It was judged by no rule of the list.
const RESULT: &str = "This letter came to the owners' address of the list. Who wrote it was not checked.";

/// Opens it if it can be opened, and seals it for each owner with a usable key.
pub(crate) async fn forward_to_owners(
    site: &Arc<Site>,
    row: &InboundRow,
    list: &ListRow,
    sealed: Vec<u8>,
) -> Result<(), WorkError> {
    let now = site.now();
    let mut owners = Vec::new();
    let mut formats = Vec::new();
    let rows = site.database.subscriptions(list.id, Some(Role::Owner.as_str()), None, MOST_OWNERS).await?;
    for row in rows {
        if usable_copy(true, row.key.as_ref(), now).is_ok() {
            let format = row.key.and_then(|key| BodyFormat::from_word(&key.format?));
            formats.extend(format.filter(|format| !formats.contains(format)));
            owners.push(row.subscription);
        }
    }
    if owners.is_empty() {
        return Err(WorkError::Unworkable(
            "no owner of the list has a confirmed, usable key; give one with `chancery member add --role owner --key` \
             and retry"
                .to_owned(),
        ));
    }
    let received = crate::intake::withdraw_received(site, list.id, sealed).await?;
    let signing = site.vault()?.keyring(&site.database, list.id, KeyPurpose::Posting, now).await?;
    let storage = storage_certificate(site, list.id).await?;
    let face = list_face(list, &settings_of(list)?, &signing);
    let mut chance = site.chance();
    let id = list.id;
    let departure = blocking(move || {
        // Nobody's signature decides anything here, so that no certificate is looked up.
        let opened = chancery_crypto::open(&received, &signing, &mut |_| Vec::new(), now);
        let preface = Preface { tag: "[to the owners]", words: RESULT.to_owned() };
        let (payload, outer) = staff_letter(&face, &received, &opened, &preface, now, &mut chance);
        let bodies = sealed_bodies(&payload, &signing, &storage, &formats, now)?;
        let sealed_header = chancery_crypto::deposit(outer.octets(), &storage).map_err(crypto)?;
        Ok(NewDeparture { list: id, kind: DepartureKind::OwnerMail, bodies, sealed_header, created: now })
    })
    .await?;
    let mut transaction = site.database.begin().await?;
    let departure = transaction.add_departure(&departure).await?;
    for owner in &owners {
        transaction.add_delivery(departure, &owner.address, Some(owner.id), now).await?;
    }
    transaction
        .owner_log(&NewLogLine {
            list: list.id,
            at: now,
            event: "owner mail".to_owned(),
            finding: None,
            disposition: None,
            detail: format!("forwarded to {} owners", owners.len()),
            inbound: Some(row.lease.inbound),
        })
        .await?;
    transaction.finish_inbound(&row.lease).await?;
    transaction.commit().await?;
    site.bell.notify_waiters();
    Ok(())
}
