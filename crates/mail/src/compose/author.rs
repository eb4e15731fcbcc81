// SPDX-License-Identifier: GPL-3.0-or-later
//! The author's part of a post: what the author wrote, byte for byte.

use rand::RngCore;

use super::message_id::boundary;
use super::part::attachment;
use crate::header::Header;
use crate::{Entity, Provenance};

/// What the author wrote, and how the author's signature goes with it.
///
/// The entity must be a MIME part: [`author_entity`] makes one of a received message. It is carried
/// byte for byte, but that a lone LF becomes CRLF.
pub enum AuthorPart<'a, P: Provenance> {
    /// As it is, a multipart/signed included.
    AsReceived(&'a Entity<P>),
    /// With the author's detached signature, as multipart/signed (RFC 3156, section 5). Only for a
    /// signature that was found good over exactly these octets with CRLF.
    SignedBy {
        /// What was signed.
        entity: &'a Entity<P>,
        /// The armored signature.
        signature: &'a [u8],
        /// The hash algorithm, as `pgp-sha256`.
        micalg: &'a str,
    },
    /// With the author's signature as a plain attachment that no program tries to check.
    WithAttachedSignature {
        /// What was signed.
        entity: &'a Entity<P>,
        /// The armored signature.
        signature: &'a [u8],
    },
}

impl<P: Provenance> std::fmt::Debug for AuthorPart<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AsReceived(entity) => write!(f, "AsReceived({entity:?})"),
            Self::SignedBy { entity, .. } => write!(f, "SignedBy({entity:?})"),
            Self::WithAttachedSignature { entity, .. } => write!(f, "WithAttachedSignature({entity:?})"),
        }
    }
}

/// The parts that stand for the author: raw pieces, so that the entity is not copied before the
/// whole is put together.
pub(crate) struct AuthorPieces<'a> {
    /// What stands before the entity within its part.
    pub(crate) before: Vec<u8>,
    pub(crate) entity: &'a [u8],
    /// What stands after it within its part.
    pub(crate) after: Vec<u8>,
    /// A part of its own behind it.
    pub(crate) beside: Option<Vec<u8>>,
}

pub(crate) fn pieces<'a, P: Provenance>(
    author: &AuthorPart<'a, P>,
    rng: &mut dyn RngCore,
) -> AuthorPieces<'a> {
    match author {
        AuthorPart::AsReceived(entity) => {
            AuthorPieces { before: Vec::new(), entity: entity.lend(), after: Vec::new(), beside: None }
        }
        AuthorPart::SignedBy { entity, signature, micalg } => {
            let (before, after) = signed_around(signature, micalg, &boundary(rng));
            AuthorPieces { before, entity: entity.lend(), after, beside: None }
        }
        AuthorPart::WithAttachedSignature { entity, signature } => AuthorPieces {
            before: Vec::new(),
            entity: entity.lend(),
            after: Vec::new(),
            beside: Some(attachment("application/octet-stream", "author-signature.asc", signature).to_vec()),
        },
    }
}

/// What stands before and after the signed part of a multipart/signed (RFC 3156, section 5).
pub(crate) fn signed_around(signature: &[u8], micalg: &str, boundary: &str) -> (Vec<u8>, Vec<u8>) {
    let micalg: String = micalg.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let before = format!(
        "Content-Type: multipart/signed; micalg={micalg};\r\n protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
    );
    let mut after = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\r\n"
    )
    .into_bytes();
    after.extend_from_slice(signature.trim_ascii_end());
    after.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (before.into_bytes(), after)
}

/// A received message as a MIME part: of its header only the `Content-*` fields, as they are, and
/// its body byte for byte. From, Reply-To, Received and all others fall away.
pub fn author_entity<P: Provenance>(entity: &Entity<P>) -> Entity<P> {
    let octets = entity.lend();
    let header = Header::of(octets);
    let kept = || {
        header
            .fields()
            .filter(|field| field.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("Content-")))
    };
    let body = octets.get(header.body_offset()..).unwrap_or_default();
    let length: usize = kept().map(|field| field.raw.len() + 2).sum::<usize>() + body.len() + 2;
    let mut part = Vec::with_capacity(length);
    for field in kept() {
        part.extend_from_slice(field.raw);
        if !field.raw.ends_with(b"\n") {
            part.extend_from_slice(b"\r\n");
        }
    }
    part.extend_from_slice(b"\r\n");
    part.extend_from_slice(body);
    Entity::new(part)
}
