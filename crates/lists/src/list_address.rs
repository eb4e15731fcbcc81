// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of a list's addresses a message was sent to, by the local part alone.

use crate::valid_list_local;

/// An address that a list has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListAddress {
    /// `LIST`: to all members.
    Post,
    /// `LIST-owner`: to those who run it.
    Owner,
    /// `LIST-key` (and `LIST-sendkey`): answers with the list's public key.
    Key,
    /// `LIST-request`: commands by mail.
    Request,
    /// `LIST-join` (and `LIST-subscribe`).
    Join,
    /// `LIST-leave` (and `LIST-unsubscribe`).
    Leave,
    /// `LIST-confirm+TOKEN`, in lower case.
    Confirm(Option<String>),
    /// `LIST-bounces+TOKEN`, in lower case.
    Bounces(Option<String>),
}

/// Makes the address from the token in it.
type WithToken = fn(Option<String>) -> Option<ListAddress>;

/// What may follow `LIST-`. No list's own name may end so.
pub(crate) const SUFFIXES: &[(&str, WithToken)] = &[
    ("owner", |token| plain(ListAddress::Owner, token.as_ref())),
    ("key", |token| plain(ListAddress::Key, token.as_ref())),
    ("sendkey", |token| plain(ListAddress::Key, token.as_ref())),
    ("request", |token| plain(ListAddress::Request, token.as_ref())),
    ("join", |token| plain(ListAddress::Join, token.as_ref())),
    ("subscribe", |token| plain(ListAddress::Join, token.as_ref())),
    ("leave", |token| plain(ListAddress::Leave, token.as_ref())),
    ("unsubscribe", |token| plain(ListAddress::Leave, token.as_ref())),
    ("confirm", |token| Some(ListAddress::Confirm(token))),
    ("bounces", |token| Some(ListAddress::Bounces(token))),
];

/// No token of ours is longer.
const LONGEST_TOKEN: usize = 40;

fn plain(address: ListAddress, token: Option<&String>) -> Option<ListAddress> {
    token.is_none().then_some(address)
}

impl ListAddress {
    /// The word for it in logs and in the part of an inbound row; the token is not in it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Owner => "owner",
            Self::Key => "key",
            Self::Request => "request",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Confirm(_) => "confirm",
            Self::Bounces(_) => "bounces",
        }
    }

    /// The token in it, where it has one.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Confirm(token) | Self::Bounces(token) => token.as_deref(),
            _ => None,
        }
    }

    /// The address from its word and token as they are stored; `None` when they fit nothing.
    pub fn from_parts(word: &str, token: Option<&str>) -> Option<Self> {
        let token = token.map(str::to_owned);
        match word {
            "post" => plain(Self::Post, token.as_ref()),
            other => SUFFIXES.iter().find(|(suffix, _)| *suffix == other).and_then(|(_, with)| with(token)),
        }
    }

    /// The local part of this address for a list: `friends-bounces+TOKEN`.
    pub fn local(&self, list_local: &str) -> String {
        match (self, self.token()) {
            (Self::Post, _) => list_local.to_owned(),
            (other, None) => format!("{list_local}-{}", other.as_str()),
            (other, Some(token)) => format!("{list_local}-{}+{token}", other.as_str()),
        }
    }
}

/// Which address of the list `list_local` the local part `local` is; `None` when it is none of them.
/// Case makes no difference.
pub fn list_address(local: &str, list_local: &str) -> Option<ListAddress> {
    let list_local = list_local.to_lowercase();
    candidates(local).into_iter().find(|(list, _)| *list == list_local).map(|(_, address)| address)
}

/// The lists, by their local part, that an address may belong to, and as which of their addresses.
/// Names that [no list may have](valid_list_local) are not among them.
pub fn candidates(local: &str) -> Vec<(String, ListAddress)> {
    let local = local.to_lowercase();
    let (base, token) = match local.split_once('+') {
        Some((base, token)) if is_token(token) => (base, Some(token.to_owned())),
        Some(_) => return Vec::new(),
        None => (local.as_str(), None),
    };
    let post = token.is_none().then(|| (base.to_owned(), ListAddress::Post));
    let others = base.rsplit_once('-').and_then(|(list, suffix)| {
        let (_, with) = SUFFIXES.iter().find(|(known, _)| *known == suffix)?;
        Some((list.to_owned(), with(token)?))
    });
    post.into_iter().chain(others).filter(|(list, _)| valid_list_local(list).is_ok()).collect()
}

fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_list() {
        let token = || Some("abc234".to_owned());
        let table = [
            ("friends", Some(ListAddress::Post)),
            ("FRIENDS", Some(ListAddress::Post)),
            ("friends-owner", Some(ListAddress::Owner)),
            ("Friends-Owner", Some(ListAddress::Owner)),
            ("friends-key", Some(ListAddress::Key)),
            ("friends-sendkey", Some(ListAddress::Key)),
            ("friends-request", Some(ListAddress::Request)),
            ("friends-join", Some(ListAddress::Join)),
            ("friends-subscribe", Some(ListAddress::Join)),
            ("friends-leave", Some(ListAddress::Leave)),
            ("friends-unsubscribe", Some(ListAddress::Leave)),
            ("friends-confirm", Some(ListAddress::Confirm(None))),
            ("friends-confirm+abc234", Some(ListAddress::Confirm(token()))),
            ("friends-bounces", Some(ListAddress::Bounces(None))),
            ("friends-bounces+ABC234", Some(ListAddress::Bounces(token()))),
            ("friends+abc234", None),
            ("friends-owner+abc234", None),
            ("friends-bounces+", None),
            ("friends-bounces+a+b", None),
            ("friends-bounces+a-b", None),
            ("friends-bounces+\u{e9}", None),
            ("friends-nothing", None),
            ("friends-", None),
            ("-owner", None),
            ("", None),
            ("enemies", None),
            ("friends-owner-owner", None),
        ];
        for (local, expected) in table {
            assert_eq!(list_address(local, "friends"), expected, "{local:?}");
        }
        assert_eq!(list_address(&format!("friends-bounces+{}", "a".repeat(41)), "friends"), None);
    }

    #[test]
    fn an_address_belongs_to_one_list_at_most() {
        assert_eq!(candidates("friends"), [("friends".to_owned(), ListAddress::Post)]);
        assert_eq!(candidates("friends-owner"), [("friends".to_owned(), ListAddress::Owner)]);
        assert_eq!(candidates("a-b-key"), [("a-b".to_owned(), ListAddress::Key)]);
        assert_eq!(candidates("owner"), [("owner".to_owned(), ListAddress::Post)]);
        assert_eq!(candidates("owner-owner"), [("owner".to_owned(), ListAddress::Owner)]);
        assert_eq!(candidates("friends-key-owner"), []);
        assert_eq!(candidates("postmaster"), []);
    }

    #[test]
    fn an_address_is_read_back_from_its_local_part_and_from_its_parts() {
        for address in [
            ListAddress::Post,
            ListAddress::Owner,
            ListAddress::Key,
            ListAddress::Request,
            ListAddress::Join,
            ListAddress::Leave,
            ListAddress::Confirm(None),
            ListAddress::Confirm(Some("x1".to_owned())),
            ListAddress::Bounces(Some("y2".to_owned())),
        ] {
            assert_eq!(list_address(&address.local("friends"), "friends").as_ref(), Some(&address));
            assert_eq!(ListAddress::from_parts(address.as_str(), address.token()), Some(address));
        }
        assert_eq!(ListAddress::from_parts("banana", None), None);
        assert_eq!(ListAddress::from_parts("post", Some("x")), None);
    }
}
