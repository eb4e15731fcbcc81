// SPDX-License-Identifier: GPL-3.0-or-later
//! The header of what a list sends: the fields that the way can read.
//!
//! An allow-list: nothing of the author's header is copied except through [`PostHeader`].

use std::fmt;

use zeroize::Zeroizing;

use super::field::OutField;
use crate::list_fields::list_fields;
use crate::{Address, Instant};

/// What a list shows of itself on everything that it sends.
#[derive(Clone, Debug)]
pub struct ListFace {
    /// The list's address. It is the From of every post, since programs call a signature bad whose
    /// key has no such user ID.
    pub address: Address,
    /// The list's name for people.
    pub display_name: String,
    /// The list's id without angle brackets, as `friends.lists.example.org` (RFC 2919).
    pub list_id: String,
    /// The list's minimal public key, binary, for the Autocrypt field; `None` writes none.
    pub autocrypt: Option<Vec<u8>>,
    /// Whether one may post at all: `List-Post: NO` otherwise (RFC 2369, section 3.4).
    pub posting_allowed: bool,
}

/// How much of a post's header is hidden (a header confidentiality policy, RFC 9788, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderProtection {
    /// Nothing: the way reads the subject.
    Clear,
    /// Outside the subject is `[...]`.
    Subject,
}

/// The header of one post. `Debug` shows none of its content.
pub struct PostHeader {
    /// The message id, with its angle brackets.
    pub message_id: String,
    /// When the author wrote it.
    pub date: Instant,
    /// The author's own Date field, with the time zone; written as it is if it is a date.
    pub date_text: Option<String>,
    /// The subject, prefix and verdict tag included, look-alikes removed.
    pub subject: Zeroizing<String>,
    /// The name that is shown before the list's address.
    pub from_display: String,
    /// Ids of the answered message, with angle brackets; what is none is left out.
    pub in_reply_to: Vec<String>,
    /// Ids of the thread, with angle brackets; what is none is left out.
    pub references: Vec<String>,
    /// How much of it the way can read. Of a post that is sent in clear: `Clear`.
    pub protection: HeaderProtection,
}

impl fmt::Debug for PostHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostHeader")
            .field("date", &self.date)
            .field("protection", &self.protection)
            .finish_non_exhaustive()
    }
}

/// The outer header of a post: all fields but the MIME ones, each with CRLF, without the empty
/// line. `Debug` shows a length: with [`HeaderProtection::Clear`] the subject is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct OuterHeader(pub Vec<u8>);

impl OuterHeader {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for OuterHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OuterHeader({} octets)", self.0.len())
    }
}

/// The outer header of a post.
pub fn outer_header(list: &ListFace, header: &PostHeader) -> OuterHeader {
    let mut octets = Vec::new();
    for field in fields(list, header, header.protection) {
        field.write(&mut octets);
    }
    OuterHeader(octets)
}

/// The fields of a post as they stand outside (`header.protection`) or inside (`Clear`).
pub(crate) fn fields(list: &ListFace, header: &PostHeader, protection: HeaderProtection) -> Vec<OutField> {
    let subject = match protection {
        HeaderProtection::Clear => header.subject.as_str(),
        // RFC 9788, section 3.2.1: what clients show for a hidden subject.
        HeaderProtection::Subject => "[...]",
    };
    let mut fields = vec![
        OutField::mailbox("From", &header.from_display, &list.address),
        OutField::mailbox("To", &list.display_name, &list.address),
        OutField::date("Date", header.date_text.as_deref(), header.date),
    ];
    fields.extend(OutField::ids("Message-ID", std::slice::from_ref(&header.message_id)));
    fields.push(OutField::unstructured("Subject", subject));
    fields.extend(OutField::ids("In-Reply-To", &header.in_reply_to));
    fields.extend(OutField::ids("References", &header.references));
    fields.extend(list_fields(list));
    fields.extend(list.autocrypt.as_deref().map(|key| OutField::autocrypt(&list.address, key)));
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compose::fixture::{friends, lunch, names, only};

    #[test]
    fn the_way_reads_these_fields_and_no_others() {
        let outer = outer_header(&friends(), &lunch());
        let expected = [
            "From",
            "To",
            "Date",
            "Message-ID",
            "Subject",
            "In-Reply-To",
            "References",
            "List-Id",
            "List-Post",
            "List-Help",
            "List-Owner",
            "List-Unsubscribe",
            "Autocrypt",
        ];
        assert_eq!(names(outer.octets()), expected);
        assert_eq!(only(outer.octets(), "From"), "\"Friends\" <friends@lists.example.org>");
        assert_eq!(only(outer.octets(), "To"), "\"Friends\" <friends@lists.example.org>");
        assert_eq!(only(outer.octets(), "Date"), "Tue, 14 Nov 2023 23:13:20 +0100");
        assert_eq!(only(outer.octets(), "Subject"), "[...]");
        assert!(outer.octets().ends_with(b"\r\n") && !outer.octets().ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn a_clear_header_shows_its_subject() {
        let header = PostHeader { protection: HeaderProtection::Clear, ..lunch() };
        assert_eq!(only(outer_header(&friends(), &header).octets(), "Subject"), "[signed] lunch");
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?}", lunch());
        assert!(!shown.contains("lunch") && !shown.contains("example.org"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_value_adds_a_field(
            subject in "(\r|\n|: |Bcc|\\PC){0,60}",
            display in "(\r|\n|\"|<|,|\\PC){0,60}",
            id in "(\r|\n|<|>|@|\\PC){0,30}",
            date in "(\r|\n|[ -~]){0,40}",
            list_name in "(\r|\n|\\PC){0,60}",
            list_id in "(\r|\n|>|\\PC){0,60}",
        ) {
            let list = ListFace { display_name: list_name, list_id, ..friends() };
            let header = PostHeader {
                subject: Zeroizing::new(subject), from_display: display, date_text: Some(date),
                in_reply_to: vec![id.clone()], references: vec![id], protection: HeaderProtection::Clear, ..lunch()
            };
            let outer = outer_header(&list, &header);
            let mut found = names(outer.octets());
            found.retain(|name| !matches!(name.as_str(), "In-Reply-To" | "References"));
            prop_assert_eq!(found, ["From", "To", "Date", "Message-ID", "Subject", "List-Id", "List-Post", "List-Help", "List-Owner", "List-Unsubscribe", "Autocrypt"]);
            prop_assert!(outer.octets().is_ascii());
            prop_assert_eq!(crate::Header::of(outer.octets()).body_offset(), outer.octets().len());
            prop_assert!(outer.octets().split(|octet| *octet == b'\n').all(|line| line.len() < 400));
            let letterhead = crate::letterhead(&crate::Entity::<crate::Public>::new(outer.0));
            prop_assert_eq!(letterhead.to, vec![list.address]);
        }
    }
}
