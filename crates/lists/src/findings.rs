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
/// members) is added by [`judge`](crate::judge()).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::testing::{alice_signs, alices_post, bob_signs, mallory_signs, nobody_knows, signed_with};
    use SignerVerdict::{Bad, Expired, Good, Revoked, UnknownKey, Weak};

    fn signers(signers: Vec<Signer>) -> Vec<Finding> {
        findings(&signed_with(signers))
    }

    #[test]
    fn nothing_is_remarkable_about_alices_post() {
        assert_eq!(findings(&alices_post()), []);
    }

    #[test]
    fn signatures_by_who_made_them_and_what_checking_gave() {
        let table: Vec<(&str, Vec<Signer>, &[Finding])> = vec![
            ("none", vec![], &[Finding::Unsigned]),
            ("alice good", vec![alice_signs(Good)], &[]),
            ("alice expired", vec![alice_signs(Expired)], &[Finding::ExpiredSignature]),
            ("alice revoked", vec![alice_signs(Revoked)], &[Finding::RevokedKey]),
            ("alice weak", vec![alice_signs(Weak)], &[Finding::WeakAlgorithm]),
            ("alice bad", vec![alice_signs(Bad)], &[Finding::InvalidSignature]),
            ("alice unchecked", vec![alice_signs(UnknownKey)], &[Finding::UnknownKey]),
            ("nobody's", vec![nobody_knows()], &[Finding::UnknownKey]),
            ("mallory good", vec![mallory_signs(Good)], &[Finding::UnknownKey]),
            (
                "mallory expired",
                vec![mallory_signs(Expired)],
                &[Finding::ExpiredSignature, Finding::UnknownKey],
            ),
            ("bob good", vec![bob_signs(Good)], &[Finding::WrongSigner]),
            ("bob expired", vec![bob_signs(Expired)], &[Finding::ExpiredSignature, Finding::WrongSigner]),
            ("bob revoked", vec![bob_signs(Revoked)], &[Finding::RevokedKey, Finding::WrongSigner]),
            ("bob weak", vec![bob_signs(Weak)], &[Finding::WrongSigner, Finding::WeakAlgorithm]),
            ("bob bad", vec![bob_signs(Bad)], &[Finding::InvalidSignature]),
            // Several: alice's good one makes the post signed, and others may stand beside it.
            ("alice and bob", vec![alice_signs(Good), bob_signs(Good)], &[]),
            ("bob and alice", vec![bob_signs(Good), alice_signs(Good)], &[]),
            ("alice and nobody", vec![alice_signs(Good), nobody_knows()], &[]),
            ("alice and mallory", vec![mallory_signs(Good), alice_signs(Good)], &[]),
            ("alice, bob bad", vec![alice_signs(Good), bob_signs(Bad)], &[Finding::InvalidSignature]),
            ("alice, bob expired", vec![alice_signs(Good), bob_signs(Expired)], &[Finding::ExpiredSignature]),
            ("alice twice, one bad", vec![alice_signs(Bad), alice_signs(Good)], &[Finding::InvalidSignature]),
            (
                "alice expired, bob good",
                vec![alice_signs(Expired), bob_signs(Good)],
                &[Finding::ExpiredSignature, Finding::WrongSigner],
            ),
            (
                "all at once",
                vec![alice_signs(Bad), bob_signs(Revoked), mallory_signs(Weak), nobody_knows()],
                &[
                    Finding::RevokedKey,
                    Finding::InvalidSignature,
                    Finding::UnknownKey,
                    Finding::WrongSigner,
                    Finding::WeakAlgorithm,
                ],
            ),
        ];
        for (name, given, expected) in table {
            assert_eq!(signers(given), expected, "{name}");
        }
    }

    #[test]
    fn a_good_signature_without_a_fingerprint_authorises_nothing() {
        let mut nameless = nobody_knows();
        nameless.verdict = Good;
        assert_eq!(signers(vec![nameless.clone()]), [Finding::UnknownKey]);
        // Nor does it where alice has no key: nothing is not the same as nothing.
        let mut facts = signed_with(vec![nameless]);
        facts.poster.as_mut().unwrap().pinned = None;
        assert_eq!(findings(&facts), [Finding::UnknownKey]);
    }

    #[test]
    fn an_unconfirmed_key_authorises_nothing() {
        for (verdict, expected) in [
            (Good, vec![Finding::UnconfirmedKey]),
            (Expired, vec![Finding::ExpiredSignature, Finding::UnconfirmedKey]),
            (Bad, vec![Finding::InvalidSignature]),
        ] {
            let mut facts = signed_with(vec![alice_signs(verdict)]);
            facts.poster.as_mut().unwrap().confirmed = false;
            assert_eq!(findings(&facts), expected, "{verdict:?}");
        }
    }

    #[test]
    fn a_pin_that_the_poster_does_not_have_authorises_nothing() {
        // The pins of the signers name alice; what is known of alice does not.
        let mut facts = alices_post();
        facts.poster.as_mut().unwrap().pinned = None;
        assert_eq!(findings(&facts), [Finding::UnknownKey]);
        facts.poster = None;
        assert_eq!(findings(&facts), [Finding::UnknownKey, Finding::NotAMember]);
    }

    #[test]
    fn one_key_of_two_addresses_signs_for_both() {
        let mut facts = signed_with(vec![bob_signs(Good)]);
        facts.poster.as_mut().unwrap().pinned = facts.summary.signers[0].fingerprint.clone();
        assert_eq!(findings(&facts), []);
    }

    #[test]
    fn the_shape_of_the_envelope() {
        let table = [
            (Form::Clear, Confidentiality::None, vec![Finding::NonEncrypted]),
            (Form::PgpMimeSigned, Confidentiality::None, vec![Finding::NonEncrypted]),
            (Form::InlineSigned, Confidentiality::None, vec![Finding::NonEncrypted, Finding::InlinePgp]),
            (Form::InlineEncrypted, Confidentiality::Encrypted, vec![Finding::InlinePgp]),
            (Form::PgpMimeEncrypted, Confidentiality::Encrypted, vec![]),
            (Form::PgpMimeSignedInEncrypted, Confidentiality::Encrypted, vec![]),
            (Form::Partly, Confidentiality::None, vec![Finding::NonEncrypted, Finding::PartlyProtected]),
            (
                Form::Partly,
                Confidentiality::Unopened("in part"),
                vec![Finding::Undecryptable, Finding::PartlyProtected],
            ),
            (Form::PgpMimeEncrypted, Confidentiality::Unopened("no key"), vec![Finding::Undecryptable]),
        ];
        for (form, confidentiality, expected) in table {
            let mut facts = alices_post();
            facts.summary.form = form;
            facts.summary.confidentiality = confidentiality;
            assert_eq!(findings(&facts), expected, "{form:?} {confidentiality:?}");
        }
    }

    #[test]
    fn whether_a_closed_message_is_signed_is_not_said() {
        let mut facts = signed_with(vec![]);
        facts.summary.confidentiality = Confidentiality::Unopened("no key");
        assert_eq!(findings(&facts), [Finding::Undecryptable]);
    }

    #[test]
    fn who_may_post() {
        let table: Vec<(Vec<Role>, Option<Disposition>, &[Finding])> = vec![
            (vec![Role::Member], None, &[]),
            (vec![Role::Owner], None, &[]),
            (vec![Role::Moderator], None, &[]),
            (vec![Role::Nonmember, Role::Member], None, &[]),
            (vec![Role::Nonmember], None, &[Finding::NotAMember]),
            (vec![Role::Nonmember], Some(Disposition::Discard), &[Finding::NotAMember]),
            (vec![], None, &[Finding::NotAMember]),
            (vec![Role::Member], Some(Disposition::Accept), &[]),
            (vec![Role::Member], Some(Disposition::Hold), &[Finding::Moderated]),
            (vec![Role::Owner], Some(Disposition::Discard), &[Finding::Moderated]),
        ];
        for (roles, moderation, expected) in table {
            let mut facts = alices_post();
            let poster = facts.poster.as_mut().unwrap();
            poster.moderation = moderation;
            poster.roles = roles.clone();
            assert_eq!(findings(&facts), expected, "{roles:?} {moderation:?}");
        }
    }

    #[test]
    fn nobody_is_known_without_one_from() {
        let mut facts = alices_post();
        facts.from = None;
        assert_eq!(findings(&facts), [Finding::WrongSigner, Finding::MalformedFrom, Finding::NotAMember]);
        assert!(!signed_by_author(&facts));
    }

    #[test]
    fn a_replay_is_a_finding_whoever_signed() {
        let mut facts = signed_with(vec![bob_signs(Good)]);
        facts.duplicate = true;
        assert_eq!(findings(&facts), [Finding::DuplicateSignature, Finding::WrongSigner]);
    }
}
