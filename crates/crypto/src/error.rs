// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong, one variant per different answer.
//!
//! A bad signature or an unopenable message is not among them: those are values to decide on.

use chancery_mail::KeyState;

/// Why bytes are not taken as a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no OpenPGP certificate in it.
    #[error("this is not an OpenPGP certificate (public key)")]
    NotACertificate,
    /// It holds secret key material.
    #[error("this is a secret key; export the public one (gpg --export, sq key extract-cert)")]
    Secret,
    /// More than one certificate.
    #[error("there are {0} certificates in it; exactly one is expected")]
    Several(usize),
    /// More octets than a certificate needs.
    #[error("it is too big: a certificate of more than 1 MiB is not taken")]
    TooBig,
}

/// Why bytes are not taken as a secret key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    /// There is no OpenPGP key in it.
    #[error("this is not an OpenPGP secret key")]
    NotAKey,
    /// Only the public half.
    #[error("this is a public key; the secret one is needed (gpg --export-secret-keys)")]
    PublicOnly,
    /// More than one key.
    #[error("there are {0} keys in it; exactly one is expected")]
    Several(usize),
    /// More octets than a key needs.
    #[error("it is too big: a key of more than 1 MiB is not taken")]
    TooBig,
    /// It is locked and no passphrase was given.
    #[error("the key is locked with a passphrase, and none was given")]
    PassphraseNeeded,
    /// The passphrase does not open it.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// It is held on a card or otherwise not complete.
    #[error("some of its secret parts are missing (on a card, or stripped)")]
    Incomplete,
}

/// Why something could not be sealed, signed or put away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The key that would be needed cannot be used for this now.
    #[error("the key cannot be used for this: it is {}", .0.as_str())]
    Unusable(KeyState),
    /// The bytes are damaged, or were never made by us.
    #[error("the sealed bytes are damaged or not ours: {0}")]
    Malformed(&'static str),
    /// No key at hand opens it.
    #[error("no key at hand opens it")]
    NoKey,
    /// A body in one format, a key that needs the other (`SealedBody::format`, `RecipientKey::format`).
    #[error("the body is sealed in another format than this key reads")]
    WrongFormat,
    /// The two certificates are not of the same primary key.
    #[error("these are certificates of different keys")]
    DifferentKeys,
    /// A value that cannot be expressed: a time before 1970 or after 2106, an end before the beginning.
    #[error("not possible in OpenPGP: {0}")]
    Impossible(&'static str),
    /// The library refused; the text is for the log of the site's owner.
    #[error("the cryptographic library refused: {0}")]
    Library(String),
}

/// The passphrase does not open the site key, or its file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase does not open the site key (or the sealed key is damaged)")]
pub struct WrongPassphrase;

impl From<openssl::error::ErrorStack> for CryptoError {
    fn from(error: openssl::error::ErrorStack) -> Self {
        Self::Library(error.to_string())
    }
}

impl CryptoError {
    /// Takes the library's untyped error. It is not a `From`, so that every such place is seen.
    pub(crate) fn library(error: impl std::fmt::Display) -> Self {
        // `{:#}` shows the causes of an anyhow error; none of them quotes plaintext or secrets.
        Self::Library(format!("{error:#}"))
    }
}
