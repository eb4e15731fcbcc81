// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets: each takes arbitrary octets, does with them what a letter from outside
//! has done to it, and panics only when a promise of this room is broken. The test suite runs them
//! on stable over a corpus and mutations of it; cargo-fuzz runs the same bodies.

use crate::{
    Cleartext, Entity, Public, author_entity, has_loop_mark, letterhead, protected_letterhead,
    received_count, remove_result_lookalikes_in_subject, shape,
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
