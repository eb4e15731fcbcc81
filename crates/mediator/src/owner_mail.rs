// SPDX-License-Identifier: GPL-3.0-or-later
//! Mail to `LIST-owner`: for the owners, encrypted to each of them, however it came.

use std::sync::Arc;

use chancery_crypto::{BodyFormat, Content, Keyring, seal};
use chancery_lists::Role;
use chancery_mail::compose::{random_message_id, sealed_payload};
use chancery_mail::{
    AuthorPart, Entity, HeaderProtection, PostHeader, Provenance, author_entity, outer_header,
};
use chancery_store::{DepartureKind, InboundRow, KeyPurpose, ListRow, NewDeparture, NewLogLine};
use zeroize::Zeroizing;

use crate::distribute::{list_face, storage_certificate};
use crate::operations::find::settings_of;
use crate::operations::show_list::MOST_OWNERS;
use crate::operations::show_member::usable_copy;
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
        let outer = chancery_mail::letterhead(&received);
        let mut compose = |payload: OwnedEntity| {
            let inner = match &payload {
                OwnedEntity::Cleartext(entity) => chancery_mail::protected_letterhead(entity),
                OwnedEntity::Public(_) => None,
            };
            let letterhead = inner.as_ref().unwrap_or(&outer);
            let header = PostHeader {
                message_id: random_message_id(face.address.domain(), &mut chance),
                date: letterhead.date.unwrap_or(now),
                date_text: letterhead.date_text.clone(),
                subject: Zeroizing::new(format!("[to the owners] {}", letterhead.subject.as_str())),
                from_display: face.display_name.clone(),
                in_reply_to: Vec::new(),
                references: Vec::new(),
                protection: HeaderProtection::Subject,
            };
            let from = letterhead.from.as_ref().map(|mailbox| mailbox.address.to_string());
            let result =
                format!("{RESULT}\nIt says it is from: {}", from.unwrap_or_else(|_| "nobody".to_owned()));
            let outer = Zeroizing::new(outer_header(&face, &header).0);
            let sealed = match &payload {
                OwnedEntity::Cleartext(entity) => letter(&face, &header, &result, entity, &mut chance),
                OwnedEntity::Public(entity) => letter(&face, &header, &result, entity, &mut chance),
            };
            (sealed, outer)
        };
        let (payload, outer) = match opened.content {
            Content::Cleartext(entity) => compose(OwnedEntity::Cleartext(entity)),
            Content::Public(_) | Content::None => compose(OwnedEntity::Public(author_entity(&received))),
        };
        let bodies = bodies(&payload, &signing, &storage, &formats, now)?;
        let sealed_header = chancery_crypto::deposit(&outer, &storage).map_err(crypto)?;
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

enum OwnedEntity {
    Cleartext(Entity<chancery_mail::Cleartext>),
    Public(Entity<chancery_mail::Public>),
}

fn letter<P: Provenance>(
    face: &chancery_mail::ListFace,
    header: &PostHeader,
    result: &str,
    entity: &Entity<P>,
    chance: &mut rand::rngs::StdRng,
) -> Entity<chancery_mail::Cleartext> {
    sealed_payload(face, header, result, AuthorPart::AsReceived(entity), None, chance)
}

/// One sealed body for each format that somebody needs, as it lies in the store.
pub(crate) fn bodies(
    payload: &Entity<chancery_mail::Cleartext>,
    signing: &Keyring,
    storage: &chancery_crypto::Certificate,
    formats: &[BodyFormat],
    now: chancery_mail::Instant,
) -> Result<Vec<(String, Vec<u8>)>, WorkError> {
    let mut bodies = Vec::new();
    for format in formats {
        let (body, session_key) = seal(payload, signing, *format, now).map_err(crypto)?;
        bodies.push((format.as_str().to_owned(), body.deposit(&session_key, storage).map_err(crypto)?));
    }
    Ok(bodies)
}
