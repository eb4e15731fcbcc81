// SPDX-License-Identifier: GPL-3.0-or-later
//! Writing header fields (RFC 5322, section 2.2.3; RFC 2047).
//!
//! Whatever text comes in, one field goes out: line ends and control characters become spaces,
//! what is not ASCII becomes encoded words, long lines are folded. A text that holds `=?` is
//! encoded too: left as it is, the reader's program would decode it once more than we did, and an
//! author could smuggle a look-alike of the list's verdict past its removal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::letterhead::is_id;
use crate::{Address, encoded_word, text};

/// Where a line is folded if it can be (RFC 5322, section 2.1.1).
const LINE: usize = 78;
/// A longer word is encoded, since it cannot be folded: a line never has 998 characters.
const LONGEST_WORD: usize = 200;
/// More ids than this are not written.
const MOST_IDS: usize = 30;

/// A header field that is ready to be written.
#[derive(Clone)]
pub(crate) struct OutField {
    name: &'static str,
    /// The body as it is written: folded, encoded, without the last line end.
    value: Zeroizing<String>,
}

impl OutField {
    /// Text for people, as of Subject.
    pub(crate) fn unstructured(name: &'static str, value: &str) -> Self {
        let line = Zeroizing::new(text::one_line(value));
        Self { name, value: Zeroizing::new(unstructured(&line, name.len() + 2)) }
    }

    /// A value that is made here, of ASCII without line ends, or of foldings that are right already.
    pub(crate) fn verbatim(name: &'static str, value: String) -> Self {
        Self { name, value: Zeroizing::new(value) }
    }

    /// `name <address>`.
    pub(crate) fn mailbox(name: &'static str, display_name: &str, address: &Address) -> Self {
        Self::verbatim(name, with_phrase(display_name, &format!("<{address}>"), name.len() + 2))
    }

    /// A date: the text if it is one, else the moment.
    pub(crate) fn date(name: &'static str, written: Option<&str>, date: crate::Instant) -> Self {
        let usable = |text: &&str| {
            text.len() <= 60
                && text.bytes().all(|octet| (32..=126).contains(&octet))
                && crate::letterhead::date(text).is_some()
        };
        Self::verbatim(name, written.filter(usable).map_or_else(|| date.to_rfc5322(), str::to_owned))
    }

    /// Message ids, one per line; `None` when none of them is one. Of very many the first and the
    /// last are written.
    pub(crate) fn ids(name: &'static str, ids: &[String]) -> Option<Self> {
        let valid =
            |id: &&String| id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).is_some_and(is_id);
        let mut ids: Vec<&str> = ids.iter().filter(valid).map(String::as_str).collect();
        if ids.len() > MOST_IDS {
            ids.drain(1..ids.len() - MOST_IDS + 1);
        }
        (!ids.is_empty()).then(|| Self::verbatim(name, ids.join("\r\n ")))
    }

    /// The Autocrypt field of a key (Autocrypt 1.1, section 2.1).
    pub(crate) fn autocrypt(address: &Address, key: &[u8]) -> Self {
        let encoded = STANDARD.encode(key);
        let mut value = format!("addr={address}; prefer-encrypt=mutual; keydata=");
        let mut rest = encoded.as_str();
        while let Some((line, after)) =
            rest.split_at_checked(LINE - 2).or((!rest.is_empty()).then_some((rest, "")))
        {
            value.push_str("\r\n ");
            value.push_str(line);
            rest = after;
        }
        Self::verbatim("Autocrypt", value)
    }

    /// A copy of the outer field inside the protection (RFC 9788, section 2.2).
    pub(crate) fn hp_outer(outer: &Self) -> Self {
        Self { name: "HP-Outer", value: Zeroizing::new(format!("{}: {}", outer.name, *outer.value)) }
    }

    /// Appends the field with its line end.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for piece in [self.name, ": ", &self.value, "\r\n"] {
            out.extend_from_slice(piece.as_bytes());
        }
    }

    /// How many octets it has with its line end.
    pub(crate) fn len(&self) -> usize {
        self.name.len() + self.value.len() + 4
    }
}

/// `phrase` and what it names, as `"Friends" <friends@example.org>`. `column` is where it begins.
pub(crate) fn with_phrase(display_name: &str, named: &str, column: usize) -> String {
    let phrase = phrase(display_name, column);
    let last = phrase.rsplit("\r\n").next().unwrap_or_default().len();
    let start = if phrase.contains("\r\n") { 0 } else { column };
    match phrase.as_str() {
        "" => named.to_owned(),
        phrase if start + last + 1 + named.len() > LINE => format!("{phrase}\r\n {named}"),
        phrase => format!("{phrase} {named}"),
    }
}

fn phrase(display_name: &str, column: usize) -> String {
    let line: String =
        text::one_line(display_name).chars().take(200).filter(|c| !text::is_bidi_control(*c)).collect();
    if line.is_empty() {
        String::new()
    } else if line.is_ascii() && line.len() <= 60 && !line.contains("=?") {
        format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded_word::encode(&line, column)
    }
}

