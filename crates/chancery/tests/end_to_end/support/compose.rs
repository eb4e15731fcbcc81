// SPDX-License-Identifier: GPL-3.0-or-later
//! Letters, in each shape that mail programs give them. What signs and encrypts is GnuPG or whatever the caller brings.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::gpg::GpgPerson;
use super::mime::crlf;
use super::process::Program;

/// What somebody writes, before any protection.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    /// File name and content.
    pub(crate) attachment: Option<(String, String)>,
    /// Further header lines outside, each ended by a line feed.
    pub(crate) more_header: String,
    pub(crate) message_id: String,
    /// Does the subject stand in the protected header (RFC 9788) and dots outside?
    pub(crate) subject_protected: bool,
}

/// Now, as Date fields write it.
pub(crate) static DATE: LazyLock<String> =
    LazyLock::new(|| Program::new("date").arg("-R").ok().text().trim().to_owned());

impl Letter {
    /// A plain letter from somebody to an address.
    pub(crate) fn new(from: &GpgPerson, to: &str, subject: &str, body: &str) -> Self {
        Self::from_mailbox(&format!("{} <{}>", from.name, from.address), to, subject, body)
    }

    pub(crate) fn from_mailbox(from: &str, to: &str, subject: &str, body: &str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            body: body.to_owned(),
            attachment: None,
            more_header: String::new(),
            message_id: format!("<letter-{}-{number}@example.org>", std::process::id()),
            subject_protected: false,
        }
    }

    pub(crate) fn with_protected_subject(mut self) -> Self {
        self.subject_protected = true;
        self
    }

    pub(crate) fn with_attachment(mut self, name: &str, content: &str) -> Self {
        self.attachment = Some((name.to_owned(), content.to_owned()));
        self
    }

    pub(crate) fn with_header(mut self, line: &str) -> Self {
        self.more_header.push_str(line);
        self.more_header.push('\n');
        self
    }

    /// The header outside, without Content-Type and MIME-Version.
    fn header(&self) -> String {
        let subject = if self.subject_protected { "..." } else { &self.subject };
        format!(
            "From: {}\nTo: {}\nSubject: {subject}\nDate: {}\nMessage-ID: {}\n{}",
            self.from, self.to, *DATE, self.message_id, self.more_header
        )
    }

    /// The MIME entity, with CRLF: what is signed, or encrypted. Its Content-ID makes it differ from every other letter:
    /// the same words signed twice within a second are the same signature, and a list takes them for a replay.
    pub(crate) fn entity(&self) -> Vec<u8> {
        let id = &self.message_id;
        let protected = |parameters: &str| {
            if self.subject_protected {
                format!(
                    "Content-Type: {parameters}; hp=\"cipher\"\nContent-ID: {id}\nFrom: {}\nTo: {}\nSubject: {}\nDate: {}\n\
                     Message-ID: {}\nHP-Outer: Subject: ...\n",
                    self.from, self.to, self.subject, *DATE, self.message_id
                )
            } else {
                format!("Content-Type: {parameters}\nContent-ID: {id}\n")
            }
        };
        let text = match &self.attachment {
            None => format!(
                "{}Content-Transfer-Encoding: 8bit\n\n{}\n",
                protected("text/plain; charset=utf-8"),
                self.body
            ),
            Some((name, content)) => format!(
                "{}\n--entity\nContent-Type: text/plain; charset=utf-8\n\
                 Content-Transfer-Encoding: 8bit\n\n{}\n--entity\n\
                 Content-Type: application/octet-stream; name=\"{name}\"\n\
                 Content-Disposition: attachment; filename=\"{name}\"\n\n{content}\n--entity--\n",
                protected("multipart/mixed; boundary=\"entity\""),
                self.body
            ),
        };
        crlf(&text)
    }

    /// In clear, as it is.
    pub(crate) fn clear(&self) -> Vec<u8> {
        self.around(&self.entity())
    }

    /// Header, MIME-Version, and an entity that brings its own Content fields.
    pub(crate) fn around(&self, entity: &[u8]) -> Vec<u8> {
        let mut message = crlf(&format!("{}MIME-Version: 1.0\n", self.header()));
        message.extend_from_slice(entity);
        message
    }

    /// multipart/encrypted around an armored OpenPGP message (RFC 3156 4).
    pub(crate) fn encrypted(&self, armored: &str) -> Vec<u8> {
        self.around(&crlf(&format!(
            "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"sealed\"\n\n\
             --sealed\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n\
             --sealed\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n\n{armored}\n--sealed--\n"
        )))
    }

    /// A message whose text is one armored block.
    pub(crate) fn inline(&self, armored: &str) -> Vec<u8> {
        self.around(&crlf(&format!("Content-Type: text/plain; charset=utf-8\n\n{armored}")))
    }
}

/// multipart/signed (RFC 3156 5) around an entity, which stays byte for byte.
pub(crate) fn multipart_signed(entity: &[u8], signature: &str, micalg: &str) -> Vec<u8> {
    let mut signed = crlf(&format!(
        "Content-Type: multipart/signed; micalg={micalg}; protocol=\"application/pgp-signature\"; \
         boundary=\"signed\"\n\n--signed\n"
    ));
    signed.extend_from_slice(entity);
    signed.extend_from_slice(&crlf(&format!(
        "\n--signed\nContent-Type: application/pgp-signature; name=\"signature.asc\"\n\n{signature}\n--signed--\n"
    )));
    signed
}

/// The ways in which people protect a letter to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// PGP/MIME, signed and encrypted in one OpenPGP message.
    Combined,
    /// The same; the literal data has LF line ends and the signature is one over binary data.
    CombinedLineFeeds,
    /// PGP/MIME encrypted around multipart/signed.
    Nested,
    /// multipart/signed, in clear.
    SignedOnly,
    /// One inline block that is the whole body.
    Inline,
    /// Combined, and all recipients hidden.
    Hidden,
}

/// All of them.
pub(crate) const PROTECTIONS: [Protection; 6] = [
    Protection::Combined,
    Protection::CombinedLineFeeds,
    Protection::Nested,
    Protection::SignedOnly,
    Protection::Inline,
    Protection::Hidden,
];

/// Protects a letter with GnuPG: signed by `author`, encrypted to the list's key and the author's own.
pub(crate) fn protect(author: &GpgPerson, list_key: &str, letter: &Letter, how: Protection) -> Vec<u8> {
    let to = [author.fingerprint.as_str(), list_key];
    let sign = ["--sign", "--local-user", author.fingerprint.as_str()];
    let entity = letter.entity();
    match how {
        Protection::Combined => letter.encrypted(&author.sealed(&entity, &to, &sign)),
        Protection::CombinedLineFeeds => {
            let entity = String::from_utf8(entity).unwrap().replace("\r\n", "\n");
            letter.encrypted(&author.sealed(entity.as_bytes(), &to, &sign))
        }
        Protection::Nested => {
            let signature = author.detached_signature(&entity, &["--digest-algo", "SHA256"]);
            let signed = multipart_signed(&entity, &signature, "pgp-sha256");
            letter.encrypted(&author.sealed(&signed, &to, &[]))
        }
        Protection::SignedOnly => {
            let signature = author.detached_signature(&entity, &["--digest-algo", "SHA256"]);
            letter.around(&multipart_signed(&entity, &signature, "pgp-sha256"))
        }
        Protection::Inline => letter.inline(&author.sealed(letter.body.as_bytes(), &to, &sign)),
        Protection::Hidden => {
            let sealed = author.sealed(&entity, &to, &[&sign[..], &["--throw-keyids"]].concat());
            letter.encrypted(&sealed)
        }
    }
}
