// SPDX-License-Identifier: GPL-3.0-or-later
//! What a list makes of a post: every finding has its action, and the strictest decides.

use chancery_mail::Confidentiality;
use serde::Serialize;

use crate::settings::Protection;
use crate::verdict::{Verdict, verdict};
use crate::word::words;
use crate::{Disposition, Finding, ListSettings, PostFacts, findings};

/// What a list makes of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Everything remarkable, each once, with what this list does about it.
    pub findings: Vec<(Finding, Disposition)>,
    /// The strictest of those actions; accept when there is none.
    pub disposition: Disposition,
    /// How its copies would leave, should it go out.
    pub outgoing: Outgoing,
    /// What its readers are told of its signature.
    pub verdict: Verdict,
}

words! {
    /// How the copies of a post leave.
    pub enum Outgoing is "a way of sending" {
        /// Signed by the list and encrypted to each member.
        Encrypted = "encrypted",
        /// Readable by all, signed by the list.
        Signed = "signed",
        /// Readable by all, without the list's signature.
        Clear = "clear",
    }
}

impl Judgement {
    /// The findings whose action is the one that decided: the reasons to tell.
    pub fn reasons(&self) -> impl Iterator<Item = Finding> {
        self.findings
            .iter()
            .filter(|(_, action)| *action == self.disposition && *action != Disposition::Accept)
            .map(|(finding, _)| *finding)
    }

    /// Whether it has this finding.
    pub fn found(&self, finding: Finding) -> bool {
        self.findings.iter().any(|(found, _)| *found == finding)
    }
}

/// Judges a post that has just come in.
pub fn judge(settings: &ListSettings, facts: &PostFacts) -> Judgement {
    judgement(settings, facts, |_, action| action)
}

/// Judges a post again that an owner or moderator has let through from the held ones.
///
/// What would hold it holds it no longer. What rejects or discards it does so still: it was not so
/// when the post was held, or the owner would not have seen it (its key was revoked meanwhile). And
/// what [bars sending](Finding::bars_sending) keeps its action, even where that is to hold.
pub fn judge_approved(settings: &ListSettings, facts: &PostFacts) -> Judgement {
    judgement(settings, facts, |finding, action| match action {
        Disposition::Hold if !finding.bars_sending() => Disposition::Accept,
        other => other,
    })
}

fn judgement(
    settings: &ListSettings,
    facts: &PostFacts,
    review: impl Fn(Finding, Disposition) -> Disposition,
) -> Judgement {
    let outgoing = outgoing(settings, facts);
    let mut found = findings(facts);
    if settings.emergency {
        found.push(Finding::Emergency);
    }
    if came_encrypted(facts) && outgoing != Outgoing::Encrypted {
        found.push(Finding::WouldLeak);
    }
    if !found.contains(&Finding::NotAMember) && moderation(settings, facts) > Disposition::Accept {
        found.push(Finding::Moderated);
    }
    found.sort_unstable();
    found.dedup();

    let findings: Vec<_> = found
        .into_iter()
        .map(|finding| (finding, review(finding, action(settings, facts, finding))))
        .collect();
    let disposition = findings.iter().map(|(_, action)| *action).max().unwrap_or(Disposition::Accept);
    Judgement { findings, disposition, outgoing, verdict: verdict(facts) }
}

/// What this list does about a finding.
fn action(settings: &ListSettings, facts: &PostFacts, finding: Finding) -> Disposition {
    let personal = facts.poster.as_ref().and_then(|poster| poster.moderation);
    match finding {
        Finding::NonEncrypted => settings.nonencrypted_msg_action,
        Finding::Unsigned => settings.unsigned_msg_action,
        Finding::InlinePgp => settings.inline_pgp_action,
        Finding::ExpiredSignature => settings.expired_sig_action,
        Finding::RevokedKey => settings.revoked_sig_action,
        Finding::InvalidSignature => settings.invalid_sig_action,
        Finding::DuplicateSignature => settings.duplicate_sig_action,
        Finding::UnknownKey => settings.unknown_key_action,
        Finding::WrongSigner => settings.wrong_signer_action,
        Finding::Undecryptable => settings.undecryptable_action,
        Finding::WeakAlgorithm => settings.weak_algorithm_action,
        Finding::PartlyProtected => settings.partly_protected_action,
        Finding::NotAMember => personal.unwrap_or(settings.default_nonmember_action),
        Finding::Moderated => moderation(settings, facts),
        Finding::Emergency => Disposition::Hold,
        // Fixed: no setting may let these through.
        Finding::MalformedFrom | Finding::UnconfirmedKey | Finding::WouldLeak => Disposition::Reject,
    }
}

