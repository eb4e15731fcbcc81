// SPDX-License-Identifier: GPL-3.0-or-later
//! What is remarkable about a post: all of it, always.
//!
//! Nothing here knows what the list's settings make of a finding, so that no setting can switch off
//! a check.

use chancery_mail::{Confidentiality, Form, Signer, SignerVerdict};

use crate::{Disposition, Finding, PostFacts};

/// Everything that is remarkable about a post, each once, in the order of [`Finding`].
///
/// [`Finding::Moderated`] is among them when this very person's posts are moderated. What depends on
/// the list's settings alone ([`Finding::WouldLeak`], [`Finding::Emergency`], moderation of all
/// members) is added by [`judge`](crate::judge).
pub fn findings(facts: &PostFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        of_envelope(facts).chain(of_signatures(facts)).chain(of_poster(facts)).collect();
    findings.sort_unstable();
    findings.dedup();
    findings
}

/// Whether the key that is pinned to the From, and confirmed, made a good signature: the only thing
/// that authorises a post.
pub(crate) fn signed_by_author(facts: &PostFacts) -> bool {
    facts.pin_is_confirmed()
        && facts
            .summary
            .signers
            .iter()
            .any(|signer| signer.verdict == SignerVerdict::Good && is_author(facts, signer))
}

fn is_author(facts: &PostFacts, signer: &Signer) -> bool {
    signer.fingerprint.is_some() && signer.fingerprint.as_ref() == facts.pinned()
}

fn of_envelope(facts: &PostFacts) -> impl Iterator<Item = Finding> {
    let form = facts.summary.form;
    let confidentiality = match facts.summary.confidentiality {
        Confidentiality::None => Some(Finding::NonEncrypted),
        Confidentiality::Encrypted => None,
        Confidentiality::Unopened(_) => Some(Finding::Undecryptable),
    };
    confidentiality
        .into_iter()
        .chain(form.is_inline().then_some(Finding::InlinePgp))
        .chain((form == Form::Partly).then_some(Finding::PartlyProtected))
}

fn of_signatures(facts: &PostFacts) -> impl Iterator<Item = Finding> {
    let signers = &facts.summary.signers;
    // Whether a message that stayed closed is signed is not known: it is undecryptable, no more.
    let closed = matches!(facts.summary.confidentiality, Confidentiality::Unopened(_));
    let unsigned = signers.is_empty() && !closed;
    let authorised = signed_by_author(facts);
    unsigned
        .then_some(Finding::Unsigned)
        .into_iter()
        .chain(facts.duplicate.then_some(Finding::DuplicateSignature))
        .chain(signers.iter().flat_map(move |signer| {
            [of_verdict(signer), of_signer(facts, signer, authorised)].into_iter().flatten()
        }))
}

/// What checking the signature gave, whoever made it. A second signature that is bad is a finding
/// even where the author's is good: somebody tampered with something.
fn of_verdict(signer: &Signer) -> Option<Finding> {
    match signer.verdict {
        SignerVerdict::Good | SignerVerdict::UnknownKey => None,
        SignerVerdict::Expired => Some(Finding::ExpiredSignature),
        SignerVerdict::Revoked => Some(Finding::RevokedKey),
        SignerVerdict::Weak => Some(Finding::WeakAlgorithm),
        SignerVerdict::Bad => Some(Finding::InvalidSignature),
    }
}

/// Who made it, compared with the From. This is asked of expired, revoked and weak signatures too:
/// on a list that accepts expired ones, bob's old signature must not speak for alice.
fn of_signer(facts: &PostFacts, signer: &Signer, authorised: bool) -> Option<Finding> {
    match (signer.verdict, &signer.fingerprint) {
        // Whose signature a bad one is cannot be said: its issuer is a claim.
        (SignerVerdict::Bad, _) => None,
        // Beside the author's own good signature others may stand: of a second key, of a co-author.
        _ if authorised => None,
        (SignerVerdict::UnknownKey, _) | (_, None) => Some(Finding::UnknownKey),
        (_, Some(_)) if is_author(facts, signer) => {
            (!facts.pin_is_confirmed()).then_some(Finding::UnconfirmedKey)
        }
        (_, Some(fingerprint)) => Some(match facts.somebody_else_with(fingerprint) {
            Some(_) => Finding::WrongSigner,
            None => Finding::UnknownKey,
        }),
    }
}

fn of_poster(facts: &PostFacts) -> impl Iterator<Item = Finding> {
    let member = facts.from.is_some() && facts.posts_like_a_member();
    let moderation = facts.poster.as_ref().and_then(|poster| poster.moderation);
    facts
        .from
        .is_none()
        .then_some(Finding::MalformedFrom)
        .into_iter()
        .chain((!member).then_some(Finding::NotAMember))
        .chain((member && moderation > Some(Disposition::Accept)).then_some(Finding::Moderated))
}
