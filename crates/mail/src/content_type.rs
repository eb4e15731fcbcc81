// SPDX-License-Identifier: GPL-3.0-or-later
//! The Content-Type of an entity (RFC 2045, section 5.1), read tolerantly and bounded.
//!
//! Where two programs could read a field differently, it says [`Ambiguous`]: a cryptographic
//! envelope is only believed when there is one way to read it.

use crate::header::Header;

/// More parameters than this are not looked at.
const MOST_PARAMETERS: usize = 64;

/// Two programs could read the field differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// A media type with its parameters; type, subtype and parameter names in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentType {
    media_type: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// The media type of the entity with this header; `text/plain` when it names none
    /// (RFC 2045, section 5.2).
    pub(crate) fn of(header: &Header<'_>) -> Result<Self, Ambiguous> {
        if header.is_endless() {
            return Err(Ambiguous);
        }
        let mut fields = header.all("Content-Type");
        let Some(field) = fields.next() else {
            return Ok(Self { media_type: "text/plain".to_owned(), parameters: Vec::new() });
        };
        if fields.next().is_some() {
            return Err(Ambiguous);
        }
        Self::read(&field.body())
    }

    /// Reads the body of a Content-Type field.
    pub(crate) fn read(text: &str) -> Result<Self, Ambiguous> {
        let mut pieces = pieces(text).into_iter();
        let media_type: String =
            pieces.next().unwrap_or_default().value.chars().filter(|c| !c.is_whitespace()).collect();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for piece in pieces {
            let Some(name) = piece.name else { continue };
            // RFC 2231 continuations of what decides the structure: some programs join them.
            let structural =
                |name: &str| matches!(name, "boundary" | "protocol" | "hp" | "protected-headers");
            let plain = name.split('*').next().unwrap_or_default();
            let doubled = parameters.iter().any(|(known, _)| *known == name);
            if structural(plain) && (plain != name || doubled) {
                return Err(Ambiguous);
            }
            if !doubled {
                parameters.push((name, piece.value));
            }
        }
        Ok(Self { media_type: media_type.to_ascii_lowercase(), parameters })
    }

    /// Whether it is this type, as `multipart/signed`.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        self.media_type == media_type
    }

    /// Whether it is a subtype of this type, as `text`. What has no readable type is text.
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        match self.media_type.split_once('/') {
            Some((own, _)) => own == kind,
            None => kind == "text",
        }
    }

    /// The value of a parameter, named in lower case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The boundary of a multipart (RFC 2046, section 5.1.1): one that could never stand in a line
    /// is none.
    pub(crate) fn boundary(&self) -> Option<&str> {
        let boundary = self.parameter("boundary")?;
        let usable = (1..=200).contains(&boundary.len())
            && !boundary.ends_with(' ')
            && boundary.bytes().all(|octet| (32..=126).contains(&octet));
        usable.then_some(boundary)
    }
}

#[derive(Default)]
struct Piece {
    name: Option<String>,
    value: String,
}

/// Splits at semicolons outside quotes and comments, drops comments, unquotes.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = vec![Piece::default()];
    let mut characters = text.chars();
    let mut comment = 0_usize;
    let mut quoted = false;
    while let Some(c) = characters.next() {
        let Some(piece) = pieces.last_mut() else { break };
        match c {
            '\\' if quoted => piece.value.extend(characters.next()),
            '\\' if comment > 0 => drop(characters.next()),
            '"' if comment == 0 => quoted = !quoted,
            _ if quoted => piece.value.push(c),
            '(' => comment += 1,
            ')' if comment > 0 => comment -= 1,
            _ if comment > 0 => {}
            ';' => {
                if pieces.len() > MOST_PARAMETERS {
                    break;
                }
                pieces.push(Piece::default());
            }
            '=' if piece.name.is_none() => {
                let name = std::mem::take(&mut piece.value);
                piece.name = Some(name.trim().to_ascii_lowercase());
            }
            c if c.is_whitespace() && piece.value.is_empty() => {}
            c => piece.value.push(c),
        }
    }
    for piece in &mut pieces {
        // White space that was quoted would be cut too: no parameter that is read here has any
        // use for it at its end.
        piece.value.truncate(piece.value.trim_end().len());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ContentType {
        ContentType::read(text).unwrap()
    }

    #[test]
    fn parameters_are_read_quoted_or_not() {
        let found = read("Multipart/Signed; Boundary=\"a;\\\"b\"; micalg = pgp-sha256 ; x");
        assert!(found.is("multipart/signed"));
        assert!(found.is_kind("multipart"));
        assert_eq!(found.boundary(), Some("a;\"b"));
        assert_eq!(found.parameter("micalg"), Some("pgp-sha256"));
    }

    #[test]
    fn comments_are_no_part_of_a_value() {
        let found = read("text/(plain;)plain; (a (nested \\) one)) charset=(x)utf-8(y)");
        assert!(found.is("text/plain"));
        assert_eq!(found.parameter("charset"), Some("utf-8"));
    }

    #[test]
    fn what_two_programs_read_differently_is_ambiguous() {
        for text in [
            "multipart/mixed; boundary=a; boundary=b",
            "multipart/mixed; boundary*0=a; boundary*1=b",
            "multipart/mixed; boundary*=utf-8''a",
            "multipart/signed; protocol=a; protocol=b",
        ] {
            assert_eq!(ContentType::read(text), Err(Ambiguous), "{text}");
        }
        let header = Header::of(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n");
        assert_eq!(ContentType::of(&header), Err(Ambiguous));
    }

    #[test]
    fn none_is_plain_text_and_nonsense_is_text() {
        assert!(ContentType::of(&Header::of(b"\r\n")).unwrap().is("text/plain"));
        assert!(read("nonsense").is_kind("text"));
        assert!(read("").is_kind("text"));
    }

    #[test]
    fn a_boundary_that_cannot_stand_in_a_line_is_none() {
        assert_eq!(read("multipart/mixed; boundary=\"\"").boundary(), None);
        assert_eq!(read("multipart/mixed; boundary=\"\u{e4}\"").boundary(), None);
        assert_eq!(read(&format!("multipart/mixed; boundary={}", "b".repeat(201))).boundary(), None);
        assert_eq!(read("multipart/mixed").boundary(), None);
    }
}
