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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Public, Shape, shape};

    #[test]
    fn of_a_received_message_the_content_remains() {
        let message = Entity::<Public>::new(
            b"Received: x\r\nFrom: alice@example.org\r\nReply-To: mallory@example.org\r\nMIME-Version: 1.0\r\n\
              content-type: text/plain;\r\n charset=utf-8\r\nSubject: s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbo\ndy"
                .to_vec(),
        );
        assert_eq!(
            author_entity(&message).octets(),
            b"content-type: text/plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbo\ndy"
        );
    }

    #[test]
    fn a_message_without_header_or_body_becomes_a_part_too() {
        for (message, part) in [
            (&b""[..], &b"\r\n"[..]),
            (b"\r\nbody", b"\r\nbody"),
            (b"Content-ID: <x>", b"Content-ID: <x>\r\n\r\n"),
        ] {
            assert_eq!(author_entity(&Entity::<Public>::new(message.to_vec())).octets(), part);
        }
    }

    #[test]
    fn a_signature_is_put_around_the_very_octets() {
        let entity = Entity::<Public>::new(b"Content-Type: text/plain\r\n\r\nhello \r\n\r\n".to_vec());
        let author = AuthorPart::SignedBy {
            entity: &entity,
            signature: b"-----SIG-----\n",
            micalg: "pgp-sha256\"; x",
        };
        let found = pieces(&author, &mut crate::compose::fixture::chance());
        let part = Entity::<Public>::new([&found.before, found.entity, &found.after].concat());
        let Shape::Signed { signed, signature, part: range } = shape(&part) else {
            panic!("{:?}", shape(&part))
        };
        assert_eq!(&*signed, entity.octets());
        assert_eq!(&*signature, b"-----SIG-----");
        assert_eq!(&part.octets()[range], entity.octets());
        assert!(crate::compose::fixture::only(part.octets(), "Content-Type").contains("micalg=pgp-sha256x;"));
    }

    proptest! {
        #[test]
        fn a_body_is_never_touched(header in "([A-Za-z-]{1,12}: [ -~]{0,20}\r?\n){0,8}", body: Vec<u8>) {
            let message = [header.as_bytes(), b"\r\n", &body].concat();
            let part = author_entity(&Entity::<Public>::new(message));
            prop_assert!(part.octets().ends_with(&body));
            let again = author_entity(&part);
            prop_assert_eq!(again.octets(), part.octets());
        }
    }
}
