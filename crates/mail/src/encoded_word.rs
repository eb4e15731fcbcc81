// SPDX-License-Identifier: GPL-3.0-or-later
//! Encoded words: text other than ASCII in a header field (RFC 2047).
//!
//! Reading is tolerant and linear; writing makes only what each program reads: UTF-8, base64,
//! at most 75 characters per word, never a character split in two.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::charsets::map::charset_decoder;
use zeroize::Zeroizing;

use crate::transfer_encoding::{base64, quoted_printable};

/// Decodes the encoded words of a text. White space between two of them falls away (RFC 2047,
/// section 6.2); a character that a careless program split between two words of one charset is
/// joined again. What is not a valid encoded word stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut pending: Option<(String, Zeroizing<Vec<u8>>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, word) = rest.split_at(at);
        let Some((charset, octets, after)) = encoded_word(word) else {
            flush(&mut decoded, &mut pending);
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = word.get(2..).unwrap_or_default();
            continue;
        };
        let joins = before.chars().all(char::is_whitespace);
        match &mut pending {
            Some((known, gathered)) if joins && *known == charset => gathered.extend_from_slice(&octets),
            other => {
                let adjacent = joins && other.is_some();
                flush(&mut decoded, other);
                if !adjacent {
                    decoded.push_str(before);
                }
                *other = Some((charset, octets));
            }
        }
        rest = after;
    }
    flush(&mut decoded, &mut pending);
    decoded.push_str(rest);
    decoded
}

fn flush(decoded: &mut String, pending: &mut Option<(String, Zeroizing<Vec<u8>>)>) {
    if let Some((charset, octets)) = pending.take() {
        decoded.push_str(&Zeroizing::new(text_of(&octets, &charset)));
    }
}

/// Octets of a charset as text. An unknown charset is read as UTF-8.
pub(crate) fn text_of(octets: &[u8], charset: &str) -> String {
    match charset {
        "utf-8" | "utf8" => String::from_utf8_lossy(octets).into_owned(),
        other => match charset_decoder(other.as_bytes()) {
            Some(decoder) => decoder(octets),
            None => String::from_utf8_lossy(octets).into_owned(),
        },
    }
}

/// `=?charset?encoding?text?=` at the beginning of a text: charset in lower case, octets, and what
/// comes after.
fn encoded_word(text: &str) -> Option<(String, Zeroizing<Vec<u8>>, &str)> {
    // An encoded word has at most 75 characters; some programs write longer ones. The bound keeps
    // a text full of "=?" from being searched to its end again and again.
    const LONGEST: usize = 1_000;
    let rest = text.strip_prefix("=?")?;
    let (charset, rest) = split_within(rest, "?", 60)?;
    let (encoding, rest) = split_within(rest, "?", 1)?;
    let (encoded, after) = split_within(rest, "?=", LONGEST)?;
    // RFC 2231, section 5: a language may follow the charset.
    let charset = charset.split('*').next().unwrap_or_default();
    if charset.is_empty() || !charset.bytes().all(|octet| octet.is_ascii_graphic()) {
        return None;
    }
    let octets = match encoding {
        "B" | "b" => base64(encoded.as_bytes()),
        "Q" | "q" => quoted_printable(encoded.as_bytes(), true),
        _ => return None,
    };
    Some((charset.to_ascii_lowercase(), Zeroizing::new(octets), after))
}

fn split_within<'a>(text: &'a str, delimiter: &str, most: usize) -> Option<(&'a str, &'a str)> {
    let window = (most + delimiter.len()).min(text.len());
    let at =
        text.as_bytes().get(..window)?.windows(delimiter.len()).position(|w| w == delimiter.as_bytes())?;
    Some((text.get(..at)?, text.get(at + delimiter.len()..)?))
}

/// Writes a text as encoded words, folded between them. `column` is where the first one begins.
pub(crate) fn encode(text: &str, column: usize) -> String {
    // Of 76 characters per line, "=?utf-8?B?" and "?=" take 12, the fold's space 1.
    let room = |column: usize| 75_usize.saturating_sub(column + 12) / 4 * 3;
    let mut written = String::with_capacity(text.len() * 2 + 80);
    let mut budget = room(column);
    if budget < 12 {
        written.push_str("\r\n ");
        budget = room(1);
    }
    let mut chunk = Zeroizing::new(String::with_capacity(64));
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > budget {
            push_word(&mut written, &chunk);
            written.push_str("\r\n ");
            chunk.clear();
            budget = room(1);
        }
        chunk.push(c);
    }
    push_word(&mut written, &chunk);
    written
}

fn push_word(written: &mut String, chunk: &str) {
    written.push_str("=?utf-8?B?");
    STANDARD.encode_string(chunk, written);
    written.push_str("?=");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encoded_words_are_read_as_rfc_2047_shows_them() {
        for (written, read) in [
            ("plain", "plain"),
            ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= x", "Patrik Fältström x"),
            ("=?utf-8?B?w6Q=?=", "ä"),
            ("=?utf-8*de?b?w6Q=?=", "ä"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?= =?utf-8?Q?b?=", "ab"),
            ("=?utf-8?B?w6?= =?utf-8?B?Q=?=", "\u{fffd}"),
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=?utf-8?Q?open", "=?utf-8?Q?open"),
            ("=?=?utf-8?Q?a?=", "=?a"),
            ("=??Q?a?=", "=??Q?a?="),
        ] {
            assert_eq!(decode(written), read, "{written}");
        }
    }

    #[test]
    fn a_field_of_nothing_but_beginnings_is_read_in_linear_time() {
        let text = "=?utf-8?Q?x".repeat(20_000);
        assert_eq!(decode(&text).len(), text.len());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "\\PC{1,200}", column in 0_usize..80) {
            let written = encode(&text, column);
            prop_assert!(written.is_ascii());
            for (number, line) in written.split("\r\n").enumerate() {
                let start = if number == 0 { column } else { 0 };
                prop_assert!(line.is_empty() || start + line.len() <= 76, "{}", line);
            }
            prop_assert_eq!(decode(written.replace("\r\n", "").trim_start()), text);
        }

        #[test]
        fn any_text_is_decoded(text in "([=?]|utf-8|[QqBb]|\\PC){0,80}") {
            let _ = decode(&text);
        }

        #[test]
        fn any_charset_is_decoded(octets: Vec<u8>, charset in "[a-z0-9_-]{1,60}|utf-7|utf-16(be|le)?|iso-2022-jp|gb18030|shift_jis") {
            let _ = text_of(&octets, &charset);
        }
    }
}