/// What is done with the posts of this member.
fn moderation(settings: &ListSettings, facts: &PostFacts) -> Disposition {
    facts.poster.as_ref().and_then(|poster| poster.moderation).unwrap_or(settings.default_member_action)
}

/// Whether somebody on the way was meant not to read it, opened here or not.
fn came_encrypted(facts: &PostFacts) -> bool {
    facts.summary.form.is_encrypted() || facts.summary.confidentiality != Confidentiality::None
}

fn outgoing(settings: &ListSettings, facts: &PostFacts) -> Outgoing {
    let chosen = |protection, as_received| match protection {
        Protection::Always => true,
        Protection::AsReceived => as_received,
        Protection::Never => false,
    };
    if chosen(settings.encrypt_outgoing, came_encrypted(facts)) {
        Outgoing::Encrypted
    } else if chosen(settings.sign_outgoing, !facts.summary.signers.is_empty()) {
        Outgoing::Signed
    } else {
        Outgoing::Clear
    }
}

#[cfg(test)]
mod tests {
    use chancery_mail::{Form, SignerVerdict};

    use super::*;
    use crate::Role;
    use crate::testing::{alice_signs, alices_post, bob_signs, nobody_knows, signed_with};

    fn list(changes: &[(&str, &str)]) -> ListSettings {
        let mut settings = ListSettings::default();
        settings.set_all(changes.iter().copied()).unwrap();
        settings
    }

    /// A post of which nothing else is remarkable than the finding.
    fn post_with(finding: Finding) -> PostFacts {
        let mut facts = alices_post();
        match finding {
            Finding::NonEncrypted => {
                facts.summary.form = Form::PgpMimeSigned;
                facts.summary.confidentiality = Confidentiality::None;
            }
            Finding::Unsigned => facts.summary.signers.clear(),
            Finding::InlinePgp => facts.summary.form = Form::InlineEncrypted,
            Finding::ExpiredSignature => facts = signed_with(vec![alice_signs(SignerVerdict::Expired)]),
            Finding::RevokedKey => facts = signed_with(vec![alice_signs(SignerVerdict::Revoked)]),
            Finding::InvalidSignature => facts = signed_with(vec![alice_signs(SignerVerdict::Bad)]),
            Finding::DuplicateSignature => facts.duplicate = true,
            Finding::UnknownKey => facts = signed_with(vec![nobody_knows()]),
            Finding::UnconfirmedKey => facts.poster.as_mut().unwrap().confirmed = false,
            Finding::WrongSigner => facts = signed_with(vec![bob_signs(SignerVerdict::Good)]),
            Finding::Undecryptable => facts.summary.confidentiality = Confidentiality::Unopened("no key"),
            Finding::WeakAlgorithm => facts = signed_with(vec![alice_signs(SignerVerdict::Weak)]),
            Finding::PartlyProtected => facts.summary.form = Form::Partly,
            Finding::NotAMember => facts.poster.as_mut().unwrap().roles = vec![Role::Nonmember],
            Finding::MalformedFrom => facts.from = None,
            Finding::Moderated | Finding::Emergency | Finding::WouldLeak => {}
        }
        facts
    }

    #[test]
    fn nothing_stops_alices_post() {
        let judgement = judge(&ListSettings::default(), &alices_post());
        assert_eq!(judgement.findings, []);
        assert_eq!(judgement.disposition, Disposition::Accept);
        assert_eq!(judgement.outgoing, Outgoing::Encrypted);
        assert_eq!(judgement.verdict, Verdict::Signed);
    }

