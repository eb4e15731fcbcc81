// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes a received message apart: decrypts it, verifies it, and says how it was protected.
//!
//! A message is opened only if exactly one cryptographic envelope spans all of its content; which
//! that is, `chancery_mail::shape` says. Only signatures inside the encryption count. Nothing here is
//! an error: whatever is wrong with a message is a value in its summary.

use std::fmt;

use chancery_mail::{
    Cleartext, Confidentiality, Coverage, CryptographicSummary, Entity, Form, Instant, Provenance, Public,
    Shape, SignerVerdict, protected_letterhead, shape,
};

use super::armor::{self, Kind};
use super::certificate::Certificate;
use super::decrypt::{Failure, decrypt};
use super::holder::KeyHolder;
use super::inline;
use super::line_ends;
use super::verify::{IssuerHint, Judged, Signatures, Verification, detached, good_ones_verify_over};

/// A message, opened as far as it goes.
#[derive(Debug)]
pub struct Opened {
    /// What is in it.
    pub content: Content,
    /// How it was protected.
    pub summary: CryptographicSummary,
    /// The author's good signature in a form in which it can be passed on; `None` when there is no
    /// good one.
    pub author_signature: Option<AuthorSignature>,
}

/// The content of a message. `Debug` shows none of it.
#[derive(Debug)]
pub enum Content {
    /// Nothing of it was opened by a key: the whole received message. Of an inline signed one, the
    /// body is the text that was verified, without its armour.
    Public(Entity<Public>),
    /// It came encrypted: the entity that was inside, with CRLF.
    Cleartext(Entity<Cleartext>),
    /// It came encrypted and was not opened.
    None,
}

/// A signature of the author that was found good.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorSignature {
    /// The detached signature, armoured, with CRLF.
    pub armored: Vec<u8>,
    /// The value of the `micalg` parameter.
    pub micalg: String,
    /// Whether it verifies as multipart/signed over the content as it is here. (Where the content is
    /// itself multipart/signed, it holds this signature already.)
    pub carriable: bool,
    /// Whether it is over the first part of the content, which is multipart/signed, and not over all.
    pub of_first_part: bool,
}

impl fmt::Debug for AuthorSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorSignature({}, carriable: {})", self.micalg, self.carriable)
    }
}

/// Opens a message with the holder's keys and checks its signatures with the certificates that
/// `certificates` gives for the name in a signature.
///
/// It is bounded whatever the message: at most 16 session key packets are tried with at most four keys
/// each, at most 16 signatures are judged, compressed content grows to at most 64 MiB; passphrases are never tried; nothing is opened that has no integrity protection, and nothing
/// is given out before that is checked.
pub fn open(
    received: &Entity<Public>,
    holder: &dyn KeyHolder,
    certificates: &mut dyn FnMut(&IssuerHint) -> Vec<Certificate>,
    now: Instant,
) -> Opened {
    let mut verification = Verification { certificates, now, opened_by: None };
    match shape(received) {
        Shape::Clear => public(received.clone(), Form::Clear),
        Shape::Partly { .. } => public(received.clone(), Form::Partly),
        Shape::Signed { signed, signature, .. } => {
            let judged = verification.judge_detached(&signature, &signed, coverage(received));
            Opened::of(Content::Public(received.clone()), Form::PgpMimeSigned, judged, true)
        }
        Shape::InlineSigned { block, charset } => {
            inline_signed(received, &block, charset.as_deref(), &mut verification)
        }
        Shape::Encrypted { message } => encrypted(&message, holder, &mut verification)
            .unwrap_or_else(|failure| unopened(Form::PgpMimeEncrypted, failure)),
        Shape::InlineEncrypted { block, charset } => {
            inline_encrypted(received, &block, charset.as_deref(), holder, &mut verification)
                .unwrap_or_else(|failure| unopened(Form::InlineEncrypted, failure))
        }
    }
}

fn public(entity: Entity<Public>, form: Form) -> Opened {
    Opened::of(Content::Public(entity), form, Vec::new(), false)
}

fn unopened(form: Form, failure: Failure) -> Opened {
    let confidentiality = Confidentiality::Unopened(failure.in_words());
    let summary = CryptographicSummary { form, confidentiality, signers: Vec::new() };
    Opened { content: Content::None, summary, author_signature: None }
}

