// SPDX-License-Identifier: GPL-3.0-or-later
//! The header fields of a letter that a list acts on.
//!
//! [`letterhead`] reads the header that everybody on the way could change; [`protected_letterhead`]
//! the one inside the protection (RFC 9788, and the older form `protected-headers="v1"`). Which of
//! the two is to be believed is decided by whoever knows what was signed: nothing here does.

use std::fmt;

use jiff::fmt::rfc2822::DateTimeParser;
use zeroize::Zeroizing;

use crate::content_type::ContentType;
use crate::header::Header;
use crate::mailbox::{addresses, author};
use crate::parts::parts;
use crate::{Address, Entity, Instant, Mailbox, MalformedFrom, Provenance, encoded_word, text};

/// A longer subject is cut, in characters.
const LONGEST_SUBJECT: usize = 1_000;
/// More message ids than this are not looked at.
const MOST_IDS: usize = 100;

/// The fields of a letter that a list acts on. `Debug` shows none of their content.
pub struct Letterhead {
    /// The one author, strictly parsed.
    pub from: Result<Mailbox, MalformedFrom>,
    /// The addresses of To and Cc, as far as they can be read; at most 1000.
    pub to: Vec<Address>,
    /// The moment that the Date field names, if there is exactly one and it can be read.
    pub date: Option<Instant>,
    /// That field as it was written, with the author's time zone.
    pub date_text: Option<String>,
    /// The subject, decoded and unfolded, at most 1000 characters; empty when there is none.
    pub subject: Zeroizing<String>,
    /// The message id with its angle brackets, if there is exactly one.
    pub message_id: Option<String>,
    /// The ids of In-Reply-To, with their angle brackets.
    pub in_reply_to: Vec<String>,
    /// The ids of References, with their angle brackets; of very many the first and the last.
    pub references: Vec<String>,
    /// Whether a machine sent it, or another list did: such mail is never answered. Told by
    /// Auto-Submitted (RFC 3834), Precedence, List-Id, or a null Return-Path.
    pub automatic: bool,
}

impl fmt::Debug for Letterhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letterhead")
            .field("from", &self.from.as_ref().map(|_| "..").map_err(|why| *why))
            .field("to", &self.to.len())
            .field("date", &self.date)
            .field("subject", &format_args!("{} octets", self.subject.len()))
            .field("references", &self.references.len())
            .field("automatic", &self.automatic)
            .finish_non_exhaustive()
    }
}

/// The fields of the entity's own header.
pub fn letterhead<P: Provenance>(entity: &Entity<P>) -> Letterhead {
    read(&Header::of(entity.lend()))
}

/// The fields that were protected together with the content; `None` when none were.
///
/// `payload` is what the protection was laid around. They stand at its root, whose Content-Type
/// says `hp="clear"`, `hp="cipher"` (RFC 9788, section 2.1.1) or `protected-headers="v1"`; of a
/// multipart/signed with exactly two parts the root is the first part. Anywhere else they are
/// somebody's attachment and supply nothing. On content that was neither signed nor encrypted the
/// answer means nothing: do not ask.
pub fn protected_letterhead<P: Provenance>(payload: &Entity<P>) -> Option<Letterhead> {
    protected_header(payload.lend()).map(|header| read(&header))
}

/// The header of the cryptographic payload's root, if it says that it is protected.
fn protected_header(octets: &[u8]) -> Option<Header<'_>> {
    let mut header = Header::of(octets);
    let mut content_type = ContentType::of(&header).ok()?;
    if content_type.is("multipart/signed") {
        let body = octets.get(header.body_offset()..)?;
        let found = parts(body, content_type.boundary()?);
        let [root, _] = found.ranges.as_slice() else { return None };
        header = Header::of(body.get(root.clone())?);
        content_type = ContentType::of(&header).ok()?;
    }
    let is = |name: &str, values: &[&str]| {
        content_type.parameter(name).is_some_and(|value| values.iter().any(|v| value.eq_ignore_ascii_case(v)))
    };
    (is("hp", &["clear", "cipher"]) || is("protected-headers", &["v1"])).then_some(header)
}

/// How many hops the message has made: a message that loops has very many.
pub fn received_count<P: Provenance>(entity: &Entity<P>) -> usize {
    Header::of(entity.lend()).all("Received").count()
}

/// Whether the message has been through the list with this id (RFC 2919) already.
pub fn has_loop_mark<P: Provenance>(entity: &Entity<P>, list_id: &str) -> bool {
    Header::of(entity.lend()).all("List-Id").any(|field| {
        let body = field.body();
        let id =
            body.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(&*body, |(id, _)| id);
        id.trim().eq_ignore_ascii_case(list_id)
    })
}

fn read(header: &Header<'_>) -> Letterhead {
    let date_text = header.only("Date").map(|field| text::one_line(&field.body()));
    Letterhead {
        from: author(header),
        to: addresses(header, &["To", "Cc"]),
        date: date_text.as_deref().and_then(date),
        date_text,
        subject: subject(header),
        message_id: header.only("Message-ID").and_then(|field| message_ids(&field.body()).into_iter().next()),
        in_reply_to: ids(header, "In-Reply-To"),
        references: ids(header, "References"),
        automatic: is_automatic(header),
    }
}

