// SPDX-License-Identifier: GPL-3.0-or-later
//! Letters to a list, in every shape in which mail programs write them, and in some others.

use base64::{Engine, engine::general_purpose::STANDARD};
use chancery_crypto::{
    BodyFormat, Certificate, RecipientKeyId, clearsign, deposit, detached_signature, seal,
};
use chancery_mail::{Cleartext, Entity, Instant};

use super::house::List;
use super::people::{NOW, Person};

/// What every letter says unless it is told otherwise.
pub(crate) const WORDS: &str = "Meet me at the old mill at six.";
pub(crate) const SUBJECT: &str = "The papers";

/// A letter that is being written.
#[derive(Clone)]
pub(crate) struct Letter<'a> {
    from: String,
    signer: &'a Person,
    list: String,
    certificate: Certificate,
    pub(crate) subject: String,
    pub(crate) words: String,
    /// Fields of the outer header besides the usual ones, each with CRLF.
    pub(crate) outer: String,
    /// Whether the header stands inside the protection too.
    pub(crate) protected: bool,
    /// Line ends of the content.
    pub(crate) newline: &'static str,
    /// What stands in place of the usual content.
    pub(crate) content: Option<String>,
    pub(crate) now: Instant,
}

impl<'a> Letter<'a> {
    pub(crate) fn new(author: &'a Person, list: &List) -> Self {
        let mut name = author.name.to_owned();
        if let Some(initial) = name.get_mut(..1) {
            initial.make_ascii_uppercase();
        }
        Self {
            from: format!("{name} <{}>", author.address),
            signer: author,
            list: list.address.to_string(),
            certificate: list.certificate.clone(),
            subject: SUBJECT.to_owned(),
            words: WORDS.to_owned(),
            outer: String::new(),
            protected: true,
            newline: "\r\n",
            content: None,
            now: NOW,
        }
    }

