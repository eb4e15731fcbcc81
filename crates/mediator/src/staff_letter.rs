// SPDX-License-Identifier: GPL-3.0-or-later
//! A received letter for the eyes of owners or moderators: what it is and why they see it first,
//! then the letter as it came. What was encrypted is encrypted again, to them.

use chancery_crypto::{Content, Opened};
use chancery_mail::compose::{random_message_id, sealed_payload};
use chancery_mail::{
    AuthorPart, Cleartext, Entity, HeaderProtection, Instant, ListFace, OuterHeader, PostHeader, Provenance,
    Public, author_entity, outer_header, remove_result_lookalikes_in_subject,
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
        subject: subject(preface.tag, &letterhead.subject),
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

/// The list signs this letter too, and has checked nobody's signature for it: a stranger who writes
/// `[signed]` into the subject must not have the list say so.
fn subject(tag: &str, words: &str) -> Zeroizing<String> {
    let words = remove_result_lookalikes_in_subject(words, chancery_lists::VERDICT_TAGS);
    Zeroizing::new(format!("{tag} {}", words.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_the_list_did_not_give_is_taken_out() {
        for words in ["[signed] pay mallory", "[ SIGNED ]pay mallory", "[si[signed]gned] pay mallory"] {
            assert_eq!(subject("[to the owners]", words).as_str(), "[to the owners] pay mallory", "{words}");
        }
    }
}
