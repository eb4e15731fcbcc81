// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytes to meaning and back.
//!
//! This room parses messages without ever losing a byte that a signature covers, composes what the
//! list sends, and holds the plain values of protection that `chancery-crypto` fills and
//! `chancery-lists` reads. It does no I/O, knows no key and decides nothing.

mod address;
pub mod compose;
mod content_type;
mod crlf;
mod encoded_word;
mod entity;
mod envelope;
mod fingerprint;
pub mod fuzz;
mod header;
mod instant;
mod letterhead;
mod list_fields;
mod mailbox;
mod parts;
mod shape;
mod subject;
mod summary;
mod text;
mod transfer_encoding;

pub use address::{Address, AddressError};
pub use compose::{
    AuthorPart, HeaderProtection, ListFace, OuterHeader, PostHeader, author_entity, outer_header,
    signed_child,
};
pub use entity::{Cleartext, Entity, Provenance, Public};
pub use envelope::Envelope;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use header::{Field, Header};
pub use instant::{Clock, Instant};
pub use letterhead::{Letterhead, has_loop_mark, letterhead, protected_letterhead, received_count};
pub use mailbox::{Mailbox, MalformedFrom};
pub use shape::{Shape, shape};
pub use subject::remove_result_lookalikes_in_subject;
pub use summary::{
    Confidentiality, Coverage, CryptographicSummary, Form, KeyFacts, KeyState, SignatureDigest, Signer,
    SignerVerdict,
};
