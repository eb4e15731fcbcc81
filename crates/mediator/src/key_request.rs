// SPDX-License-Identifier: GPL-3.0-or-later
//! Mail to `LIST-key`: anybody who asks gets the list's public key.

use std::sync::Arc;
use std::time::Duration;

use chancery_crypto::KeyHolder as _;
use chancery_mail::compose::{Attachment, Notice, notice, random_message_id};
use chancery_mail::{Address, Entity, Header, Public};
use chancery_store::{DepartureKind, InboundRow, KeyPurpose, ListRow, NewDeparture, NewLogLine};

use crate::departure::{PUBLIC, mark_public};
use crate::face::list_face;
use crate::list_keys::storage_certificate;
use crate::settings::settings_of;
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// How often one address is answered, at most: anybody can write anybody's address into an envelope.
const ONE_ANSWER_IN: Duration = Duration::from_secs(3600);

/// Answers with the key, unless the question is automatic, has no return path, or was answered
/// within the hour.
pub(crate) async fn send_key(
    site: &Arc<Site>,
    row: &InboundRow,
    list: &ListRow,
    sealed: Vec<u8>,
) -> Result<(), WorkError> {
    let now = site.now();
    let received = crate::intake::withdraw_received(site, list.id, sealed).await?;
    let letterhead = chancery_mail::letterhead(&received);
    let asker = reverse_path(&received).filter(|_| !letterhead.automatic);
    let mut transaction = site.database.begin().await?;
    let mut detail = "not answered: automatic, or without a return path";
    if let Some(asker) = asker {
        let who = budget_name(site, &asker)?;
        if transaction.replies_since(&who, now.before(ONE_ANSWER_IN)).await? > 0 {
            detail = "not answered: the same address was answered within the hour";
        } else {
            detail = "sent the list's public key";
            let departure = answer(site, list, &asker, letterhead.message_id.as_deref()).await?;
            let departure = transaction.add_departure(&departure).await?;
            transaction.add_delivery(departure, &asker, None, now).await?;
            transaction.note_reply(&who, now).await?;
        }
    }
    transaction
        .owner_log(&NewLogLine {
            list: list.id,
            at: now,
            event: "key request".to_owned(),
            finding: None,
            disposition: None,
            detail: detail.to_owned(),
            inbound: Some(row.lease.inbound),
        })
        .await?;
    transaction.finish_inbound(&row.lease).await?;
    transaction.commit().await?;
    site.bell.notify_waiters();
    Ok(())
}

/// The return path that intake wrote as the very first field.
fn reverse_path(received: &Entity<Public>) -> Option<Address> {
    let header = Header::of(received.octets());
    let first = header.fields().next().filter(|field| field.is("Return-Path"))?;
    first.body().trim().trim_start_matches('<').trim_end_matches('>').parse().ok()
}

/// The address as the budget remembers it: nobody reads from the table who asked.
fn budget_name(site: &Site, address: &Address) -> Result<Vec<u8>, WorkError> {
    let key = site.vault()?.derive("reply budget")?;
    Ok(chancery_crypto::authentication_code(&key, address.canonical().as_bytes()).map_err(crypto)?)
}

async fn answer(
    site: &Arc<Site>,
    list: &ListRow,
    asker: &Address,
    in_reply_to: Option<&str>,
) -> Result<NewDeparture, WorkError> {
    let now = site.now();
    let signing = site.vault()?.keyring(&site.database, list.id, KeyPurpose::Posting, now).await?;
    let storage = storage_certificate(site, list.id).await?;
    let face = list_face(list, &settings_of(list)?, &signing);
    let mut chance = site.chance();
    let (list, asker, in_reply_to) = (list.id, asker.clone(), in_reply_to.map(str::to_owned));
    blocking(move || {
        let certificate = signing.certificate();
        let text = format!(
            "The public key of {} is attached.\n\nFingerprint: {}\n\nCompare the fingerprint with somebody who \
             knows it before you trust the key,\nthen encrypt to it what you write to the list.\n",
            face.address,
            certificate.fingerprint()
        );
        let armored = certificate.armored();
        let file = format!("{}.asc", face.address.local());
        let attachments = [Attachment {
            media_type: "application/pgp-keys",
            file_name: &file,
            octets: armored.as_bytes(),
        }];
        let message_id = random_message_id(face.address.domain(), &mut chance);
        let subject = format!("The key of {}", face.address);
        let words = Notice {
            to: &asker,
            subject: &subject,
            text: &text,
            attachments: &attachments,
            in_reply_to: in_reply_to.as_deref(),
            date: now,
            message_id: &message_id,
        };
        let reply = notice(&face, &words, &mut chance);
        let body = chancery_crypto::deposit(&mark_public(&reply), &storage).map_err(crypto)?;
        Ok(NewDeparture {
            list,
            kind: DepartureKind::Notice,
            bodies: vec![(PUBLIC.to_owned(), body)],
            sealed_header: Vec::new(),
            created: now,
        })
    })
    .await
}