/// PGP/MIME (RFC 3156, sections 4 and 6).
fn encrypted(
    message: &[u8],
    holder: &dyn KeyHolder,
    verification: &mut Verification<'_>,
) -> Result<Opened, Failure> {
    let message = armor::read_or_binary(Kind::Message, message).ok_or(Failure::Malformed)?;
    let decrypted = decrypt(&message, holder, Some(verification.now))?;
    drop(message);
    verification.opened_by = Some(decrypted.opened_by);

    // The combined signature is over the literal data as they came, with whatever line ends.
    let literal_was_crlf = line_ends::is_crlf(&decrypted.literal);
    let literal = Entity::<Cleartext>::from_zeroizing(decrypted.literal);
    let judged = verification.judge(decrypted.signatures, literal.lend(), coverage(&literal));
    let payload = if literal_was_crlf { literal } else { with_crlf(&literal) };

    let (form, nested) = match shape(&payload) {
        Shape::Encrypted { .. } | Shape::InlineEncrypted { .. } => return Err(Failure::EncryptedTwice),
        Shape::Signed { signed, signature, .. } => {
            let nested = verification.judge_detached(&signature, &signed, coverage(&payload));
            (Form::PgpMimeSignedInEncrypted, nested)
        }
        _ => (Form::PgpMimeEncrypted, Vec::new()),
    };
    let has_good = |judged: &[Judged]| judged.iter().any(|one| one.signer.verdict == SignerVerdict::Good);
    // Which of the two goes on, should there be both: the one over all.
    let combined_goes_on = has_good(&judged) || !has_good(&nested);
    let carriable = if combined_goes_on {
        literal_was_crlf || good_ones_verify_over(&judged, payload.lend())
    } else {
        true
    };
    let of_first_part = !combined_goes_on;
    let goes_on = if combined_goes_on { &judged } else { &nested };
    let author_signature = AuthorSignature::of(goes_on, carriable, of_first_part);
    let signers = judged.into_iter().chain(nested).map(|judged| judged.signer).collect();
    let summary = CryptographicSummary { form, confidentiality: Confidentiality::Encrypted, signers };
    Ok(Opened { content: Content::Cleartext(payload), summary, author_signature })
}

fn inline_encrypted(
    received: &Entity<Public>,
    block: &[u8],
    charset: Option<&str>,
    holder: &dyn KeyHolder,
    verification: &mut Verification<'_>,
) -> Result<Opened, Failure> {
    let block = armor::read(Kind::Message, block).ok_or(Failure::Malformed)?;
    let decrypted = decrypt(&block.octets, holder, Some(verification.now))?;
    verification.opened_by = Some(decrypted.opened_by);
    let judged = verification.judge(decrypted.signatures, &decrypted.literal, Coverage::Content);
    let text = line_ends::to_crlf(decrypted.literal);
    // The armour's own charset is the nearer one; neither is protected, both only name an alphabet.
    let content_type = inline::content_type(received.lend(), [block.charset.as_deref(), charset], &text);
    let payload = Entity::<Cleartext>::from_zeroizing(inline::text_entity(b"", &content_type, &text));
    let mut opened = Opened::of(Content::Cleartext(payload), Form::InlineEncrypted, judged, false);
    opened.summary.confidentiality = Confidentiality::Encrypted;
    Ok(opened)
}

fn inline_signed(
    received: &Entity<Public>,
    block: &[u8],
    charset: Option<&str>,
    verification: &mut Verification<'_>,
) -> Opened {
    let Some(found) = inline::clear_signed(block) else {
        let bad = vec![Judged::without(SignerVerdict::Bad, Coverage::Content)];
        return Opened::of(Content::Public(received.clone()), Form::InlineSigned, bad, false);
    };
    let judged = verification.judge_detached(&found.signature, &found.text, Coverage::Content);
    let fields = inline::fields_but_content(received.lend());
    let content_type = inline::content_type(received.lend(), [charset, None], &found.text);
    let entity = Entity::<Public>::from_zeroizing(inline::text_entity(&fields, &content_type, &found.text));
    Opened::of(Content::Public(entity), Form::InlineSigned, judged, false)
}

impl Verification<'_> {
    /// Judges a detached signature; one that cannot even be read is a bad one.
    fn judge_detached(&mut self, signature: &[u8], octets: &[u8], coverage: Coverage) -> Vec<Judged> {
        match Signatures::read(signature) {
            Some(signatures) => self.judge(signatures, octets, coverage),
            None => vec![Judged::without(SignerVerdict::Bad, coverage)],
        }
    }
}

impl Opened {
    /// Of a message that was not encrypted.
    fn of(content: Content, form: Form, judged: Vec<Judged>, carriable: bool) -> Self {
        let author_signature = AuthorSignature::of(&judged, carriable, form == Form::PgpMimeSigned);
        let signers = judged.into_iter().map(|judged| judged.signer).collect();
        let summary = CryptographicSummary { form, confidentiality: Confidentiality::None, signers };
        Self { content, summary, author_signature }
    }
}

impl AuthorSignature {
    fn of(judged: &[Judged], carriable: bool, of_first_part: bool) -> Option<Self> {
        detached(judged).map(|(armored, micalg)| Self { armored, micalg, carriable, of_first_part })
    }
}

fn with_crlf(literal: &Entity<Cleartext>) -> Entity<Cleartext> {
    Entity::new(line_ends::borrowed_to_crlf(literal.lend()).into_owned())
}

/// Whether header fields stand inside the protection.
fn coverage<P: Provenance>(content: &Entity<P>) -> Coverage {
    if protected_letterhead(content).is_some() { Coverage::ContentAndHeader } else { Coverage::Content }
}
