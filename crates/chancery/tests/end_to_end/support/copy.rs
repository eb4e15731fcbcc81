// SPDX-License-Identifier: GPL-3.0-or-later
//! One copy as a member gets it: the checks that hold for every copy of every list, and its parts.

use chancery_testkit::Received;

use super::gpg::GpgPerson;
use super::mime::{Part, find};
use super::server::TestList;
use super::sink::{recipients, reverse_path};

/// A copy, opened and found in order.
pub(crate) struct Copy {
    /// The message as it came over the wire.
    pub(crate) message: Part,
    /// What was inside.
    pub(crate) payload: Part,
}

impl Copy {
    /// Opens a member's copy with that member's secret key alone and checks everything that must hold for each.
    pub(crate) fn open(received: &Received, list: &TestList, member: &GpgPerson) -> Self {
        assert_eq!(recipients(received), [member.address.as_str()], "one copy is for one recipient");
        let message = checked_outside(received, list);
        let opened = member.open(&armored(&message));
        opened.assert_decrypted();
        opened.assert_signed_by(&member.fingerprint_of(&list.address));
        // One recipient, who is hidden: nobody learns from a copy who else there is.
        let names: Vec<&str> = opened.status("ENC_TO");
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(names[0].starts_with("0000000000000000"), "{names:?}");
        Self { message, payload: checked_inside(&opened.plaintext, list) }
    }

    /// A copy whose payload somebody else has opened and found signed.
    pub(crate) fn opened_elsewhere(received: &Received, list: &TestList, payload: &[u8]) -> Self {
        Self { message: checked_outside(received, list), payload: checked_inside(payload, list) }
    }

    /// The protected Subject.
    pub(crate) fn subject(&self) -> &str {
        self.payload.field("Subject").expect("the payload has a Subject")
    }

    /// The list's own words: the first part.
    pub(crate) fn result(&self) -> String {
        self.payload.children()[0].text()
    }

    /// The author's entity: the second part.
    pub(crate) fn author(&self) -> Part {
        self.payload.children()[1].clone()
    }

    /// The entity that the author's carried signature covers, after verifying that signature by hand.
    pub(crate) fn signed_entity(&self, verifier: &GpgPerson, author: &str) -> Part {
        let signed = self.author();
        assert_eq!(signed.media_type(), "multipart/signed", "{signed}");
        assert_eq!(signed.parameter("protocol").as_deref(), Some("application/pgp-signature"));
        let children = signed.children();
        assert_eq!(children.len(), 2, "{signed}");
        verifier.verify(&children[0].octets, children[1].body()).assert_signed_by(author);
        children[0].clone()
    }
}

/// The header that anybody on the way can read, and the envelope.
fn checked_outside(received: &Received, list: &TestList) -> Part {
    let text = String::from_utf8_lossy(&received.octets).into_owned();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
    assert!(text.lines().all(|line| line.len() <= 998), "no line is longer than SMTP allows");
    let message = Part::of(&received.octets);
    let local = list.address.split('@').next().unwrap();
    let from = message.field("From").unwrap();
    assert!(from == list.address || from.ends_with(&format!("<{}>", list.address)), "From: {from}");
    assert!(reverse_path(received).starts_with(&format!("{local}-bounces+")), "{}", reverse_path(received));
    assert_eq!(message.field("Subject"), Some("[...]"));
    let list_id = message.field("List-Id").unwrap();
    assert!(list_id.contains(&format!("<{}>", list.address.replace('@', "."))), "List-Id: {list_id}");
    for field in
        ["List-Post", "List-Help", "List-Owner", "List-Unsubscribe", "Autocrypt", "Date", "Message-ID"]
    {
        assert!(message.field(field).is_some(), "no {field} in\n{message}");
    }
    assert!(message.field("Autocrypt").unwrap().contains(&format!("addr={};", list.address)));
    assert_eq!(message.media_type(), "multipart/encrypted");
    assert_eq!(message.parameter("protocol").as_deref(), Some("application/pgp-encrypted"));
    message
}

/// The armored OpenPGP message, which ends with its CRC24 line.
pub(crate) fn armored(message: &Part) -> Vec<u8> {
    let children = message.children();
    assert_eq!(children.len(), 2, "{message}");
    assert_eq!(children[0].media_type(), "application/pgp-encrypted");
    assert_eq!(String::from_utf8_lossy(children[0].body()).trim(), "Version: 1");
    assert_eq!(children[1].media_type(), "application/octet-stream");
    let armored = children[1].body().to_vec();
    let lines: Vec<String> =
        String::from_utf8_lossy(&armored).trim_end().lines().map(str::to_owned).collect();
    assert_eq!(lines[lines.len() - 1], "-----END PGP MESSAGE-----");
    let checksum = &lines[lines.len() - 2];
    assert!(checksum.starts_with('=') && checksum.len() == 5, "no CRC24 line but {checksum}");
    armored
}

/// What the list's signature covers.
fn checked_inside(payload: &[u8], list: &TestList) -> Part {
    let payload = Part::of(payload);
    assert_eq!(payload.media_type(), "multipart/mixed", "{payload}");
    assert_eq!(payload.parameter("hp").as_deref(), Some("cipher"));
    assert_eq!(payload.parameter("protected-headers").as_deref(), Some("v1"));
    let from = payload.field("From").expect("the protected header has a From");
    assert!(from == list.address || from.ends_with(&format!("<{}>", list.address)), "From: {from}");
    assert!(payload.field("Subject").is_some(), "{payload}");
    let children = payload.children();
    assert!(children.len() >= 2, "a result and the author's entity:\n{payload}");
    let result = &children[0];
    assert_eq!(result.media_type(), "text/plain");
    assert!(result.parameter("name").is_none() && find(&result.octets, b"filename").is_none(), "{result}");
    for text in &children[2..] {
        assert_eq!(text.media_type(), "text/plain");
        assert!(text.text().starts_with("-- "), "the footer begins with its mark:\n{text}");
    }
    payload
}
