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
