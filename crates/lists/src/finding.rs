// SPDX-License-Identifier: GPL-3.0-or-later
//! What can be remarkable about a post.

use crate::word::words;

words! {
    /// Something remarkable about a post. All are looked for, always; each has its action.
    pub enum Finding is "a finding" {
        /// It did not come encrypted as a whole.
        NonEncrypted = "nonencrypted",
        /// No signature spans its content.
        Unsigned = "unsigned",
        /// It came as inline OpenPGP, which protects no attachment and no header field.
        InlinePgp = "inline_pgp",
        /// The signature, or the key that made it, has expired.
        ExpiredSignature = "expired_signature",
        /// The key that signed has been revoked.
        RevokedKey = "revoked_key",
        /// What came is not what was signed.
        InvalidSignature = "invalid_signature",
        /// The same signature was seen on this list before.
        DuplicateSignature = "duplicate_signature",
        /// The key that signed is pinned to nobody on this list.
        UnknownKey = "unknown_key",
        /// The key that signed is the author's, but nobody has confirmed that yet.
        UnconfirmedKey = "unconfirmed_key",
        /// The key that signed is pinned to somebody else than the From.
        WrongSigner = "wrong_signer",
        /// It is encrypted, but not so that this list could open it.
        Undecryptable = "undecryptable",
        /// An algorithm or key that is not trusted any more signed it.
        WeakAlgorithm = "weak_algorithm",
        /// Only a part of it is encrypted or signed.
        PartlyProtected = "partly_protected",
        /// There is not exactly one From with exactly one address.
        MalformedFrom = "malformed_from",
        /// The address in its From is not of this list.
        NotAMember = "not_a_member",
        /// The posts of this person, or of all members, are moderated.
        Moderated = "moderated",
        /// The whole list is stopped: everything waits.
        Emergency = "emergency",
        /// It came encrypted, and the list would send it on in clear.
        WouldLeak = "would_leak",
    }
}

impl Finding {
    /// What it means, for people who know nothing of cryptography: a clause that goes on from
    /// "this post ...".
    pub const fn plain_words(self) -> &'static str {
        match self {
            Self::NonEncrypted => "was not encrypted to the list, so that others could read it on its way",
            Self::Unsigned => "carries no signature, so that nobody can tell who really wrote it",
            Self::InlinePgp => "was protected in the old inline form, which covers only the text",
            Self::ExpiredSignature => "was signed, but the signature or the key has passed its date",
            Self::RevokedKey => "was signed with a key that its owner has declared invalid",
            Self::InvalidSignature => {
                "carries a signature that does not fit: it was changed on its way, or forged"
            }
            Self::DuplicateSignature => {
                "carries a signature that this list has seen before: somebody sent it again"
            }
            Self::UnknownKey => "was signed with a key that this list does not know",
            Self::UnconfirmedKey => "was signed with a key that nobody has confirmed yet",
            Self::WrongSigner => "was signed with the key of somebody else than it says it is from",
            Self::Undecryptable => "could not be opened with the key of this list",
            Self::WeakAlgorithm => "was signed in a way that is too weak to be trusted today",
            Self::PartlyProtected => {
                "is protected only in part, so that it is not clear which words are whose"
            }
            Self::MalformedFrom => "does not say plainly, with one address, who it is from",
            Self::NotAMember => "comes from an address that does not belong to this list",
            Self::Moderated => "comes from somebody whose posts are looked at first",
            Self::Emergency => "came while the whole list is stopped",
            Self::WouldLeak => "came encrypted, but this list sends its posts unprotected",
        }
    }

    /// The setting of the list that decides on it; `None` where no setting does.
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::NonEncrypted => Some("nonencrypted_msg_action"),
            Self::Unsigned => Some("unsigned_msg_action"),
            Self::InlinePgp => Some("inline_pgp_action"),
            Self::ExpiredSignature => Some("expired_sig_action"),
            Self::RevokedKey => Some("revoked_sig_action"),
            Self::InvalidSignature => Some("invalid_sig_action"),
            Self::DuplicateSignature => Some("duplicate_sig_action"),
            Self::UnknownKey => Some("unknown_key_action"),
            Self::WrongSigner => Some("wrong_signer_action"),
            Self::Undecryptable => Some("undecryptable_action"),
            Self::WeakAlgorithm => Some("weak_algorithm_action"),
            Self::PartlyProtected => Some("partly_protected_action"),
            Self::NotAMember => Some("default_nonmember_action"),
            Self::Moderated => Some("default_member_action"),
            Self::Emergency => Some("emergency"),
            Self::UnconfirmedKey | Self::MalformedFrom | Self::WouldLeak => None,
        }
    }

    /// Whether a post with it can never go out, whatever settings and owners say: there is nothing
    /// that could be sent, or nobody it could be from, or sending it would betray its author.
    pub const fn bars_sending(self) -> bool {
        matches!(self, Self::Undecryptable | Self::PartlyProtected | Self::MalformedFrom | Self::WouldLeak)
    }
}
