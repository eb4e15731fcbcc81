// SPDX-License-Identifier: GPL-3.0-or-later
//! What a member sees of a copy, with one key alone.

use chancery_crypto::{Certificate, Content, Opened};
use chancery_mail::{Entity, Header, Instant, Public, SignerVerdict};

use super::people::Person;

/// A copy, opened.
pub(crate) struct Reading {
    /// The content, as text.
    pub(crate) text: String,
    /// Its protected subject.
    pub(crate) subject: String,
    /// The parts of the root: the result, the author's, the footer.
    pub(crate) parts: Vec<Vec<u8>>,
}

impl Reading {
    /// What the list says above.
    pub(crate) fn result(&self) -> String {
        String::from_utf8(self.parts[0].clone()).unwrap()
    }

    /// The author's part, as text.
    pub(crate) fn author(&self) -> String {
        String::from_utf8(self.parts[1].clone()).unwrap()
    }
}

impl Person {
    /// Opens it with this person's key alone; `None` when it does not open.
    pub(crate) fn try_to_open(&self, message: &[u8], list: &Certificate, now: Instant) -> Option<Opened> {
        let message = Entity::<Public>::new(message.to_vec());
        let opened = chancery_crypto::open(&message, &self.ring, &mut |_| vec![list.clone()], now);
        matches!(opened.content, Content::Cleartext(_)).then_some(opened)
    }

    /// Reads a copy, which must be encrypted to this person and signed by the list.
    pub(crate) fn read(&self, message: &[u8], list: &Certificate, now: Instant) -> Reading {
        let opened = self
            .try_to_open(message, list, now)
            .unwrap_or_else(|| panic!("{} cannot open a copy", self.name));
        match opened.summary.signers.as_slice() {
            [one] => {
                assert_eq!(one.verdict, SignerVerdict::Good, "the list's signature");
                assert_eq!(one.fingerprint, Some(list.fingerprint()));
            }
            other => panic!("{} signatures around a copy", other.len()),
        }
        let Content::Cleartext(payload) = &opened.content else { panic!("a copy in clear") };
        let text = String::from_utf8(payload.lend().to_vec()).unwrap();
        let letterhead = chancery_mail::protected_letterhead(payload).expect("a protected header");
        Reading { subject: letterhead.subject.to_string(), parts: children(text.as_bytes()), text }
    }
}

/// The parts of a multipart, by its own boundary.
pub(crate) fn children(octets: &[u8]) -> Vec<Vec<u8>> {
    let header = Header::of(octets);
    let content_type = header.only("Content-Type").expect("a Content-Type").body().into_owned();
    let (_, rest) =
        content_type.split_once("boundary=").unwrap_or_else(|| panic!("not a multipart: {content_type}"));
    let boundary = rest.trim_start_matches('"').split(['"', ';']).next().unwrap();
    let body = std::str::from_utf8(&octets[header.body_offset()..]).unwrap();
    let body = format!("\r\n{body}");
    let mut parts: Vec<&str> = body.split(&format!("\r\n--{boundary}")).skip(1).collect();
    assert!(parts.pop().expect("an end").starts_with("--"), "no end of {boundary}");
    parts.iter().map(|part| part.strip_prefix("\r\n").unwrap().as_bytes().to_vec()).collect()
}

/// One field of a header.
pub(crate) fn field(octets: &[u8], name: &str) -> Option<String> {
    Header::of(octets).only(name).map(|field| field.body().trim().to_owned())
}