    /// Under another name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.from = format!("\"{name}\" {}", self.from.split_once(' ').map_or("", |(_, address)| address));
        self
    }

    pub(crate) fn signed_by(mut self, signer: &'a Person) -> Self {
        self.signer = signer;
        self
    }

    pub(crate) fn saying(mut self, words: &str) -> Self {
        self.words = words.to_owned();
        self
    }

    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    pub(crate) fn unprotected_header(mut self) -> Self {
        self.protected = false;
        self
    }

    pub(crate) fn with_outer(mut self, fields: &str) -> Self {
        self.outer = fields.to_owned();
        self
    }

    pub(crate) fn with_content(mut self, content: &str) -> Self {
        self.content = Some(content.to_owned());
        self
    }

    pub(crate) fn with_newline(mut self, newline: &'static str) -> Self {
        self.newline = newline;
        self
    }

    pub(crate) fn at(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// The header of the message, without the empty line, and its subject hidden where it should.
    fn header(&self, subject: &str) -> String {
        format!(
            "From: {}\r\nTo: <{}>\r\nDate: {}\r\nSubject: {subject}\r\nMessage-ID: <1.{}@example.org>\r\n{}MIME-Version: 1.0\r\n",
            self.from,
            self.list,
            self.now.to_rfc5322(),
            self.now.unix(),
            self.outer,
        )
    }

    /// The content: what is signed.
    pub(crate) fn payload(&self, protection: &str) -> String {
        let text = match (&self.content, self.protected) {
            (Some(content), _) => content.clone(),
            (None, true) => format!(
                "Content-Type: text/plain; charset=utf-8; hp=\"{protection}\"; protected-headers=\"v1\"\r\n\
                 From: {}\r\nTo: <{}>\r\nDate: {}\r\nSubject: {}\r\n\r\n{}\r\n",
                self.from,
                self.list,
                self.now.to_rfc5322(),
                self.subject,
                self.words,
            ),
            (None, false) => format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", self.words),
        };
        if self.newline == "\r\n" { text } else { text.replace("\r\n", self.newline) }
    }

    fn outer_subject(&self) -> &str {
        if self.protected { "[...]" } else { &self.subject }
    }

    /// One OpenPGP message, signed and encrypted in one.
    pub(crate) fn combined(&self) -> Vec<u8> {
        self.combined_for(&self.certificate)
    }

    pub(crate) fn combined_for(&self, certificate: &Certificate) -> Vec<u8> {
        let message = self.sealed(&self.payload("cipher"), certificate);
        encrypted(&self.header(self.outer_subject()), &message)
    }

    fn sealed(&self, content: &str, certificate: &Certificate) -> Vec<u8> {
        let content = Entity::<Cleartext>::new(content.as_bytes().to_vec());
        let key = certificate.recipient_key(self.now).unwrap();
        let (body, session_key) = seal(&content, &self.signer.ring, key.format(), self.now).unwrap();
        assert!(matches!(body.format(), BodyFormat::SeipdV1 | BodyFormat::SeipdV2));
        body.wrap(&session_key, &key, RecipientKeyId::Hidden).unwrap().slices().concat()
    }

    /// Encrypted by anybody, signed by nobody.
    pub(crate) fn unsigned(&self) -> Vec<u8> {
        self.enclosed(&self.payload("cipher"))
    }

    /// multipart/signed, inside the encryption.
    pub(crate) fn nested(&self) -> Vec<u8> {
        self.enclosed(&self.multipart_signed(&self.payload("cipher"), ""))
    }

    /// The same, with one letter of the content changed after it was signed.
    pub(crate) fn nested_and_forged(&self) -> Vec<u8> {
        let signed = self.multipart_signed(&self.payload("cipher"), "");
        self.enclosed(&signed.replace("the old mill", "the new mill"))
    }

    /// multipart/signed in clear.
    pub(crate) fn signed_in_clear(&self) -> Vec<u8> {
        let part = self.payload("clear");
        self.multipart_signed(&part, &self.header(&self.subject)).into_bytes()
    }

    /// multipart/signed in clear, changed on its way.
    pub(crate) fn signed_in_clear_and_forged(&self) -> Vec<u8> {
        let part = self.payload("clear");
        self.multipart_signed(&part, &self.header(&self.subject))
            .replace("the old mill", "the new mill")
            .into_bytes()
    }

    /// No protection at all.
    pub(crate) fn clear(&self) -> Vec<u8> {
        let plain = Self { protected: false, ..self.clone() };
        format!("{}{}", self.header(&self.subject), plain.payload("clear")).into_bytes()
    }

    /// One OpenPGP message as the text of a mail.
    pub(crate) fn inline_encrypted(&self) -> Vec<u8> {
        let block = self.sealed(&self.words, &self.certificate);
        self.text(std::str::from_utf8(&block).unwrap())
    }

    /// A cleartext-signed text.
    pub(crate) fn inline_signed(&self) -> Vec<u8> {
        let block = clearsign(&format!("{}\n", self.words), &[&self.signer.ring], self.now).unwrap();
        self.text(&block.replace("\r\n", "\n").replace('\n', "\r\n"))
    }

    /// A text with an encrypted attachment.
    pub(crate) fn partly_encrypted(&self) -> Vec<u8> {
        let block = armored("MESSAGE", &deposit(self.words.as_bytes(), &self.certificate).unwrap());
        format!(
            "{}Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n\
             --m\r\nContent-Type: text/plain\r\n\r\n{block}\r\n--m--\r\n",
            self.header(&self.subject)
        )
        .into_bytes()
    }

    /// Any content, encrypted to the list without a signature around it.
    pub(crate) fn enclosed(&self, content: &str) -> Vec<u8> {
        let message = deposit(content.as_bytes(), &self.certificate).unwrap();
        encrypted(&self.header(self.outer_subject()), armored("MESSAGE", &message).as_bytes())
    }

    fn text(&self, text: &str) -> Vec<u8> {
        format!("{}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n", self.header(&self.subject))
            .into_bytes()
    }

    /// multipart/signed with a header of one's own in front.
    pub(crate) fn multipart_signed(&self, part: &str, header: &str) -> String {
        let signature = detached_signature(part.as_bytes(), &self.signer.ring, self.now).unwrap();
        let signature = String::from_utf8(signature.armored).unwrap();
        multipart_signed(header, part, &signature)
    }
}

/// multipart/signed (RFC 3156, section 5).
pub(crate) fn multipart_signed(header: &str, part: &str, signature: &str) -> String {
    format!(
        "{header}Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"; boundary=\"s\"\r\n\r\n\
         --s\r\n{part}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n{signature}\r\n--s--\r\n"
    )
}

/// PGP/MIME (RFC 3156, section 4).
fn encrypted(header: &str, message: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "{header}Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(message);
    out.extend_from_slice(b"\r\n--b--\r\n");
    out
}

pub(crate) fn armored(kind: &str, octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PGP {kind}-----\r\n\r\n{}\r\n-----END PGP {kind}-----\r\n", lines.join("\r\n"))
}
