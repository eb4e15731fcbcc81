// SPDX-License-Identifier: GPL-3.0-or-later
//! The header section of an entity (RFC 5322, section 2.2), as raw fields.
//!
//! For whoever looks a field up or copies one byte for byte. Nothing is allocated: the fields are
//! found anew at each walk. An endless header is one without fields, and says so: what cannot be
//! read as a whole must not be believed in part. It knows no field's meaning.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize as _;

/// A header of more octets than this has no fields.
const LONGEST: usize = 1 << 20;
/// A header of more lines than this has no fields.
const MOST_LINES: usize = 10_000;

/// The header fields at the head of some octets, up to the first empty line.
///
/// Lines may end with CRLF or with LF alone. A line that is neither a field nor the continuation
/// of one is passed over, together with its own continuations.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    octets: &'a [u8],
    body_offset: usize,
    endless: bool,
}

/// One header field as it stands, folded lines and line ends included.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The field's name as written.
    pub name: &'a str,
    /// The whole field: name, colon, body, with every line end.
    pub raw: &'a [u8],
    colon: usize,
}

impl<'a> Header<'a> {
    /// Finds the header section of an entity.
    pub fn of(octets: &'a [u8]) -> Self {
        let (mut end, mut lines, mut body_offset) = (0, 0, octets.len());
        while let Some(line) = first_line(octets.get(end..).unwrap_or_default()) {
            if without_line_end(line).is_empty() {
                body_offset = end + line.len();
                break;
            }
            end += line.len();
            lines += 1;
        }
        let endless = end > LONGEST || lines > MOST_LINES;
        let header = if endless { None } else { octets.get(..end) };
        Self { octets: header.unwrap_or_default(), body_offset, endless }
    }

    /// Whether it has more than 1 MiB or 10,000 lines: then none of its fields is found.
    pub fn is_endless(&self) -> bool {
        self.endless
    }

    /// Where the body begins, counted from the start of the entity: after the empty line, or at
    /// the end if there is none.
    pub fn body_offset(&self) -> usize {
        self.body_offset
    }

    /// All fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        Fields { rest: self.octets }
    }

    /// All fields of this name, whatever its case.
    pub fn all(&self, name: &'a str) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.fields().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field of this name, if there is exactly one: of two, each program believes another.
    pub fn only(&self, name: &'a str) -> Option<Field<'a>> {
        let mut all = self.all(name);
        all.next().filter(|_| all.next().is_none())
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({} octets)", self.octets.len())
    }
}

impl<'a> Field<'a> {
    /// What stands after the colon, unfolded, without the white space around it. Octets that are
    /// not UTF-8 become U+FFFD, a lone CR a space.
    pub fn body(&self) -> Cow<'a, str> {
        let raw = self.raw.get(self.colon + 1..).unwrap_or_default().trim_ascii();
        if !raw.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
            return String::from_utf8_lossy(raw);
        }
        let mut unfolded = Vec::with_capacity(raw.len());
        let mut octets = raw.iter().peekable();
        while let Some(octet) = octets.next() {
            match octet {
                b'\r' if octets.peek() == Some(&&b'\n') => {}
                b'\r' => unfolded.push(b' '),
                b'\n' => {}
                other => unfolded.push(*other),
            }
        }
        Cow::Owned(String::from_utf8(unfolded).unwrap_or_else(|wrong| {
            let mut octets = wrong.into_bytes();
            let text = String::from_utf8_lossy(&octets).into_owned();
            octets.zeroize();
            text
        }))
    }

    /// Whether the field has this name, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({}, {} octets)", self.name, self.raw.len())
    }
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let first = first_line(self.rest)?;
            let mut length = first.len();
            while let Some(line) = first_line(self.rest.get(length..).unwrap_or_default()) {
                if !matches!(line.first(), Some(b' ' | b'\t')) {
                    break;
                }
                length += line.len();
            }
            let (raw, rest) = self.rest.split_at_checked(length)?;
            self.rest = rest;
            if let Some(field) = field(raw, first) {
                return Some(field);
            }
        }
    }
}

/// `field-name ":" ...`; white space before the colon is the obsolete syntax that programs still
/// read (RFC 5322, section 4.5), so that it must not hide a field from us.
fn field<'a>(raw: &'a [u8], first_line: &'a [u8]) -> Option<Field<'a>> {
    let colon = first_line.iter().position(|octet| *octet == b':')?;
    let name = first_line.get(..colon)?.trim_ascii_end();
    if name.is_empty() || !name.iter().all(|octet| (33..=126).contains(octet)) {
        return None;
    }
    Some(Field { name: std::str::from_utf8(name).ok()?, raw, colon })
}

