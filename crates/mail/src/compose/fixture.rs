// SPDX-License-Identifier: GPL-3.0-or-later
//! The list and the post that the tests of this folder compose.

use rand::SeedableRng;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use super::{HeaderProtection, ListFace, PostHeader};
use crate::Instant;
use crate::header::Header;

pub(crate) fn friends() -> ListFace {
    ListFace {
        address: "friends@lists.example.org".parse().unwrap(),
        display_name: "Friends".to_owned(),
        list_id: "friends.lists.example.org".to_owned(),
        autocrypt: Some(vec![0xC6; 120]),
        posting_allowed: true,
    }
}

pub(crate) fn lunch() -> PostHeader {
    PostHeader {
        message_id: "<1@lists.example.org>".to_owned(),
        date: Instant::from_unix(1_700_000_000),
        date_text: Some("Tue, 14 Nov 2023 23:13:20 +0100".to_owned()),
        subject: Zeroizing::new("[signed] lunch".to_owned()),
        from_display: "Friends".to_owned(),
        in_reply_to: vec!["<0@example.org>".to_owned()],
        references: vec!["<0@example.org>".to_owned()],
        protection: HeaderProtection::Subject,
    }
}

pub(crate) fn chance() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// Names of the fields, in their order.
pub(crate) fn names(octets: &[u8]) -> Vec<String> {
    Header::of(octets).fields().map(|field| field.name.to_owned()).collect()
}

/// The unfolded body of the one field of this name.
pub(crate) fn only(octets: &[u8], name: &str) -> String {
    Header::of(octets).fields().find(|field| field.is(name)).map(|field| field.body().into_owned()).unwrap()
}
