// SPDX-License-Identifier: GPL-3.0-or-later
//! The fields by which a list says what it is (RFC 2369, RFC 2919).
//!
//! They name addresses only; what those addresses do is somebody else's.

use crate::compose::ListFace;
use crate::compose::field::{OutField, with_phrase};

/// List-Id, List-Post, List-Help, List-Owner and List-Unsubscribe of a list. A field whose address
/// would be too long for mail is left out.
pub(crate) fn list_fields(list: &ListFace) -> Vec<OutField> {
    let beside = |suffix: &str, query: &str| {
        let address = list.address.with_local(&format!("{}-{suffix}", list.address.local())).ok()?;
        Some(format!("<{}{query}>", mailto(&address)))
    };
    let post = if list.posting_allowed { format!("<{}>", mailto(&list.address)) } else { "NO".to_owned() };
    // Of an id only what RFC 2919, section 2 lets stand in one.
    let id: String =
        list.list_id.chars().filter(|c| c.is_ascii_graphic() && !"<>()\",:;@[]\\".contains(*c)).collect();
    let mut fields = vec![
        OutField::verbatim("List-Id", with_phrase(&list.display_name, &format!("<{id}>"), "List-Id: ".len())),
        OutField::verbatim("List-Post", post),
    ];
    let others = [
        ("List-Help", beside("request", "?subject=help")),
        ("List-Owner", beside("owner", "")),
        ("List-Unsubscribe", beside("leave", "")),
    ];
    fields.extend(others.into_iter().filter_map(|(name, value)| Some(OutField::verbatim(name, value?))));
    fields
}

/// A `mailto` URI (RFC 6068, section 2): what could end the address or begin a query is encoded.
fn mailto(address: &crate::Address) -> String {
    let mut uri = "mailto:".to_owned();
    for octet in address.local().bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~+'!*$".contains(&octet) {
            uri.push(char::from(octet));
        } else {
            uri.push_str(&format!("%{octet:02X}"));
        }
    }
    uri.push('@');
    uri.push_str(address.domain());
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::fixture::{friends, only};

    fn written(list: &ListFace) -> Vec<u8> {
        let mut out = Vec::new();
        list_fields(list).iter().for_each(|field| field.write(&mut out));
        out
    }

    #[test]
    fn a_list_says_what_it_is() {
        let fields = written(&friends());
        for (name, body) in [
            ("List-Id", "\"Friends\" <friends.lists.example.org>"),
            ("List-Post", "<mailto:friends@lists.example.org>"),
            ("List-Help", "<mailto:friends-request@lists.example.org?subject=help>"),
            ("List-Owner", "<mailto:friends-owner@lists.example.org>"),
            ("List-Unsubscribe", "<mailto:friends-leave@lists.example.org>"),
        ] {
            assert_eq!(only(&fields, name), body);
        }
    }

    #[test]
    fn a_list_that_takes_no_posts_says_so() {
        let list = ListFace { posting_allowed: false, ..friends() };
        assert_eq!(only(&written(&list), "List-Post"), "NO");
    }

    #[test]
    fn what_would_end_an_address_is_encoded() {
        let list = ListFace { address: "a?b&c%@lists.example.org".parse().unwrap(), ..friends() };
        assert_eq!(only(&written(&list), "List-Post"), "<mailto:a%3Fb%26c%25@lists.example.org>");
    }

    #[test]
    fn an_id_has_nothing_that_ends_it() {
        let list = ListFace { list_id: "a>\r\nBcc: x".to_owned(), ..friends() };
        assert_eq!(only(&written(&list), "List-Id"), "\"Friends\" <aBccx>");
    }
}
