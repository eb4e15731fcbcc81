// SPDX-License-Identifier: GPL-3.0-or-later
//! Characters that a line of text for people must not have.

/// Characters that turn the direction of a text around, so that it reads otherwise than it is
/// (embeddings, overrides and isolates of Unicode's annex 9).
pub(crate) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line: line ends and control characters become spaces, white space at both ends falls away.
pub(crate) fn one_line(text: &str) -> String {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control())
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// A text of several lines with CRLF: control characters other than line ends and tabs fall away,
/// and it ends with a line end unless it is empty.
pub(crate) fn lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 2);
    for line in text.lines() {
        lines.extend(line.chars().filter(|c| *c == '\t' || !c.is_control()));
        lines.push_str("\r\n");
    }
    lines
}