/// The first line of some octets with its line end; `None` when nothing is left.
pub(crate) fn first_line(octets: &[u8]) -> Option<&[u8]> {
    if octets.is_empty() {
        return None;
    }
    let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
    octets.get(..end)
}

/// A line without its CRLF or LF.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(octets: &[u8]) -> Vec<String> {
        Header::of(octets).fields().map(|field| field.name.to_owned()).collect()
    }

    #[test]
    fn a_header_ends_at_the_first_empty_line() {
        for octets in [&b"A: 1\r\nB: 2\r\n\r\nC: 3\r\n"[..], b"A: 1\nB: 2\n\nC: 3\n"] {
            assert_eq!(names(octets), ["A", "B"]);
            let body = Header::of(octets).body_offset();
            assert!(octets[body..].starts_with(b"C: 3"));
        }
        assert_eq!(Header::of(b"A: 1\r\nB: 2").body_offset(), 10);
        assert_eq!(Header::of(b"").body_offset(), 0);
        assert_eq!(Header::of(b"\r\nbody").body_offset(), 2);
    }

    #[test]
    fn a_folded_field_is_one_field() {
        let header = Header::of(b"Subject: one\r\n two\r\n\tthree\r\nTo: x\r\n\r\n");
        let subject = header.only("subject").unwrap();
        assert_eq!(subject.body(), "one two\tthree");
        assert_eq!(subject.raw, b"Subject: one\r\n two\r\n\tthree\r\n");
    }

    #[test]
    fn two_fields_of_one_name_are_not_the_only_one() {
        let header = Header::of(b"From: a\r\nfrom : b\r\n\r\n");
        assert!(header.only("From").is_none());
        assert_eq!(header.all("From").count(), 2);
    }

    #[test]
    fn what_is_not_a_field_is_passed_over() {
        assert_eq!(names(b" lead\r\nnonsense\r\n more: x\r\nA: 1\r\n: none\r\nB b: 2\r\n\xff: 3\r\n"), ["A"]);
    }

    #[test]
    fn a_lone_cr_or_wrong_utf_8_does_not_break_a_body() {
        let header = Header::of(b"A: x\ry\xffz\r\n\r\n");
        assert_eq!(header.only("A").unwrap().body(), "x y\u{fffd}z");
    }

    #[test]
    fn an_endless_header_has_no_fields() {
        for header in ["A: 1\r\n".repeat(10_001), format!("A: {}\r\n", "1".repeat(1 << 20))] {
            let octets = format!("{header}\r\nbody");
            let header = Header::of(octets.as_bytes());
            assert!(header.is_endless());
            assert_eq!(header.fields().count(), 0);
            assert_eq!(header.body_offset(), octets.len() - 4);
        }
        assert!(!Header::of("A: 1\r\n".repeat(10_000).as_bytes()).is_endless());
    }

    #[test]
    fn debug_shows_no_content() {
        let header = Header::of(b"Subject: secret\r\n\r\n");
        let shown = format!("{header:?} {:?}", header.only("Subject").unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }

    proptest! {
        #[test]
        fn fields_survive(fields in prop::collection::vec(("[!-9;-~]{1,20}", "[ -~]{0,60}(\r\n [ -~]{0,60}){0,3}"), 0..20)) {
            let text: String = fields.iter().map(|(name, body)| format!("{name}:{body}\r\n")).collect();
            let whole = format!("{text}\r\nbody");
            let header = Header::of(whole.as_bytes());
            prop_assert_eq!(header.body_offset(), text.len() + 2);
            let found: Vec<_> = header.fields().collect();
            prop_assert_eq!(found.len(), fields.len());
            for (found, (name, body)) in found.iter().zip(&fields) {
                prop_assert_eq!(found.name, name);
                let raw = format!("{name}:{body}\r\n");
                prop_assert_eq!(found.raw, raw.as_bytes());
                let unfolded = body.replace("\r\n", "");
                prop_assert_eq!(found.body(), unfolded.trim_ascii());
            }
        }

        #[test]
        fn any_octets_have_a_header(octets: Vec<u8>) {
            let header = Header::of(&octets);
            prop_assert!(header.body_offset() <= octets.len());
            for field in header.fields() {
                let _ = field.body();
            }
        }
    }
}
