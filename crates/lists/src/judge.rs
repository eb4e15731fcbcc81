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
