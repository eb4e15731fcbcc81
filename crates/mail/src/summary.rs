// SPDX-License-Identifier: GPL-3.0-or-later
//! What was found when a message was opened: plain values, filled by `chancery-crypto`, judged by
//! `chancery-lists`, shown to readers by `compose`. RFC 9787 calls this the cryptographic summary.

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, Instant};

/// The protection of one message, as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptographicSummary {
    /// How the protection was laid around the content.
    pub form: Form,
    /// Whether the content was hidden on its way, and from whom.
    pub confidentiality: Confidentiality,
    /// Every signature that spans the whole content, in the order of the message. Signatures
    /// outside the innermost encryption are not among them: they authorise nothing.
    pub signers: Vec<Signer>,
}

/// The shape of a cryptographic envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// No protection at all.
    Clear,
    /// PGP/MIME encrypted, and signed inside the same OpenPGP message (RFC 3156, section 6.2), or
    /// not signed at all.
    PgpMimeEncrypted,
    /// PGP/MIME encrypted around multipart/signed (RFC 3156, section 6.1).
    PgpMimeSignedInEncrypted,
    /// multipart/signed alone (RFC 3156, section 5).
    PgpMimeSigned,
    /// One inline block `BEGIN PGP MESSAGE` that is the whole body.
    InlineEncrypted,
    /// One inline block `BEGIN PGP SIGNED MESSAGE` that is the whole body.
    InlineSigned,
    /// Something is protected, but no single envelope spans all of the content: nothing was opened.
    Partly,
}

impl Form {
    /// Whether it came as inline OpenPGP, without MIME.
    pub fn is_inline(self) -> bool {
        matches!(self, Self::InlineEncrypted | Self::InlineSigned)
    }

    /// Whether it claims to be encrypted as a whole.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::PgpMimeEncrypted | Self::PgpMimeSignedInEncrypted | Self::InlineEncrypted)
    }
}

/// Whether the content was hidden on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidentiality {
    /// Anybody on the way could read it.
    None,
    /// Encrypted to the list and opened, with its integrity checked.
    Encrypted,
    /// Encrypted, but not openable here: to other keys, damaged, or without integrity protection.
    /// Which of them is for the owner's log alone: the outside must not learn it.
    Unopened(&'static str),
}

/// One signature and what became of checking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the *primary* key whose certificate the signature was checked with;
    /// `None` when none of ours fits.
    pub fingerprint: Option<Fingerprint>,
    /// What the signature itself says who made it: unverified, for the owner's log only.
    pub claimed_issuer: Option<String>,
    /// When the signature says it was made.
    pub signed_at: Option<Instant>,
    /// What the signature covers.
    pub coverage: Coverage,
    /// What checking it gave.
    pub verdict: SignerVerdict,
    /// Names this signature for replay protection; `None` when nothing could be computed.
    pub digest: Option<SignatureDigest>,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// The whole content with header fields of its own (RFC 9788 or the older v1 form).
    ContentAndHeader,
    /// The whole content, no header field of the message.
    Content,
}

/// What checking a signature gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerVerdict {
    /// Made by that key over these bytes, and the key was usable when it was made and is now.
    Good,
    /// Good bytes, but the signature or its key has expired.
    Expired,
    /// Good bytes, but the key has been revoked.
    Revoked,
    /// Good bytes, but an algorithm or key that the policy does not trust (SHA-1, RSA-1024).
    Weak,
    /// The bytes are not what was signed.
    Bad,
    /// No certificate of ours fits: nothing was checked.
    UnknownKey,
}

impl SignerVerdict {
    /// The word in logs, JSON and help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Weak => "weak",
            Self::Bad => "bad",
            Self::UnknownKey => "unknown_key",
        }
    }
}

/// The digest over what a signature covers: the signed octets and the signature's hashed area.
/// Never the packet, the armour or the unhashed area, which anybody can change (RFC 9580, 5.2.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SignatureDigest(pub Vec<u8>);

/// What is known of a certificate or key, in plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// The OpenPGP version of the primary key: 4 or 6.
    pub version: u8,
    /// The primary key's algorithm as people write it: `Ed25519`, `RSA-3072`, `P-256`.
    pub algorithm: String,
    /// The e-mail addresses in its user IDs that are valid now, strictly parsed, canonical.
    pub addresses: Vec<crate::Address>,
    /// Its user IDs as text, for people to look at.
    pub user_ids: Vec<String>,
    /// When it was made.
    pub created: Instant,
    /// When it ends; `None` when it never does.
    pub expires: Option<Instant>,
    /// Whether mail can be encrypted to it now.
    pub encryption: KeyState,
    /// Whether it can sign now.
    pub signing: KeyState,
}

/// Whether a key can be used for something, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It can be used now.
    Usable,
    /// It has expired.
    Expired,
    /// It has been revoked.
    Revoked,
    /// Its algorithm, size or self-signature is not trusted any more.
    Weak,
    /// It has no (sub)key for this purpose (a sign-only key, for one).
    Incapable,
    /// There is no key.
    Missing,
}

impl KeyState {
    /// The word in SQL, JSON and help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Weak => "weak",
            Self::Incapable => "incapable",
            Self::Missing => "missing",
        }
    }

    /// Reads that word; `None` when it is none of them.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Usable, Self::Expired, Self::Revoked, Self::Weak, Self::Incapable, Self::Missing]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}
