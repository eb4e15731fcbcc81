// SPDX-License-Identifier: GPL-3.0-or-later
//! From an accepted post to what waits for delivery: composed once, sealed once for each format,
//! and written down sealed to the list's storage key.

use std::sync::Arc;

use chancery_crypto::{AuthorSignature, BodyFormat, Certificate, Content, Keyring};
use chancery_lists::{
    AuthorSignatureHandling, HeaderProtectionLevel, Judgement, ListSettings, Outgoing, PostFacts,
    ResultDetails, Role, SignatureFate, result_text, verdict_tag,
};
use chancery_mail::compose::{public_part, public_post, public_signed, random_message_id, sealed_payload};
use chancery_mail::{
    Address, AuthorPart, Entity, Form, HeaderProtection, ListFace, PostHeader, Provenance, SignerVerdict,
    author_entity, outer_header, remove_result_lookalikes_in_subject, signed_child,
};
use chancery_store::{Audience, DepartureKind, KeyPurpose, ListRow, NewDeparture, Transaction};
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use crate::departure::{PUBLIC, mark_public};
use crate::effective_header::InClear;
use crate::face::list_face;
use crate::list_keys::storage_certificate;
use crate::post::OpenedPost;
use crate::sealed_bodies::sealed_bodies;
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// A post that is ready to be written down.
pub(crate) struct PreparedDeparture {
    departure: NewDeparture,
    outgoing: Outgoing,
}

impl PreparedDeparture {
    /// Writes it down with a delivery for each member; gives how many there are.
    pub(crate) async fn record(self, transaction: &mut Transaction) -> Result<u64, WorkError> {
        let id = transaction.add_departure(&self.departure).await?;
        let audience = Audience {
            role: Role::Member.as_str().to_owned(),
            with_usable_key: self.outgoing == Outgoing::Encrypted,
        };
        let copies = transaction.add_deliveries(id, &audience, self.departure.created).await?;
        // Without a recipient it would wait for ever.
        transaction.sweep_departure(id).await?;
        Ok(copies)
    }
}

/// What composing and sealing needs, fetched before it leaves for a thread of its own.
struct Workshop {
    face: ListFace,
    signing: Keyring,
    storage: Certificate,
    formats: Vec<BodyFormat>,
    chance: StdRng,
    now: chancery_mail::Instant,
}

/// Composes and seals a post that was accepted.
pub(crate) async fn prepare(
    site: &Arc<Site>,
    list: &ListRow,
    settings: &ListSettings,
    judgement: &Judgement,
    facts: &PostFacts,
    post: &Arc<OpenedPost>,
    approved: bool,
) -> Result<PreparedDeparture, WorkError> {
    let workshop = workshop(site, list, settings).await?;
    let (settings, judgement, facts) = (settings.clone(), judgement.clone(), facts.clone());
    let (post, list) = (Arc::clone(post), list.id);
    blocking(move || {
        let mut workshop = workshop;
        let outgoing = judgement.outgoing;
        let bench =
            Bench { settings: &settings, judgement: &judgement, facts: &facts, post: &post, approved };
        let (bodies, header) = match &post.opened.content {
            Content::Cleartext(payload) => bench.compose(&mut workshop, payload, None)?,
            Content::Public(message) => {
                let entity = author_entity(message);
                bench.compose(&mut workshop, &entity, Some(&entity))?
            }
            Content::None => return Err(WorkError::Unworkable("nothing was opened".to_owned())),
        };
        let sealed_header = chancery_crypto::deposit(&header, &workshop.storage).map_err(crypto)?;
        let departure =
            NewDeparture { list, kind: DepartureKind::Post, bodies, sealed_header, created: workshop.now };
        Ok(PreparedDeparture { departure, outgoing })
    })
    .await
}

async fn workshop(site: &Arc<Site>, list: &ListRow, settings: &ListSettings) -> Result<Workshop, WorkError> {
    let now = site.now();
    let vault = site.vault()?;
    let signing = vault.keyring(&site.database, list.id, KeyPurpose::Posting, now).await?;
    let storage = storage_certificate(site, list.id).await?;
    let mut formats = Vec::new();
    for word in site.database.recipient_formats(list.id).await? {
        formats.extend(BodyFormat::from_word(&word));
    }
    Ok(Workshop {
        face: list_face(list, settings, &signing),
        signing,
        storage,
        formats,
        chance: site.chance(),
        now,
    })
}