fn unstructured(line: &str, column: usize) -> String {
    let foldable = line.is_ascii()
        && !line.contains("=?")
        && !line.contains("  ")
        && line.split(' ').all(|word| word.len() <= LONGEST_WORD);
    if !foldable {
        return encoded_word::encode(line, column);
    }
    let mut folded = String::with_capacity(line.len() + 64);
    let mut at = column;
    for (number, word) in line.split(' ').enumerate() {
        if number > 0 && at + 1 + word.len() > LINE {
            folded.push_str("\r\n ");
            at = 1;
        } else if number > 0 {
            folded.push(' ');
            at += 1;
        }
        folded.push_str(word);
        at += word.len();
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Instant;
    use crate::header::Header;

    fn written(field: &OutField) -> String {
        let mut out = Vec::new();
        field.write(&mut out);
        assert_eq!(out.len(), field.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_cannot_add_a_field() {
        for text in
            ["lunch\r\nBcc: x", "lunch\nBcc: x", "lunch\rBcc: x", "lunch\u{85}Bcc: x", "lunch\u{2028}Bcc: x"]
        {
            let field = written(&OutField::unstructured("Subject", text));
            assert_eq!(field.matches("\r\n").count(), 1, "{field}");
            let address = "friends@lists.example.org".parse().unwrap();
            let field = written(&OutField::mailbox("From", text, &address));
            assert_eq!(Header::of(field.as_bytes()).fields().count(), 1, "{field}");
        }
    }

    #[test]
    fn an_encoded_word_is_not_decoded_a_second_time() {
        let field = written(&OutField::unstructured("Subject", "=?utf-8?Q?=5Bsigned=5D?="));
        assert!(!field.contains("?Q?"), "{field}");
        let body = Header::of(field.as_bytes()).only("Subject").unwrap().body().into_owned();
        assert_eq!(encoded_word::decode(&body), "=?utf-8?Q?=5Bsigned=5D?=");
    }

    #[test]
    fn long_texts_are_folded() {
        let field = written(&OutField::unstructured("Subject", &"some words ".repeat(30)));
        assert!(field.lines().count() > 3);
        assert!(field.lines().all(|line| line.len() <= LINE));
    }

    #[test]
    fn a_display_name_is_quoted_or_encoded() {
        let address = "friends@lists.example.org".parse().unwrap();
        for (name, shown) in [
            ("Friends", "\"Friends\" <friends@lists.example.org>"),
            ("", "<friends@lists.example.org>"),
            ("A \"B\" \\", "\"A \\\"B\\\" \\\\\" <friends@lists.example.org>"),
            ("Ä", "=?utf-8?B?w4Q=?= <friends@lists.example.org>"),
            ("a\u{202e}b", "\"ab\" <friends@lists.example.org>"),
        ] {
            assert_eq!(written(&OutField::mailbox("From", name, &address)), format!("From: {shown}\r\n"));
        }
    }

    #[test]
    fn only_ids_are_written_as_ids() {
        let ids = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            OutField::ids("References", &ids).map(|field| written(&field))
        };
        assert_eq!(ids(&["<a@x>", "b@y", "<c@z>\r\nBcc: x", "<d e>"]).unwrap(), "References: <a@x>\r\n");
        assert_eq!(ids(&["nothing", "<>"]), None);
        let many: Vec<String> = (0..100).map(|number| format!("<{number}@x>")).collect();
        let many = written(&OutField::ids("References", &many).unwrap());
        assert!(many.contains("<0@x>") && many.contains("<99@x>") && !many.contains("<1@x>"));
        assert_eq!(many.lines().count(), MOST_IDS);
    }

    #[test]
    fn the_authors_date_is_kept_if_it_is_one() {
        let date = |text| written(&OutField::date("Date", text, Instant::from_unix(1_700_000_000)));
        assert_eq!(
            date(Some("Tue, 14 Nov 2023 23:13:20 +0100")),
            "Date: Tue, 14 Nov 2023 23:13:20 +0100\r\n"
        );
        for text in [None, Some("soon"), Some("Tue, 14 Nov 2023 23:13:20 +0100\r\nBcc: x"), Some("")] {
            assert_eq!(date(text), "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n");
        }
    }

    #[test]
    fn a_key_is_folded_base64() {
        let address = "friends@lists.example.org".parse().unwrap();
        for length in [0, 1, 57, 58, 300] {
            let field = written(&OutField::autocrypt(&address, &vec![7; length]));
            assert!(field.lines().all(|line| line.len() <= LINE), "{field}");
            let body = Header::of(field.as_bytes()).only("Autocrypt").unwrap().body().into_owned();
            let (attributes, key) = body.split_once("keydata=").unwrap();
            assert_eq!(attributes, "addr=friends@lists.example.org; prefer-encrypt=mutual; ");
            assert_eq!(STANDARD.decode(key.replace(' ', "")).unwrap(), vec![7; length]);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_field_and_read_back(text in "([ -~]|\\PC|=\\?|\r|\n|\t|  ){0,200}") {
            let field = written(&OutField::unstructured("Subject", &text));
            let header = Header::of(field.as_bytes());
            prop_assert_eq!(header.fields().count(), 1);
            prop_assert!(field.is_ascii());
            prop_assert!(field.split("\r\n").all(|line| line.len() <= 78 + LONGEST_WORD && !line.contains(['\r', '\n'])));
            let body = header.only("Subject").unwrap().body().into_owned();
            prop_assert_eq!(encoded_word::decode(&body), crate::text::one_line(&text));
        }

        #[test]
        fn any_name_is_one_mailbox(name in "\\PC{0,100}|[ -~]{0,100}") {
            let address: Address = "friends@lists.example.org".parse().unwrap();
            let field = written(&OutField::mailbox("From", &name, &address));
            prop_assert!(field.is_ascii());
            let header = Header::of(field.as_bytes());
            prop_assert_eq!(header.fields().count(), 1);
            prop_assert_eq!(crate::mailbox::addresses(&header, &["From"]), vec![address]);
        }
    }
}
