// SPDX-License-Identifier: GPL-3.0-or-later
//! The header that counts of a message that was opened: field by field, what stood inside the
//! protection, and only where nothing stood there, what stood outside.
//!
//! Programs protect different fields: Thunderbird nearly all, NeoMutt and Mutt the Subject alone. A
//! field that was not protected is named, so that readers are told who did not sign it.

use chancery_crypto::{Content, Opened};
use chancery_mail::{
    Entity, Form, Letterhead, MalformedFrom, Public, letterhead, protected_letterhead,
    remove_result_lookalikes_in_subject,
};
use zeroize::Zeroizing;

/// The header of an opened message.
pub(crate) struct Heading {
    pub(crate) letterhead: Letterhead,
    /// Which of the fields that readers are shown stood outside the protection.
    pub(crate) unprotected: Vec<&'static str>,
}

/// Reads it.
pub(crate) fn heading(received: &Entity<Public>, opened: &Opened) -> Heading {
    let outer = letterhead(received);
    let inner = match &opened.content {
        Content::Cleartext(payload) => protected_letterhead(payload),
        // What is signed in clear has its header inside the signature; what is not signed has none.
        Content::Public(message) if opened.summary.form == Form::PgpMimeSigned => {
            protected_letterhead(message)
        }
        Content::Public(_) | Content::None => None,
    };
    match inner {
        Some(inner) => joined(inner, outer),
        None => Heading { letterhead: outer, unprotected: vec!["From", "Subject", "Date"] },
    }
}

fn joined(inner: Letterhead, outer: Letterhead) -> Heading {
    let mut letterhead = inner;
    let mut unprotected = Vec::new();
    // Two of them, or one that cannot be read, are not none: those are nobody.
    if letterhead.from.as_ref().is_err_and(|why| *why == MalformedFrom::Missing) {
        letterhead.from = outer.from;
        unprotected.push("From");
    }
    if letterhead.subject.is_empty() {
        letterhead.subject = outer.subject;
        unprotected.push("Subject");
    }
    if letterhead.date_text.is_none() {
        (letterhead.date, letterhead.date_text) = (outer.date, outer.date_text);
        unprotected.push("Date");
    }
    letterhead.message_id = letterhead.message_id.or(outer.message_id);
    if letterhead.in_reply_to.is_empty() {
        letterhead.in_reply_to = outer.in_reply_to;
    }
    if letterhead.references.is_empty() {
        letterhead.references = outer.references;
    }
    letterhead.automatic |= outer.automatic;
    Heading { letterhead, unprotected }
}

/// A subject of somebody's without what only the list may say of a signature.
pub(crate) fn without_tags(subject: &str) -> Zeroizing<String> {
    remove_result_lookalikes_in_subject(subject, chancery_lists::VERDICT_TAGS)
}
