// SPDX-License-Identifier: GPL-3.0-or-later
//! The parts of a multipart body (RFC 2046, section 5.1.1), as ranges of the raw octets.
//!
//! Our own scanner, since what a signature covers are exactly these octets: it takes as a delimiter
//! only a whole line (`--boundary`, perhaps `--`, perhaps white space), so that a line of content
//! which merely begins like one changes nothing. It neither decodes nor descends.

use std::ops::Range;

use crate::header::{first_line, without_line_end};

/// More parts than this in one multipart are not looked at.
const MOST_PARTS: usize = 1_000;

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Each part, without the line end that belongs to the delimiter after it.
    pub(crate) ranges: Vec<Range<usize>>,
    /// Whether there were more than are looked at.
    pub(crate) too_many: bool,
}

/// The parts of a multipart body with this boundary.
pub(crate) fn parts(body: &[u8], boundary: &str) -> Parts {
    let mut found = Parts { ranges: Vec::new(), too_many: false };
    let mut open: Option<usize> = None;
    let mut start = 0;
    while let Some(line) = first_line(body.get(start..).unwrap_or_default()) {
        let next = start + line.len();
        if let Some(delimiter) = delimiter(line, boundary) {
            if let Some(from) = open.take() {
                found.ranges.push(from..before_line_end(body, start).max(from));
            }
            if found.ranges.len() >= MOST_PARTS {
                found.too_many = true;
                return found;
            }
            match delimiter {
                Delimiter::Between => open = Some(next),
                Delimiter::Close => return found,
            }
        }
        start = next;
    }
    if let Some(from) = open {
        found.ranges.push(from..body.len());
    }
    found
}

enum Delimiter {
    Between,
    Close,
}

fn delimiter(line: &[u8], boundary: &str) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let blank = |rest: &[u8]| without_line_end(rest).iter().all(|octet| matches!(octet, b' ' | b'\t'));
    if blank(rest) {
        return Some(Delimiter::Between);
    }
    rest.strip_prefix(b"--").filter(|rest| blank(rest)).map(|_| Delimiter::Close)
}

/// The line end before a delimiter is the delimiter's.
fn before_line_end(body: &[u8], at: usize) -> usize {
    without_line_end(body.get(..at).unwrap_or_default()).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a str> {
        parts(body, boundary)
            .ranges
            .into_iter()
            .map(|range| std::str::from_utf8(&body[range]).unwrap())
            .collect()
    }

    #[test]
    fn parts_stand_between_delimiters() {
        assert_eq!(texts(b"pre\r\n--S\r\na\r\n\r\n--S \t\r\nb\r\n--S--\r\npost", "S"), ["a\r\n", "b"]);
        assert_eq!(texts(b"--S\na\n--S\nb\n--S--", "S"), ["a", "b"]);
    }

    #[test]
    fn only_a_whole_line_is_a_delimiter() {
        assert_eq!(
            texts(b"--S\r\n--Sx\r\n--S-\r\n --S\r\na--S\r\n--S--", "S"),
            ["--Sx\r\n--S-\r\n --S\r\na--S"]
        );
    }

    #[test]
    fn empty_and_unterminated_parts_are_parts() {
        assert_eq!(texts(b"--S\r\n--S\r\n\r\n--S\r\nend", "S"), ["", "", "end"]);
        assert_eq!(texts(b"--S", "S"), [""]);
        assert!(texts(b"--S--\r\n--S\r\nx", "S").is_empty());
        assert!(texts(b"", "S").is_empty());
    }

    #[test]
    fn endless_parts_are_not_looked_at() {
        let found = parts("--S\r\n".repeat(5_000).as_bytes(), "S");
        assert!(found.too_many);
        assert_eq!(found.ranges.len(), MOST_PARTS);
    }
}