/// One post on the bench: everything that was found and decided about it.
struct Bench<'a> {
    settings: &'a ListSettings,
    judgement: &'a Judgement,
    facts: &'a PostFacts,
    post: &'a OpenedPost,
    approved: bool,
}

/// The bodies for the store, by format, and the octets of the outer header.
type Composed = (Vec<(String, Vec<u8>)>, Zeroizing<Vec<u8>>);

impl Bench<'_> {
    /// `public` is the same entity once more if it came unprotected: the only thing that may leave
    /// in clear.
    fn compose<P: Provenance>(
        &self,
        workshop: &mut Workshop,
        entity: &Entity<P>,
        public: Option<&Entity<chancery_mail::Public>>,
    ) -> Result<Composed, WorkError> {
        let header = self.header(workshop);
        let (result, footer) = (self.result(), self.footer());
        let outer = Zeroizing::new(outer_header(&workshop.face, &header).0);
        let signature = self.post.opened.author_signature.as_ref();
        match (self.judgement.outgoing, public) {
            (Outgoing::Encrypted, _) => {
                let words = self.authors_words(entity);
                let author = self.author(words.as_ref().unwrap_or(entity), signature);
                let payload =
                    sealed_payload(&workshop.face, &header, &result, author, footer, &mut workshop.chance);
                let bodies = sealed_bodies(
                    &payload,
                    &workshop.signing,
                    &workshop.storage,
                    &workshop.formats,
                    workshop.now,
                )?;
                Ok((bodies, outer))
            }
            (Outgoing::Signed | Outgoing::Clear, Some(entity)) => {
                let words = self.authors_words(entity);
                let author = self.author(words.as_ref().unwrap_or(entity), signature);
                let (face, chance) = (&workshop.face, &mut workshop.chance);
                let message = if self.judgement.outgoing == Outgoing::Signed {
                    let part = public_part(face, &header, &result, author, footer, chance);
                    let signed =
                        chancery_crypto::detached_signature(part.octets(), &workshop.signing, workshop.now)
                            .map_err(crypto)?;
                    public_signed(&outer, &part, &signed.armored, &signed.micalg, chance)
                } else {
                    public_post(face, &header, &result, author, footer, chance)
                };
                let deposited =
                    chancery_crypto::deposit(&mark_public(&message), &workshop.storage).map_err(crypto)?;
                Ok((vec![(PUBLIC.to_owned(), deposited)], outer))
            }
            (Outgoing::Signed | Outgoing::Clear, None) => {
                Err(WorkError::Unworkable("what came encrypted does not leave in clear".to_owned()))
            }
        }
    }

    /// How the author's entity and signature go out. A signature that was not found good never does.
    fn author<'e, P: Provenance>(
        &'e self,
        entity: &'e Entity<P>,
        signature: Option<&'e AuthorSignature>,
    ) -> AuthorPart<'e, P> {
        match (self.signature_fate(), signature) {
            (Some(SignatureFate::Carried), Some(signature)) => {
                AuthorPart::SignedBy { entity, signature: &signature.armored, micalg: &signature.micalg }
            }
            (Some(SignatureFate::Attached), Some(signature)) => {
                AuthorPart::WithAttachedSignature { entity, signature: &signature.armored }
            }
            _ => AuthorPart::AsReceived(entity),
        }
    }

    /// Of a multipart/signed, the part that was signed: what stands around it (a preamble, an
    /// epilogue, fields of the container) nobody has signed, and it must not go out as if somebody
    /// had. `None` where all of the entity counts.
    fn authors_words<P: Provenance>(&self, entity: &Entity<P>) -> Option<Entity<P>> {
        let is_multipart_signed =
            matches!(self.post.opened.summary.form, Form::PgpMimeSigned | Form::PgpMimeSignedInEncrypted);
        let over_all = self.post.opened.author_signature.as_ref().is_some_and(|one| !one.of_first_part);
        let passed_on =
            matches!(self.signature_fate(), Some(SignatureFate::Carried | SignatureFate::Attached));
        if is_multipart_signed && !(over_all && passed_on) { signed_child(entity) } else { None }
    }

    /// What becomes of the author's signature; `None` when there is none.
    fn signature_fate(&self) -> Option<SignatureFate> {
        let signers = &self.post.opened.summary.signers;
        if signers.is_empty() {
            return None;
        }
        let good = signers.iter().all(|signer| signer.verdict == SignerVerdict::Good);
        let signature = self.post.opened.author_signature.as_ref().filter(|_| good);
        Some(match (self.settings.author_signature, signature) {
            (AuthorSignatureHandling::Strip, Some(_)) => SignatureFate::Stripped,
            (AuthorSignatureHandling::Attach, Some(_)) => SignatureFate::Attached,
            (AuthorSignatureHandling::Carry, Some(signature)) if signature.carriable => {
                SignatureFate::Carried
            }
            _ => SignatureFate::NotCarried,
        })
    }

    fn result(&self) -> String {
        let unprotected = &self.post.header.unprotected;
        let details = ResultDetails {
            unsigned_fields: unprotected.iter().map(|field| (*field).to_owned()).collect(),
            author_signature: self.signature_fate(),
            approved: self.approved,
            anonymous: false,
        };
        result_text(self.judgement, self.facts, &details)
    }

    fn footer(&self) -> Option<&str> {
        Some(self.settings.footer.as_str()).filter(|footer| !footer.is_empty())
    }

    fn header(&self, workshop: &mut Workshop) -> PostHeader {
        let letterhead = &self.post.header.letterhead;
        let domain = workshop.face.address.domain().to_owned();
        PostHeader {
            message_id: letterhead
                .message_id
                .clone()
                .unwrap_or_else(|| random_message_id(&domain, &mut workshop.chance)),
            date: letterhead.date.unwrap_or(workshop.now),
            date_text: letterhead.date_text.clone(),
            subject: self.subject(),
            from_display: self.display_name(&workshop.face),
            in_reply_to: letterhead.in_reply_to.clone(),
            references: letterhead.references.clone(),
            protection: match self.judgement.outgoing {
                // A message in clear hides nothing by hiding its Subject.
                Outgoing::Signed | Outgoing::Clear => HeaderProtection::Clear,
                Outgoing::Encrypted => {
                    outer_protection(self.settings.header_protection, self.post.header.in_clear)
                }
            },
        }
    }

    /// The verdict where the author's HTML cannot reach it, the list's prefix, the author's words.
    fn subject(&self) -> Zeroizing<String> {
        let words = Zeroizing::new(remove_result_lookalikes_in_subject(
            &self.post.header.letterhead.subject,
            chancery_lists::VERDICT_TAGS,
        ));
        let prefix = self.settings.subject_prefix.trim();
        let tag = if self.settings.verdict_tag { verdict_tag(self.judgement) } else { "" };
        let prefix = if prefix.is_empty() || words.contains(prefix) { "" } else { prefix };
        let parts = [tag, prefix, words.trim()];
        Zeroizing::new(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }

    fn display_name(&self, face: &ListFace) -> String {
        let author = match &self.post.header.letterhead.from {
            // A name or address that came encrypted stays so: the outer From is read by all.
            Ok(mailbox) if self.settings.author_name_outside && self.post.header.in_clear.author => {
                let name = Some(mailbox.display_name.as_str()).filter(|_| self.post.header.in_clear.name);
                let name = name.unwrap_or_default();
                // Nobody's name says that the list has checked something.
                let name = remove_result_lookalikes_in_subject(name, chancery_lists::VERDICT_TAGS);
                author_name(&name, &mailbox.address)
            }
            _ => return face.display_name.clone(),
        };
        format!("{author} via {}", face.display_name)
    }
}

/// How much of the header the way reads. A subject that came encrypted does not leave in clear,
/// whatever the setting says (RFC 9788: nor may an answer show it).
fn outer_protection(level: HeaderProtectionLevel, in_clear: InClear) -> HeaderProtection {
    match level {
        HeaderProtectionLevel::Clear if in_clear.subject => HeaderProtection::Clear,
        HeaderProtectionLevel::Clear | HeaderProtectionLevel::Subject => HeaderProtection::Subject,
    }
}

fn author_name(display_name: &str, address: &Address) -> String {
    if display_name.is_empty() { address.local().to_owned() } else { display_name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_came_encrypted_never_leaves_in_clear() {
        for (level, subject, expected) in [
            (HeaderProtectionLevel::Clear, true, HeaderProtection::Clear),
            (HeaderProtectionLevel::Clear, false, HeaderProtection::Subject),
            (HeaderProtectionLevel::Subject, true, HeaderProtection::Subject),
            (HeaderProtectionLevel::Subject, false, HeaderProtection::Subject),
        ] {
            let in_clear = InClear { author: true, name: true, subject };
            assert_eq!(outer_protection(level, in_clear), expected, "{level:?} {subject}");
        }
    }
}
