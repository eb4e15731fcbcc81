// SPDX-License-Identifier: GPL-3.0-or-later
//! Mailboxes in header fields (RFC 5322, section 3.4): the author strictly, the others tolerantly.
//!
//! Who wrote a post is decided by its From field, so exactly one reading of it may exist. What two
//! programs could show as two different authors is refused: groups, routes, encoded addresses, and
//! display names that carry the address of somebody else.

use std::fmt;

use crate::encoded_word;
use crate::header::Header;
use crate::{Address, text};

/// More addresses than this in To and Cc are not looked at.
const MOST_ADDRESSES: usize = 1_000;
/// A longer From field is none.
const LONGEST_FROM: usize = 4_096;
/// A longer display name is cut.
const LONGEST_NAME: usize = 200;

/// One mailbox: the name that is shown, and the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, decoded; empty when there is none. No control characters, no line ends.
    pub display_name: String,
    /// The address.
    pub address: Address,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(..)")
    }
}

/// Why a message has no author that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFrom {
    /// There is no From field.
    #[error("there is no From field")]
    Missing,
    /// There are several From fields, or several mailboxes in it.
    #[error("there is more than one author")]
    Several,
    /// It has no address that can be read in one way only.
    #[error("the From field has no address that can be read in one way only")]
    Malformed,
}

/// The one author that a header names.
///
/// # Errors
/// When there is none, more than one, or none that can be read in one way only.
pub(crate) fn author(header: &Header<'_>) -> Result<Mailbox, MalformedFrom> {
    if header.is_endless() {
        return Err(MalformedFrom::Malformed);
    }
    let mut fields = header.all("From");
    let field = fields.next().ok_or(MalformedFrom::Missing)?;
    if fields.next().is_some() {
        return Err(MalformedFrom::Several);
    }
    strict_mailbox(&field.body())
}

/// The addresses of all fields of these names, as far as they can be read, in their order.
pub(crate) fn addresses(header: &Header<'_>, names: &[&str]) -> Vec<Address> {
    let mut found = Vec::new();
    for field in header.fields().filter(|field| names.iter().any(|name| field.is(name))) {
        let body = field.body();
        for item in tokens(&body).split(|token| matches!(token, Token::Special(',' | ';' | ':'))) {
            // Of `name <address>` the last word in brackets; else the only word.
            let word = match item.iter().rposition(|token| *token == Token::Special('<')) {
                Some(at) => item.get(at + 1),
                None => item.iter().rfind(|token| matches!(token, Token::Word(_))),
            };
            if let Some(Token::Word(word)) = word
                && let Some(address) = plain_address(word)
            {
                found.push(address);
            }
            if found.len() >= MOST_ADDRESSES {
                return found;
            }
        }
    }
    found
}

/// One mailbox and nothing else.
pub(crate) fn strict_mailbox(body: &str) -> Result<Mailbox, MalformedFrom> {
    if body.len() > LONGEST_FROM
        || body.chars().any(|c| c == char::REPLACEMENT_CHARACTER || (c.is_control() && c != '\t'))
    {
        return Err(MalformedFrom::Malformed);
    }
    let tokens = tokens(body);
    if tokens.contains(&Token::Special(',')) {
        return Err(MalformedFrom::Several);
    }
    let (shown, address) = match tokens.iter().position(|token| *token == Token::Special('<')) {
        Some(at) => {
            let (name, rest) = tokens.split_at(at);
            let [_, Token::Word(word), Token::Special('>'), comments @ ..] = rest else {
                return Err(MalformedFrom::Malformed);
            };
            if !comments.iter().all(|token| matches!(token, Token::Comment(_))) {
                return Err(MalformedFrom::Malformed);
            }
            (phrase(name)?, (word, phrase(comments)?))
        }
        None => match tokens.as_slice() {
            [Token::Word(word)] => (String::new(), (word, String::new())),
            [Token::Word(word), Token::Comment(name)] => (encoded_word::decode(name), (word, String::new())),
            _ => return Err(MalformedFrom::Malformed),
        },
    };
    let (word, comments) = address;
    let address = plain_address(word).ok_or(MalformedFrom::Malformed)?;
    for text in [&shown, &comments] {
        if text.chars().any(|c| c.is_control() || text::is_bidi_control(c)) || names_another(text, &address) {
            return Err(MalformedFrom::Malformed);
        }
    }
    let display_name = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Mailbox { display_name: display_name.chars().take(LONGEST_NAME).collect(), address })
}

