// SPDX-License-Identifier: GPL-3.0-or-later
//! Open and seal.
//!
//! This room takes a received message apart ([`open`]), seals what a list sends once ([`seal`]) and
//! wraps the sealed body for each reader ([`SealedBody::wrap`]). It makes and keeps keys
//! ([`KeyPair`], [`Certificate`]), puts things away for the disk ([`deposit`], [`withdraw`]) and
//! guards all secrets of a site under one key ([`SiteKey`]).
//!
//! It does no I/O and has no clock; it decides nothing: what it finds, it puts into a
//! `CryptographicSummary`, which other rooms judge. No type of a cryptographic library shows in its
//! public face, so that the library, or the place where secret keys live, can change without
//! anybody noticing.
//!
//! `openpgp/` holds the verbs for OpenPGP; its twin for S/MIME will stand beside it.

mod authentication;
mod error;
mod openpgp;
mod site_key;

pub mod fuzz;

pub use authentication::authentication_code;
pub use error::{CertificateError, CryptoError, KeyPairError, WrongPassphrase};
pub use openpgp::{
    AuthorSignature, BodyFormat, Certificate, Content, DetachedSignature, DigestToSign, IssuerHint,
    KeyAlgorithm, KeyHolder, KeyPair, Keyring, NewKey, Opened, RecipientKey, RecipientKeyId,
    RevocationCertificate, RevocationReason, SealedBody, SessionKey, Unwrapped, UnwrappedSessionKey,
    WrappedCopy, WrappedSessionKey, clearsign, deposit, detached_signature, open, seal, withdraw,
};
pub use site_key::{PassphraseCost, SiteKey};