/// The first Subject field, as most programs show it when there are several.
fn subject(header: &Header<'_>) -> Zeroizing<String> {
    let Some(field) = header.all("Subject").next() else { return Zeroizing::default() };
    // Cut before decoding too: sixteen octets suffice for any character in any encoding.
    let body = Zeroizing::new(field.body().into_owned());
    let body: Zeroizing<String> = Zeroizing::new(body.chars().take(LONGEST_SUBJECT * 16).collect());
    let decoded = Zeroizing::new(encoded_word::decode(&body));
    let line = Zeroizing::new(text::one_line(&decoded));
    let end = line.char_indices().nth(LONGEST_SUBJECT).map_or(line.len(), |(at, _)| at);
    Zeroizing::new(line.get(..end).unwrap_or_default().trim_end().to_owned())
}

/// A `date-time` of RFC 5322, section 3.3, obsolete forms and a wrong day of the week included.
pub(crate) fn date(text: &str) -> Option<Instant> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    if text.len() > 200 {
        return None;
    }
    let without_comment = text.split('(').next().unwrap_or_default().trim();
    PARSER.parse_timestamp(without_comment).ok().map(|found| Instant::from_unix(found.as_second()))
}

fn ids(header: &Header<'_>, name: &str) -> Vec<String> {
    header.only(name).map(|field| message_ids(&field.body())).unwrap_or_default()
}

/// The `msg-id`s of a field's body (RFC 5322, section 3.6.4), as far as they can be read.
fn message_ids(body: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for piece in body.split('<').skip(1) {
        if let Some((id, _)) = piece.split_once('>')
            && is_id(id)
        {
            if ids.len() == MOST_IDS {
                // The first names the thread, the last the message that is answered.
                ids.remove(1);
            }
            ids.push(format!("<{id}>"));
        }
    }
    ids
}

/// Whether a text can stand between the angle brackets of a message id.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=250).contains(&id.len())
        && id.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>'))
}

