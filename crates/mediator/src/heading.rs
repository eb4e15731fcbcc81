// SPDX-License-Identifier: GPL-3.0-or-later
//! The header that counts of a message that was opened: field by field, what stood inside the
//! protection, and only where nothing stood there, what stood outside.
//!
//! Programs protect different fields: Thunderbird nearly all, NeoMutt and Mutt the Subject alone. A
//! field that was not protected is named, so that readers are told who did not sign it.

use chancery_crypto::{Content, Opened};
use chancery_mail::{Entity, Form, Letterhead, MalformedFrom, Public, letterhead, protected_letterhead};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str, outer: &str) -> Heading {
        let entity = |text: &str| letterhead(&Entity::<Public>::new(text.replace('\n', "\r\n").into_bytes()));
        joined(entity(inner), entity(outer))
    }

    #[test]
    fn the_inner_fields_count() {
        let header = read(
            "From: alice@example.org\nSubject: inside\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n\n",
            "From: mallory@example.org\nSubject: [...]\nDate: Wed, 15 Nov 2023 22:13:20 +0000\n\n",
        );
        assert_eq!(header.letterhead.from.unwrap().address.to_string(), "alice@example.org");
        assert_eq!(header.letterhead.subject.as_str(), "inside");
        assert_eq!(header.unprotected, Vec::<&str>::new());
    }

    #[test]
    fn where_only_the_subject_is_protected_the_others_are_marked() {
        let header = read(
            "Subject: inside\n\n",
            "From: alice@example.org\nSubject: ...\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n\n",
        );
        assert_eq!(header.letterhead.from.unwrap().address.to_string(), "alice@example.org");
        assert_eq!(header.letterhead.subject.as_str(), "inside");
        assert_eq!(header.unprotected, ["From", "Date"]);
    }

    #[test]
    fn an_outer_from_does_not_stand_in_for_a_malformed_one() {
        let header = read("From: alice@example.org, bob@example.org\n\n", "From: alice@example.org\n\n");
        assert!(header.letterhead.from.is_err());
    }
}