/// An address that is not an encoded word in disguise: some programs would decode it.
fn plain_address(word: &str) -> Option<Address> {
    if word.contains("=?") || word.contains("?=") {
        return None;
    }
    word.parse().ok()
}

/// The words of a display name, decoded. Quoted strings are decoded too: RFC 2047, section 5
/// forbids it, and many programs do it.
fn phrase(tokens: &[Token]) -> Result<String, MalformedFrom> {
    let mut words = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Word(word) | Token::Quoted(word) | Token::Comment(word) => words.push(word.as_str()),
            Token::Special(_) => return Err(MalformedFrom::Malformed),
        }
    }
    Ok(encoded_word::decode(&words.join(" ")))
}

/// Whether a text shows an address other than this one. White space around an `@` and the
/// characters that look like one do not hide it.
fn names_another(text: &str, address: &Address) -> bool {
    let at_sign = |c: char| matches!(c, '@' | '\u{ff20}' | '\u{fe6b}');
    let mut pieces = text.split(at_sign).peekable();
    while let (Some(before), Some(after)) = (pieces.next(), pieces.peek()) {
        let around = |c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c);
        let touching = !before.ends_with(char::is_whitespace)
            && !after.starts_with(char::is_whitespace)
            && !before.is_empty()
            && !after.is_empty();
        let local = before.trim_end().rsplit(around).next().unwrap_or_default();
        let domain = after.trim_start().split(around).next().unwrap_or_default();
        // "Alice @ Work" is a name, "alice @ example.org" is not.
        let looks_like_one = touching || (!local.is_empty() && domain.contains('.'));
        let same = format!("{local}@{domain}").parse::<Address>().is_ok_and(|shown| shown == *address);
        if looks_like_one && !same {
            return true;
        }
    }
    false
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A run of characters outside quotes, comments and specials.
    Word(String),
    /// A quoted string, unquoted.
    Quoted(String),
    /// A comment without its outer brackets.
    Comment(String),
    /// One of `<>,;:`, or what ends a quote or comment that nobody closed.
    Special(char),
}

fn tokens(body: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut characters = body.chars();
    while let Some(c) = characters.next() {
        if c.is_whitespace() || "\"(<>,;:".contains(c) {
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(&mut word)));
            }
            match c {
                '"' => tokens.push(quoted_string(&mut characters)),
                '(' => tokens.push(comment(&mut characters)),
                c if c.is_whitespace() => {}
                special => tokens.push(Token::Special(special)),
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        tokens.push(Token::Word(word));
    }
    tokens
}