fn is_automatic(header: &Header<'_>) -> bool {
    let says = |name, test: &dyn Fn(&str) -> bool| {
        header.all(name).any(|field| {
            let body = field.body();
            let word =
                body.split(|c: char| c == ';' || c == '(' || c.is_whitespace()).next().unwrap_or_default();
            test(&word.to_ascii_lowercase())
        })
    };
    says("Auto-Submitted", &|word| word != "no")
        || says("Precedence", &|word| matches!(word, "bulk" | "junk" | "list"))
        || says("Return-Path", &|word| word == "<>")
        || header.all("List-Id").next().is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Cleartext, Public};

    fn of(text: &str) -> Letterhead {
        letterhead(&Entity::<Public>::new(text.as_bytes().to_vec()))
    }

    fn protected(text: &str) -> Option<Letterhead> {
        protected_letterhead(&Entity::<Cleartext>::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn the_fields_of_a_letter_are_read() {
        let found = of(
            "From: Alice <alice@example.org>\r\nTo: friends@lists.example.org\r\nCc: Bob <bob@example.org>\r\n\
             Date: Tue, 14 Nov 2023 23:13:20 +0100 (CET)\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus Bonn\r\n\
             Message-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org> (of monday)\r\n\
             References: <a@x>\r\n <b@y> <bad id> <>\r\n\r\nbody",
        );
        assert_eq!(found.from.unwrap().address.canonical(), "alice@example.org");
        assert_eq!(found.to.len(), 2);
        assert_eq!(found.date, Some(Instant::from_unix(1_700_000_000)));
        assert_eq!(found.date_text.unwrap(), "Tue, 14 Nov 2023 23:13:20 +0100 (CET)");
        assert_eq!(*found.subject, "Grüße aus Bonn");
        assert_eq!(found.message_id.unwrap(), "<1@example.org>");
        assert_eq!(found.in_reply_to, ["<0@example.org>"]);
        assert_eq!(found.references, ["<a@x>", "<b@y>"]);
        assert!(!found.automatic);
    }

    #[test]
    fn dates_are_read_as_the_world_writes_them() {
        for text in [
            "Tue, 14 Nov 2023 22:13:20 +0000",
            "14 Nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 17:13:20 EST",
            "Mon, 14 Nov 2023 22:13:20 -0000",
            "Tue,  14 Nov 2023 22:13:20 +0000 (GMT+00:00)",
            "Tue, 14 Nov 23 22:13:20 UT",
        ] {
            assert_eq!(date(text), Some(Instant::from_unix(1_700_000_000)), "{text}");
        }
        for text in ["", "yesterday", "Tue, 99 Nov 2023 22:13:20 +0000", &"1".repeat(500)] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn no_author_or_two_of_them_are_told_apart() {
        assert_eq!(of("To: x@y\r\n\r\n").from.unwrap_err(), MalformedFrom::Missing);
        assert_eq!(
            of("From: a@example.org\r\nFROM: a@example.org\r\n\r\n").from.unwrap_err(),
            MalformedFrom::Several
        );
        assert_eq!(of("From: \r\n\r\n").from.unwrap_err(), MalformedFrom::Malformed);
    }

    #[test]
    fn what_stands_twice_is_not_believed() {
        let found = of("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\
             Message-ID: <a@x>\r\nMessage-ID: <b@x>\r\nReferences: <c@x>\r\nReferences: <d@x>\r\n\r\n");
        assert_eq!((found.date, found.message_id), (None, None));
        assert!(found.references.is_empty());
    }

    #[test]
    fn a_subject_has_no_line_ends_and_an_end() {
        assert_eq!(*of("Subject: =?utf-8?Q?a=0D=0ABcc:_x=00?=\r\n\r\n").subject, "a  Bcc: x");
        assert_eq!(
            *of(&format!("Subject: {} b\r\n\r\n", "a".repeat(LONGEST_SUBJECT - 1))).subject,
            "a".repeat(LONGEST_SUBJECT - 1)
        );
        let long = format!("Subject: {}\r\n\r\n", "é".repeat(100_000));
        assert_eq!(of(&long).subject.chars().count(), LONGEST_SUBJECT);
    }

    #[test]
    fn machines_and_lists_are_told_from_people() {
        for field in [
            "Auto-Submitted: auto-replied (vacation)",
            "auto-submitted: auto-generated; x=y",
            "Precedence: Bulk",
            "List-Id: <x.example.org>",
            "Return-Path: <>",
        ] {
            assert!(of(&format!("{field}\r\n\r\n")).automatic, "{field}");
        }
        for field in ["Auto-Submitted: no", "Precedence: first-class", "Return-Path: <alice@example.org>"] {
            assert!(!of(&format!("{field}\r\n\r\n")).automatic, "{field}");
        }
    }

    #[test]
    fn protected_fields_are_those_of_a_root_that_says_so() {
        for parameter in
            ["hp=\"cipher\"", "hp=clear", "protected-headers=\"v1\"", "hp=Cipher; protected-headers=v1"]
        {
            let found =
                protected(&format!("Subject: inner\r\nContent-Type: text/plain; {parameter}\r\n\r\nx"))
                    .unwrap();
            assert_eq!(*found.subject, "inner");
        }
        for payload in [
            "Subject: inner\r\nContent-Type: text/plain\r\n\r\nx",
            "Subject: inner\r\nContent-Type: text/plain; hp=other\r\n\r\nx",
            "Subject: inner\r\nContent-Type: text/plain; protected-headers=v2\r\n\r\nx",
            "Subject: inner\r\n\r\nx",
            "Subject: inner\r\nContent-Type: text/plain; hp=clear; hp=cipher\r\n\r\nx",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: inner\r\nContent-Type: text/plain; hp=cipher\r\n\r\nx\r\n--b--\r\n",
            "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/plain; hp=cipher\r\n\r\nx",
        ] {
            assert!(protected(payload).is_none(), "{payload}");
        }
    }

    #[test]
    fn of_multipart_signed_the_root_is_the_first_of_two_parts() {
        let signed = |extra: &str| {
            format!(
                "Subject: outer\r\nContent-Type: multipart/signed; hp=cipher; boundary=b\r\n\r\n--b\r\nSubject: inner\r\n\
                 Content-Type: text/plain; hp=clear\r\n\r\nx\r\n--b\r\n\r\nsig\r\n{extra}--b--\r\n"
            )
        };
        assert_eq!(*protected(&signed("")).unwrap().subject, "inner");
        assert!(protected(&signed("--b\r\n\r\nthird\r\n")).is_none());
    }

    #[test]
    fn a_loop_is_told_by_the_list_id() {
        let seen = |field: &str| {
            has_loop_mark(
                &Entity::<Public>::new(format!("{field}\r\n\r\n").into_bytes()),
                "friends.lists.example.org",
            )
        };
        assert!(seen("List-Id: Friends of <x> <Friends.Lists.Example.org>"));
        assert!(seen("List-ID:\r\n friends.lists.example.org"));
        assert!(!seen("List-Id: <others.lists.example.org>"));
        assert!(!seen("List-Id: friends.lists.example.org <others.lists.example.org>"));
        let hops = Entity::<Public>::new(b"Received: a\r\nReceived: b\r\n\tc\r\n\r\nReceived: no".to_vec());
        assert_eq!(received_count(&hops), 2);
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?}", of("From: Alice <alice@example.org>\r\nSubject: secret\r\n\r\n"));
        assert!(!shown.contains("secret") && !shown.contains("lice"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_octets_have_a_letterhead(octets: Vec<u8>) {
            let entity = Entity::<Public>::new(octets);
            let _ = (letterhead(&entity), protected_letterhead(&entity), has_loop_mark(&entity, "x"));
        }

        #[test]
        fn any_date_is_read_or_not(text in "[A-Za-z0-9,:+() -]{0,60}") {
            let _ = date(&text);
        }
    }
}
