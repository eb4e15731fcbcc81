// SPDX-License-Identifier: GPL-3.0-or-later
//! A received letter for the eyes of owners or moderators: what it is and why they see it first,
//! then the letter as it came. What was encrypted is encrypted again, to them.

use chancery_crypto::{Content, Opened};
use chancery_mail::compose::{random_message_id, sealed_payload};
use chancery_mail::{
    AuthorPart, Cleartext, Entity, HeaderProtection, Instant, ListFace, OuterHeader, PostHeader, Provenance,
    Public, author_entity, outer_header,
};
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use crate::effective_header::effective_header;

/// What stands above the letter.
pub(crate) struct Preface<'a> {
    /// Before its subject, such as `[held]`.
    pub(crate) tag: &'a str,
    /// Why they see it.
    pub(crate) words: String,
}

/// Composes it: the content to be sealed, and the header outside.
pub(crate) fn staff_letter(
    face: &ListFace,
    received: &Entity<Public>,
    opened: &Opened,
    preface: &Preface<'_>,
    now: Instant,
    chance: &mut StdRng,
) -> (Entity<Cleartext>, OuterHeader) {
    let letterhead = effective_header(received, opened).letterhead;
    let header = PostHeader {
        message_id: random_message_id(face.address.domain(), chance),
        date: letterhead.date.unwrap_or(now),
        date_text: letterhead.date_text,
        subject: Zeroizing::new(format!("{} {}", preface.tag, letterhead.subject.as_str())),
        from_display: face.display_name.clone(),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        protection: HeaderProtection::Subject,
    };
    let from = letterhead.from.map_or_else(|_| "nobody".to_owned(), |mailbox| mailbox.address.to_string());
    let result = format!("{}\nIt says it is from: {from}\n", preface.words);
    let payload = match &opened.content {
        Content::Cleartext(entity) => content(face, &header, &result, entity, chance),
        Content::Public(_) | Content::None => {
            content(face, &header, &result, &author_entity(received), chance)
        }
    };
    (payload, outer_header(face, &header))
}

fn content<P: Provenance>(
    face: &ListFace,
    header: &PostHeader,
    result: &str,
    entity: &Entity<P>,
    chance: &mut StdRng,
) -> Entity<Cleartext> {
    sealed_payload(face, header, result, AuthorPart::AsReceived(entity), None, chance)
}