fn quoted_string(characters: &mut std::str::Chars<'_>) -> Token {
    let mut text = String::new();
    while let Some(c) = characters.next() {
        match c {
            '"' => return Token::Quoted(text),
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    Token::Special('"')
}

fn comment(characters: &mut std::str::Chars<'_>) -> Token {
    let mut text = String::new();
    let mut depth = 1_usize;
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next()),
            '(' => {
                depth += 1;
                text.push(c);
            }
            ')' if depth == 1 => return Token::Comment(text),
            ')' => {
                depth -= 1;
                text.push(c);
            }
            other => text.push(other),
        }
    }
    Token::Special('(')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_honest_author_is_read() {
        for (body, name) in [
            ("alice@example.org", ""),
            ("<alice@example.org>", ""),
            ("Alice <alice@example.org>", "Alice"),
            ("\"Alice, of Example\" <Alice@Example.org>", "Alice, of Example"),
            ("=?utf-8?Q?Alice_=C3=84?= <alice@example.org>", "Alice Ä"),
            ("\"=?utf-8?Q?Alice?=\" <alice@example.org>", "Alice"),
            ("Alice M. O'Hara [x] <alice@example.org>", "Alice M. O'Hara [x]"),
            ("alice@example.org (Alice)", "Alice"),
            ("Alice <alice@example.org> (home)", "Alice"),
            ("Alice < alice@example.org >", "Alice"),
            ("\"alice@example.org\" <alice@example.org>", "alice@example.org"),
            ("'alice@example.org' <alice@example.org>", "'alice@example.org'"),
            ("alice@example.org <alice@example.org>", "alice@example.org"),
            ("Alice @ Work <alice@example.org>", "Alice @ Work"),
            ("\"Al\\\"ice\"   <alice@example.org>", "Al\"ice"),
        ] {
            let mailbox = strict_mailbox(body).unwrap_or_else(|why| panic!("{body}: {why}"));
            assert_eq!(mailbox.display_name, name, "{body}");
            assert_eq!(mailbox.address.canonical(), "alice@example.org", "{body}");
        }
    }

    #[test]
    fn several_authors_are_no_author() {
        for body in [
            "alice@example.org, bob@example.org",
            "Alice <alice@example.org>, Bob <bob@example.org>",
            "alice@example.org,",
            "Mallory, Alice <alice@example.org>",
        ] {
            assert_eq!(strict_mailbox(body), Err(MalformedFrom::Several), "{body}");
        }
    }

    #[test]
    fn a_trick_is_no_author() {
        for body in [
            "",
            "Alice",
            "\"alice@example.org\"",
            "<>",
            "Alice <>",
            "< alice @example.org >",
            "<alice@example.org",
            "alice@example.org>",
            "<<alice@example.org>>",
            "<alice@example.org><bob@example.org>",
            "alice@example.org bob@example.org",
            "alice@example.org alice@example.org",
            "friends: alice@example.org;",
            "undisclosed-recipients:;",
            "<@relay.example,@other.example:alice@example.org>",
            "<@relay.example:alice@example.org>",
            "<alice@example.org> Bob",
            "bob@example.org <alice@example.org>",
            "\"bob@example.org\" <alice@example.org>",
            "\"Bob <bob@example.org>\" <alice@example.org>",
            "\"bob @ example.org\" <alice@example.org>",
            "bob\u{ff20}example.org <alice@example.org>",
            "=?utf-8?Q?bob=40example.org?= <alice@example.org>",
            "=?utf-8?B?Ym9iQGV4YW1wbGUub3JnPgA=?= <alice@example.org>",
            "=?utf-8?Q?bob=40example.org=0D=0A?= <alice@example.org>",
            "=?utf-8?Q?a=00?= <alice@example.org>",
            "=?utf-8?Q?alice=40example.org?=",
            "=?utf-8?Q?alice?=@example.org",
            "<=?utf-8?Q?alice?=@example.org>",
            "alice@example.org (bob@example.org)",
            "alice@example.org (Alice) (Bob)",
            "alice(bob)@example.org",
            "<alice@example.org> (bob@example.org)",
            "\"alice\"@example.org",
            "alice@[127.0.0.1]",
            "\"Alice <alice@example.org>",
            "(Alice <alice@example.org>",
            "A\u{202e}lice <alice@example.org>",
            "A\u{0}lice <alice@example.org>",
            "Alice <alice@example.org\u{0}.mallory.example>",
            "A\u{fffd} <alice@example.org>",
        ] {
            assert!(
                matches!(strict_mailbox(body), Err(MalformedFrom::Malformed | MalformedFrom::Several)),
                "{body:?}"
            );
        }
    }

    #[test]
    fn recipients_are_read_as_far_as_they_can_be() {
        let header = Header::of(
            b"To: Alice <alice@example.org>, bob@example.org (Bob)\r\n\
              Cc: friends: carol@example.org, \"x, y\" <dave@example.org>;, nonsense, <@r:erin@example.org>\r\n\
              Bcc: hidden@example.org\r\n\r\n",
        );
        let found: Vec<String> = addresses(&header, &["To", "Cc"]).iter().map(Address::canonical).collect();
        assert_eq!(
            found,
            [
                "alice@example.org",
                "bob@example.org",
                "carol@example.org",
                "dave@example.org",
                "erin@example.org"
            ]
        );
    }

    #[test]
    fn endless_recipients_are_not_looked_at() {
        let body = format!("To: {}\r\n\r\n", "a@example.org,".repeat(50_000));
        assert_eq!(addresses(&Header::of(body.as_bytes()), &["To"]).len(), MOST_ADDRESSES);
    }

    proptest! {
        #[test]
        fn any_text_is_an_author_or_none(body in "([<>@,;:()\"\\\\ ]|=\\?utf-8\\?Q\\?|\\?=|alice@example\\.org|\\PC){0,40}") {
            if let Ok(mailbox) = strict_mailbox(&body) {
                prop_assert!(!mailbox.display_name.chars().any(char::is_control));
            }
        }
    }
}
