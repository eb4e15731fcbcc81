// SPDX-License-Identifier: GPL-3.0-or-later
//! Opens a received message.

use chancery_mail::{Cleartext, Confidentiality, CryptographicSummary, Entity, Form, Instant, Public};

use super::certificate::Certificate;
use super::holder::KeyHolder;
use super::verify::IssuerHint;

/// A message, opened as far as it goes.
#[derive(Debug)]
pub struct Opened {
    /// What is in it.
    pub content: Content,
    /// How it was protected.
    pub summary: CryptographicSummary,
    /// The author's good signature, in the form in which it can be passed on.
    pub author_signature: Option<AuthorSignature>,
}

/// The content of a message.
#[derive(Debug)]
pub enum Content {
    /// Nothing of it was encrypted: the whole received message.
    Public(Entity<Public>),
    /// It came encrypted: the entity that was inside, with CRLF.
    Cleartext(Entity<Cleartext>),
    /// It was not opened.
    None,
}

/// A signature of the author that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorSignature {
    /// The detached signature, armoured, with CRLF.
    pub armored: Vec<u8>,
    /// The value of the `micalg` parameter.
    pub micalg: String,
    /// Whether it verifies as multipart/signed over the content as it is passed on.
    pub carriable: bool,
}

/// Opens a message.
pub fn open(
    received: &Entity<Public>,
    holder: &dyn KeyHolder,
    certificates: &mut dyn FnMut(&IssuerHint) -> Vec<Certificate>,
    now: Instant,
) -> Opened {
    let _ = (received, holder, certificates, now);
    let summary = CryptographicSummary {
        form: Form::Partly,
        confidentiality: Confidentiality::Unopened(""),
        signers: Vec::new(),
    };
    Opened { content: Content::None, summary, author_signature: None }
}
