// SPDX-License-Identifier: GPL-3.0-or-later
//! Which header fields of a letter count: those inside the protection; and where an older program
//! protected only some (a Subject alone, as Enigmail did), the outer ones beside them, marked as
//! signed by nobody.

use chancery_crypto::{Content, Opened};
use chancery_mail::{Entity, Form, Letterhead, MalformedFrom, Public, letterhead, protected_letterhead};

/// The header that is judged, shown and logged.
pub(crate) struct EffectiveHeader {
    pub(crate) letterhead: Letterhead,
    /// Those shown to readers that stood outside the protection, where anybody on the way could
    /// change them.
    pub(crate) unprotected: Vec<&'static str>,
}

/// Reads the header of an opened message.
pub(crate) fn effective_header(received: &Entity<Public>, opened: &Opened) -> EffectiveHeader {
    let outer = letterhead(received);
    let inner = match (&opened.content, opened.summary.form) {
        (Content::Cleartext(payload), _) => protected_letterhead(payload),
        // Only what a signature spans: parameters of an unsigned message are anybody's words.
        (Content::Public(message), Form::PgpMimeSigned) => protected_letterhead(message),
        (Content::Public(_) | Content::None, _) => None,
    };
    match inner {
        Some(inner) => filled_up(inner, outer),
        None => EffectiveHeader { letterhead: outer, unprotected: vec!["From", "Subject", "Date"] },
    }
}

/// What is missing inside is taken from outside. A From that is there but malformed is not missing:
/// an outer one must not stand in for it.
fn filled_up(mut inner: Letterhead, outer: Letterhead) -> EffectiveHeader {
    let mut unprotected = Vec::new();
    if matches!(inner.from, Err(MalformedFrom::Missing)) {
        inner.from = outer.from;
        unprotected.push("From");
    }
    if inner.subject.is_empty() && !outer.subject.is_empty() {
        inner.subject = outer.subject;
        unprotected.push("Subject");
    }
    if inner.date.is_none() {
        inner.date = outer.date;
        inner.date_text = outer.date_text;
        unprotected.push("Date");
    }
    inner.message_id = inner.message_id.or(outer.message_id);
    if inner.in_reply_to.is_empty() && inner.references.is_empty() {
        inner.in_reply_to = outer.in_reply_to;
        inner.references = outer.references;
    }
    inner.automatic |= outer.automatic;
    EffectiveHeader { letterhead: inner, unprotected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str, outer: &str) -> EffectiveHeader {
        let entity = |text: &str| letterhead(&Entity::<Public>::new(text.replace('\n', "\r\n").into_bytes()));
        filled_up(entity(inner), entity(outer))
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
