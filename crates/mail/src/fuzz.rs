// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets: each takes arbitrary octets, does with them what a letter from outside
//! has done to it, and panics only when a promise of this room is broken. The test suite runs them
//! on stable over a corpus and mutations of it; cargo-fuzz runs the same bodies.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::compose::{outer_header, sealed_payload};
use crate::{
    AuthorPart, Cleartext, Entity, Header, HeaderProtection, Instant, Letterhead, ListFace, PostHeader,
    Public, author_entity, has_loop_mark, letterhead, protected_letterhead, received_count,
    remove_result_lookalikes_in_subject, shape,
};

/// A whole message: header, shape, and what would be made of it.
pub fn message(data: &[u8]) {
    let entity = Entity::<Public>::new(data.to_vec());
    let read = letterhead(&entity);
    let _ = format!("{read:?} {:?}", shape(&entity));
    let _ = (received_count(&entity), has_loop_mark(&entity, "friends.lists.example.org"));
    let part = author_entity(&entity);
    let again = author_entity(&part);
    assert_eq!(part.octets(), again.octets(), "a part is made into itself");
    assert!(!read.subject.chars().any(char::is_control), "a subject has no control characters");
    composed(read, &part);
}

/// What a list would send of this letter: its header is the list's own, whatever the letter says.
fn composed(read: Letterhead, author: &Entity<Public>) {
    let Ok(address) = "friends@lists.example.org".parse() else { return };
    let name = read.from.map(|from| from.display_name).unwrap_or_default();
    let list = ListFace {
        address,
        display_name: name.clone(),
        list_id: "friends.lists.example.org".to_owned(),
        autocrypt: None,
        posting_allowed: true,
    };
    let header = PostHeader {
        message_id: read.message_id.unwrap_or_else(|| "<1@lists.example.org>".to_owned()),
        date: read.date.unwrap_or(Instant::from_unix(0)),
        date_text: read.date_text,
        subject: read.subject,
        from_display: name,
        in_reply_to: read.in_reply_to,
        references: read.references,
        protection: HeaderProtection::Clear,
    };
    let outer = outer_header(&list, &header);
    let ours = ["From", "To", "Date", "Message-ID", "Subject", "In-Reply-To", "References"];
    let is_ours = |name: &str| ours.contains(&name) || name.starts_with("List-");
    assert!(Header::of(outer.octets()).fields().all(|field| is_ours(field.name)), "no field is added");
    assert_eq!(
        Header::of(outer.octets()).body_offset(),
        outer.octets().len(),
        "the header does not end early"
    );
    assert!(outer.octets().is_ascii(), "a header is ASCII");
    let rng = &mut StdRng::seed_from_u64(0);
    let payload = sealed_payload(&list, &header, "", AuthorPart::AsReceived(author), None, rng);
    let inner = protected_letterhead(&payload);
    assert_eq!(inner.map(|inner| inner.subject), Some(header.subject), "the subject is read back");
}

/// An address, alone and as an author.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(address) = text.parse::<crate::Address>() {
        let written = address.to_string();
        assert_eq!(written.parse(), Ok(address), "an address is read back as it was written");
    }
    let mut field = b"From: ".to_vec();
    field.extend_from_slice(data);
    let _ = letterhead(&Entity::<Public>::new(field)).from;
}

/// A payload with protected header fields.
pub fn protected_header(data: &[u8]) {
    let payload = Entity::<Cleartext>::new(data.to_vec());
    if let Some(read) = protected_letterhead(&payload) {
        let _ = remove_result_lookalikes_in_subject(&read.subject, &["[signed]", "[not verified]"]);
        assert!(!read.subject.contains(['\r', '\n']), "a subject is one line");
    }
}
