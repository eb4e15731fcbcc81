// SPDX-License-Identifier: GPL-3.0-or-later
//! What a list may be called: the part before the `@`.

use crate::list_address::SUFFIXES;

/// The longest local part of a list, in octets: the longest address made from it,
/// `LIST-bounces+TOKEN` with a token of 26, must fit the 64 octets of RFC 5321, section 4.5.3.1.1.
pub const LONGEST_LIST_LOCAL: usize = 29;

/// Local parts that belong to the domain itself (RFC 2142, RFC 5321 section 4.5.1).
const RESERVED: &[&str] =
    &["postmaster", "abuse", "mailer-daemon", "hostmaster", "webmaster", "security", "root"];

/// Why a text cannot be the local part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListLocalError {
    /// Nothing is there.
    #[error("the name of a list is empty; give the part before the '@', such as 'friends'")]
    Empty,
    /// More than [`LONGEST_LIST_LOCAL`] octets.
    #[error(
        "the name of a list has at most {LONGEST_LIST_LOCAL} characters, so that its bounce addresses fit"
    )]
    TooLong,
    /// A capital, or a character that some mail system would not let through.
    #[error(
        "the name of a list has only small letters a to z, digits, and single '-', '_' or '.' between them"
    )]
    Characters,
    /// It ends like one of the addresses that another list has.
    #[error("the name of a list cannot end in '-{0}': that is an address which the list without it has")]
    Suffix(&'static str),
    /// It belongs to the domain itself.
    #[error("'{0}' belongs to the domain itself and cannot be a list")]
    Reserved(&'static str),
}

/// Whether a list may have this local part.
///
/// It is a `dot-atom` (RFC 5322, section 3.2.3) in lower case, of the characters that no shell, alias
/// file or mail system treats specially. Without `+`, and without the endings of a list's own other
/// addresses, every address belongs to one list at most.
///
/// # Errors
/// What is wrong with it.
pub fn valid_list_local(local: &str) -> Result<(), ListLocalError> {
    if local.is_empty() {
        return Err(ListLocalError::Empty);
    }
    if local.len() > LONGEST_LIST_LOCAL {
        return Err(ListLocalError::TooLong);
    }
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit())
    };
    if !local.split(['-', '_', '.']).all(word) {
        return Err(ListLocalError::Characters);
    }
    if let Some((suffix, _)) = SUFFIXES.iter().find(|(suffix, _)| ends_in(local, suffix)) {
        return Err(ListLocalError::Suffix(suffix));
    }
    match RESERVED.iter().find(|reserved| **reserved == local) {
        Some(reserved) => Err(ListLocalError::Reserved(reserved)),
        None => Ok(()),
    }
}

fn ends_in(local: &str, suffix: &str) -> bool {
    local.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_lists() {
        for name in
            ["friends", "a", "board-2026", "x.y_z", "key", "owner", "bounces-friends", "friends-owners"]
        {
            assert_eq!(valid_list_local(name), Ok(()), "{name}");
        }
        let long = "a".repeat(30);
        for (name, why) in [
            ("", ListLocalError::Empty),
            (long.as_str(), ListLocalError::TooLong),
            ("Friends", ListLocalError::Characters),
            ("fr iends", ListLocalError::Characters),
            ("friends+x", ListLocalError::Characters),
            ("friends@x", ListLocalError::Characters),
            ("fr\u{e9}res", ListLocalError::Characters),
            ("-friends", ListLocalError::Characters),
            ("friends-", ListLocalError::Characters),
            ("fri..ends", ListLocalError::Characters),
            ("fri/ends", ListLocalError::Characters),
            ("friends\n", ListLocalError::Characters),
            ("friends-owner", ListLocalError::Suffix("owner")),
            ("friends-bounces", ListLocalError::Suffix("bounces")),
            ("friends-unsubscribe", ListLocalError::Suffix("unsubscribe")),
            ("postmaster", ListLocalError::Reserved("postmaster")),
            ("mailer-daemon", ListLocalError::Reserved("mailer-daemon")),
        ] {
            assert_eq!(valid_list_local(name), Err(why), "{name:?}");
        }
    }

    #[test]
    fn the_longest_name_leaves_room_for_a_bounce_address() {
        let local = crate::ListAddress::Bounces(Some("a".repeat(26))).local(&"a".repeat(LONGEST_LIST_LOCAL));
        assert_eq!(local.len(), 64);
    }
}
