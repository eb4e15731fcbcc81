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
/// line. It is free to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OuterHeader(pub Vec<u8>);

impl OuterHeader {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
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
