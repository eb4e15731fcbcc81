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
    /// Which of its words could be read on the way to us.
    pub(crate) in_clear: InClear,
}

/// What somebody who carried the letter to us has read of its header. The rest came encrypted, and
/// neither goes to the disk nor leaves in clear, whatever the settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InClear {
    /// The address of the author.
    pub(crate) author: bool,
    /// The author's name.
    pub(crate) name: bool,
    /// The subject.
    pub(crate) subject: bool,
}

impl InClear {
    const ALL: Self = Self { author: true, name: true, subject: true };

    /// Of an encrypted letter: what its outer header says just as the inner one.
    fn both(inner: &Letterhead, outer: &Letterhead) -> Self {
        let mailboxes = inner.from.as_ref().ok().zip(outer.from.as_ref().ok());
        let author = mailboxes.is_some_and(|(inner, outer)| inner.address == outer.address);
        let name = mailboxes.is_some_and(|(inner, outer)| inner.display_name == outer.display_name);
        Self { author, name: author && name, subject: inner.subject == outer.subject }
    }
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
    let came_encrypted = matches!(opened.content, Content::Cleartext(_));
    match inner {
        Some(inner) => filled_up(inner, outer, came_encrypted),
        None => EffectiveHeader {
            letterhead: outer,
            unprotected: vec!["From", "Subject", "Date"],
            in_clear: InClear::ALL,
        },
    }
}

/// What is missing inside is taken from outside. A From that is there but malformed is not missing:
/// an outer one must not stand in for it.
fn filled_up(mut inner: Letterhead, outer: Letterhead, came_encrypted: bool) -> EffectiveHeader {
    let mut unprotected = Vec::new();
    if matches!(inner.from, Err(MalformedFrom::Missing)) {
        inner.from.clone_from(&outer.from);
        unprotected.push("From");
    }
    if inner.subject.is_empty() && !outer.subject.is_empty() {
        inner.subject.clone_from(&outer.subject);
        unprotected.push("Subject");
    }
    let in_clear = if came_encrypted { InClear::both(&inner, &outer) } else { InClear::ALL };
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
    EffectiveHeader { letterhead: inner, unprotected, in_clear }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str, outer: &str) -> EffectiveHeader {
        let entity = |text: &str| letterhead(&Entity::<Public>::new(text.replace('\n', "\r\n").into_bytes()));
        filled_up(entity(inner), entity(outer), true)
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
    fn what_only_the_inner_header_says_was_not_in_clear() {
        let inner = "From: Alice <alice@example.org>\nSubject: the raid\n\n";
        for (outer, author, name, subject) in [
            ("From: Alice <alice@example.org>\nSubject: the raid\n\n", true, true, true),
            ("From: Alice <alice@example.org>\nSubject: [...]\n\n", true, true, false),
            ("From: alice@example.org\nSubject: ...\n\n", true, false, false),
            ("From: nobody@example.org\nSubject: the raid\n\n", false, false, true),
            ("Subject: [...]\n\n", false, false, false),
        ] {
            assert_eq!(read(inner, outer).in_clear, InClear { author, name, subject }, "{outer:?}");
        }
        // What was taken from outside was there for all to read.
        let found = read("Date: Tue, 14 Nov 2023 22:13:20 +0000\n\n", inner).in_clear;
        assert_eq!(found, InClear::ALL);
    }

    #[test]
    fn an_outer_from_does_not_stand_in_for_a_malformed_one() {
        let header = read("From: alice@example.org, bob@example.org\n\n", "From: alice@example.org\n\n");
        assert!(header.letterhead.from.is_err());
    }
}