    #[test]
    fn every_finding_on_a_new_list() {
        for (finding, expected) in [
            (Finding::NonEncrypted, Disposition::Reject),
            (Finding::Unsigned, Disposition::Reject),
            (Finding::InlinePgp, Disposition::Reject),
            (Finding::ExpiredSignature, Disposition::Hold),
            (Finding::RevokedKey, Disposition::Reject),
            (Finding::InvalidSignature, Disposition::Reject),
            (Finding::DuplicateSignature, Disposition::Reject),
            (Finding::UnknownKey, Disposition::Reject),
            (Finding::UnconfirmedKey, Disposition::Reject),
            (Finding::WrongSigner, Disposition::Reject),
            (Finding::Undecryptable, Disposition::Reject),
            (Finding::WeakAlgorithm, Disposition::Reject),
            (Finding::PartlyProtected, Disposition::Reject),
            (Finding::NotAMember, Disposition::Hold),
        ] {
            let judgement = judge(&ListSettings::default(), &post_with(finding));
            assert_eq!(judgement.findings, [(finding, expected)]);
            assert_eq!(judgement.disposition, expected);
            assert_eq!(judgement.reasons().collect::<Vec<_>>(), [finding]);
        }
    }

    #[test]
    fn every_action_of_every_setting_decides_on_its_finding() {
        for finding in Finding::ALL {
            let Some(setting) = finding.setting().filter(|setting| setting.ends_with("_action")) else {
                continue;
            };
            for action in Disposition::ALL {
                let mut settings = ListSettings::default();
                if let Err(error) = settings.set(setting, action.as_str()) {
                    assert!(finding.bars_sending() && *action == Disposition::Accept, "{error}");
                    continue;
                }
                let judgement = judge(&settings, &post_with(*finding));
                assert_eq!(judgement.disposition, *action, "{setting}={action}");
                // Members' posts that nothing is done about are no finding.
                if (*finding, *action) != (Finding::Moderated, Disposition::Accept) {
                    assert_eq!(judgement.findings, [(*finding, *action)], "{setting}={action}");
                }
            }
        }
    }

    #[test]
    fn no_setting_lets_the_fixed_ones_through() {
        let lax: Vec<(&str, &str)> = crate::settings()
            .iter()
            .filter(|declared| {
                declared.kind == crate::SettingKind::Action && declared.accepted.contains(&"accept")
            })
            .map(|declared| (declared.name, "accept"))
            .chain([("encrypt_policy", "none"), ("sign_policy", "none")])
            .collect();
        let lax = list(&lax);
        for facts in [
            post_with(Finding::UnconfirmedKey),
            post_with(Finding::MalformedFrom),
            post_with(Finding::Undecryptable),
            post_with(Finding::PartlyProtected),
            alices_post(),
        ] {
            for judged in [judge(&lax, &facts), judge_approved(&lax, &facts)] {
                assert!(judged.disposition > Disposition::Accept, "{judged:?}");
            }
        }
    }

    #[test]
    fn what_came_encrypted_never_leaves_in_clear() {
        for form in [Form::PgpMimeEncrypted, Form::PgpMimeSignedInEncrypted, Form::InlineEncrypted] {
            for sign in ["always", "as_received", "never"] {
                let mut facts = alices_post();
                facts.summary.form = form;
                let settings = list(&[("encrypt_outgoing", "never"), ("sign_outgoing", sign)]);
                for judgement in [judge(&settings, &facts), judge_approved(&settings, &facts)] {
                    assert!(judgement.findings.contains(&(Finding::WouldLeak, Disposition::Reject)));
                    assert!(judgement.disposition >= Disposition::Reject);
                }
            }
        }
    }

    #[test]
    fn how_copies_leave_follows_how_the_post_came() {
        let clear = |signers| {
            let mut facts = signed_with(signers);
            facts.summary.form = Form::Clear;
            facts.summary.confidentiality = Confidentiality::None;
            facts
        };
        let signed = clear(vec![alice_signs(SignerVerdict::Good)]);
        let unsigned = clear(vec![]);
        let encrypted = alices_post();
        let table = [
            ("always", "always", Outgoing::Encrypted, Outgoing::Encrypted, Outgoing::Encrypted),
            ("always", "as_received", Outgoing::Encrypted, Outgoing::Encrypted, Outgoing::Encrypted),
            ("as_received", "always", Outgoing::Encrypted, Outgoing::Signed, Outgoing::Signed),
            ("as_received", "as_received", Outgoing::Encrypted, Outgoing::Signed, Outgoing::Clear),
            ("never", "always", Outgoing::Signed, Outgoing::Signed, Outgoing::Signed),
            ("never", "as_received", Outgoing::Signed, Outgoing::Signed, Outgoing::Clear),
            ("never", "never", Outgoing::Clear, Outgoing::Clear, Outgoing::Clear),
        ];
        for (encrypt, sign, of_encrypted, of_signed, of_unsigned) in table {
            let settings = list(&[("encrypt_outgoing", encrypt), ("sign_outgoing", sign)]);
            assert_eq!(judge(&settings, &encrypted).outgoing, of_encrypted, "{encrypt} {sign}");
            assert_eq!(judge(&settings, &signed).outgoing, of_signed, "{encrypt} {sign}");
            assert_eq!(judge(&settings, &unsigned).outgoing, of_unsigned, "{encrypt} {sign}");
        }
    }

