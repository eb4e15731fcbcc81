// SPDX-License-Identifier: GPL-3.0-or-later
//! What the readers of a post are told of its signature, in one word and as a tag in the Subject,
//! where an author's HTML cannot cover it.

use chancery_mail::Confidentiality;

use crate::findings::signed_by_author;
use crate::word::words;
use crate::{Finding, Judgement, PostFacts, findings};

words! {
    /// What is known of a post's signature.
    pub enum Verdict is "a verdict" {
        /// Signed by its author, and encrypted on its way to the list.
        Signed = "signed",
        /// Signed by its author, but readable on its way to the list.
        SignedNotEncrypted = "signed_not_encrypted",
        /// Not signed.
        Unsigned = "unsigned",
        /// Signed, and what came is not what was signed.
        BadSignature = "bad_signature",
        /// Signed, but not so that it proves the author: by an unknown, expired, revoked or weak
        /// key, or by somebody else's.
        NotVerified = "not_verified",
    }
}

/// Every tag that [`verdict_tag`] gives; look-alikes of them are taken out of what comes in.
pub const VERDICT_TAGS: &[&str] =
    &["[signed]", "[signed, not encrypted]", "[unsigned]", "[bad signature]", "[not verified]"];

impl Verdict {
    /// The tag for the Subject.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Signed => "[signed]",
            Self::SignedNotEncrypted => "[signed, not encrypted]",
            Self::Unsigned => "[unsigned]",
            Self::BadSignature => "[bad signature]",
            Self::NotVerified => "[not verified]",
        }
    }
}

/// The tag that a judged post gets in its protected Subject.
pub fn verdict_tag(judgement: &Judgement) -> &'static str {
    judgement.verdict.tag()
}

/// The worst that can be said is what is said.
pub(crate) fn verdict(facts: &PostFacts) -> Verdict {
    let doubtful = |finding: &Finding| {
        matches!(
            finding,
            Finding::ExpiredSignature
                | Finding::RevokedKey
                | Finding::UnknownKey
                | Finding::UnconfirmedKey
                | Finding::WrongSigner
                | Finding::WeakAlgorithm
        )
    };
    let findings = findings(facts);
    if findings.contains(&Finding::InvalidSignature) {
        Verdict::BadSignature
    } else if facts.summary.signers.is_empty() {
        Verdict::Unsigned
    } else if !signed_by_author(facts) || findings.iter().any(doubtful) {
        Verdict::NotVerified
    } else if facts.summary.confidentiality == Confidentiality::Encrypted {
        Verdict::Signed
    } else {
        Verdict::SignedNotEncrypted
    }
}

#[cfg(test)]
mod tests {
    use chancery_mail::SignerVerdict;

    use super::*;
    use crate::testing::{alice_signs, alices_post, bob_signs, mallory_signs, nobody_knows, signed_with};
    use crate::{ListSettings, judge};

    fn tag(facts: &PostFacts) -> &'static str {
        verdict_tag(&judge(&ListSettings::default(), facts))
    }

    #[test]
    fn every_tag_is_known_and_no_other() {
        let tags: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.tag()).collect();
        assert_eq!(tags, VERDICT_TAGS);
    }

    #[test]
    fn only_the_authors_good_signature_reads_signed() {
        use SignerVerdict::{Bad, Expired, Good, Revoked, Weak};
        let table = [
            (vec![alice_signs(Good)], "[signed]"),
            (vec![alice_signs(Good), bob_signs(Good)], "[signed]"),
            (vec![], "[unsigned]"),
            (vec![alice_signs(Bad)], "[bad signature]"),
            (vec![alice_signs(Good), bob_signs(Bad)], "[bad signature]"),
            (vec![alice_signs(Expired)], "[not verified]"),
            (vec![alice_signs(Revoked)], "[not verified]"),
            (vec![alice_signs(Weak)], "[not verified]"),
            (vec![alice_signs(Good), bob_signs(Revoked)], "[not verified]"),
            (vec![bob_signs(Good)], "[not verified]"),
            (vec![mallory_signs(Good)], "[not verified]"),
            (vec![nobody_knows()], "[not verified]"),
        ];
        for (signers, expected) in table {
            assert_eq!(tag(&signed_with(signers.clone())), expected, "{signers:?}");
        }
    }

    #[test]
    fn a_post_that_came_in_clear_never_reads_as_one_that_came_encrypted() {
        let mut facts = alices_post();
        facts.summary.confidentiality = Confidentiality::None;
        assert_eq!(tag(&facts), "[signed, not encrypted]");
    }

    #[test]
    fn an_unconfirmed_key_verifies_nothing() {
        let mut facts = alices_post();
        facts.poster.as_mut().unwrap().confirmed = false;
        assert_eq!(tag(&facts), "[not verified]");
    }
}
