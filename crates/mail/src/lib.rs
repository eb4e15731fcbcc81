// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytes to meaning and back.
//!
//! This room parses messages without ever losing a byte that a signature covers, composes what the
//! list sends, and holds the plain values of protection that `chancery-crypto` fills and
//! `chancery-lists` reads. It does no I/O, knows no key and decides nothing.

mod address;
mod entity;
mod envelope;
mod fingerprint;
mod instant;
mod summary;

pub use address::{Address, AddressError};
pub use entity::{Cleartext, Entity, Provenance, Public};
pub use envelope::Envelope;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use instant::{Clock, Instant};
pub use summary::{
    Confidentiality, Coverage, CryptographicSummary, Form, KeyFacts, KeyState, SignatureDigest, Signer,
    SignerVerdict,
};