    #[test]
    fn accept_on_one_finding_skips_no_other_check() {
        let mut facts = post_with(Finding::Unsigned);
        facts.poster = None;
        facts.summary.form = Form::Clear;
        facts.summary.confidentiality = Confidentiality::None;
        let settings = list(&[("unsigned_msg_action", "accept"), ("nonencrypted_msg_action", "accept")]);
        let judgement = judge(&settings, &facts);
        assert_eq!(
            judgement.findings,
            [
                (Finding::NonEncrypted, Disposition::Accept),
                (Finding::Unsigned, Disposition::Accept),
                (Finding::NotAMember, Disposition::Hold),
            ]
        );
        assert_eq!(judgement.disposition, Disposition::Hold);
    }

    #[test]
    fn an_action_of_ones_own_goes_before_the_default() {
        let table = [
            (Role::Member, None, "hold", "reject", Disposition::Hold),
            (Role::Member, Some(Disposition::Accept), "hold", "reject", Disposition::Accept),
            (Role::Member, Some(Disposition::Discard), "accept", "accept", Disposition::Discard),
            (Role::Owner, None, "reject", "accept", Disposition::Reject),
            (Role::Moderator, Some(Disposition::Accept), "reject", "discard", Disposition::Accept),
            (Role::Nonmember, None, "accept", "reject", Disposition::Reject),
            (Role::Nonmember, Some(Disposition::Accept), "hold", "reject", Disposition::Accept),
            (Role::Nonmember, Some(Disposition::Discard), "accept", "accept", Disposition::Discard),
        ];
        for (role, own, members, others, expected) in table {
            let mut facts = alices_post();
            let poster = facts.poster.as_mut().unwrap();
            poster.roles = vec![role];
            poster.moderation = own;
            let settings = list(&[("default_member_action", members), ("default_nonmember_action", others)]);
            assert_eq!(judge(&settings, &facts).disposition, expected, "{role} {own:?} {members} {others}");
        }
    }

    #[test]
    fn in_an_emergency_everything_waits() {
        let settings = list(&[("emergency", "true")]);
        let judgement = judge(&settings, &alices_post());
        assert_eq!(judgement.findings, [(Finding::Emergency, Disposition::Hold)]);
        assert_eq!(judge_approved(&settings, &alices_post()).disposition, Disposition::Accept);
        assert_eq!(judge(&settings, &post_with(Finding::Unsigned)).disposition, Disposition::Reject);
    }

    #[test]
    fn an_owner_lets_through_what_was_held_and_no_more() {
        for finding in Finding::ALL {
            let Some(setting) = finding.setting().filter(|setting| setting.ends_with("_action")) else {
                continue;
            };
            let held = judge_approved(&list(&[(setting, "hold")]), &post_with(*finding));
            let expected = if finding.bars_sending() { Disposition::Hold } else { Disposition::Accept };
            assert_eq!(held.disposition, expected, "{finding}");
            let refused = judge_approved(&list(&[(setting, "reject")]), &post_with(*finding));
            assert_eq!(refused.disposition, Disposition::Reject, "{finding}");
        }
    }

    #[test]
    fn the_words_of_findings_name_settings_that_exist() {
        for finding in Finding::ALL {
            let known = |name| crate::settings().iter().any(|declared| declared.name == name);
            assert!(finding.setting().is_none_or(known), "{finding}");
            assert_eq!(finding.as_str().parse(), Ok(*finding));
            assert!(!finding.plain_words().ends_with('.'));
        }
    }
}
