// SPDX-License-Identifier: GPL-3.0-or-later
//! The content of a post: result, author's entity, footer.

use rand::RngCore;
use zeroize::Zeroizing;

use super::author::{AuthorPart, pieces, signed_around};
use super::field::OutField;
use super::message_id::boundary;
use super::outer::{HeaderProtection, ListFace, PostHeader, fields};
use super::part::{Transport, multipart, text_part};
use crate::{Cleartext, Entity, Provenance, Public};

/// The content of a post to members with keys: what is signed and encrypted once.
///
/// The root says both `hp="cipher"` (RFC 9788) and `protected-headers="v1"`: some programs show the
/// subject only with the one, some only with the other. It carries the whole header of the post and
/// an HP-Outer field for each field that stands outside. Then, in this order, the `result` as
/// text/plain, the author's entity, and the `footer` with `-- ` above it.
pub fn sealed_payload<P: Provenance>(
    list: &ListFace,
    header: &PostHeader,
    result: &str,
    author: AuthorPart<'_, P>,
    footer: Option<&str>,
    rng: &mut dyn RngCore,
) -> Entity<Cleartext> {
    let mut protected = fields(list, header, HeaderProtection::Clear);
    protected.extend(fields(list, header, header.protection).iter().map(OutField::hp_outer));
    let root =
        Root { media_type: "multipart/mixed; hp=\"cipher\"; protected-headers=\"v1\"", fields: protected };
    Entity::new(content(root, result, &author, footer, Transport::Sealed, rng))
}

/// The content of a post in clear that the list signs: what is signed. The header is protected by
/// the signature (`hp="clear"`, RFC 9788, section 2.1.1).
pub fn public_part(
    list: &ListFace,
    header: &PostHeader,
    result: &str,
    author: AuthorPart<'_, Public>,
    footer: Option<&str>,
    rng: &mut dyn RngCore,
) -> Entity<Public> {
    let protected = fields(list, header, HeaderProtection::Clear);
    let root =
        Root { media_type: "multipart/mixed; hp=\"clear\"; protected-headers=\"v1\"", fields: protected };
    Entity::new(content(root, result, &author, footer, Transport::Open, rng))
}

/// A whole message in clear, signed by the list (RFC 3156, section 5): the outer header and a
/// multipart/signed around `part`, whose octets are not touched.
pub fn public_signed(
    outer: &[u8],
    part: &Entity<Public>,
    signature: &[u8],
    micalg: &str,
    rng: &mut dyn RngCore,
) -> Entity<Public> {
    let (before, after) = signed_around(signature, micalg, &boundary(rng));
    let mut message = Vec::with_capacity(outer.len() + before.len() + part.len() + after.len() + 32);
    message.extend_from_slice(outer);
    message.extend_from_slice(b"MIME-Version: 1.0\r\n");
    message.extend_from_slice(&before);
    message.extend_from_slice(part.octets());
    message.extend_from_slice(&after);
    Entity::new(message)
}

/// A whole message in clear without a signature of the list. The subject is not hidden, whatever
/// the header's protection says.
pub fn public_post(
    list: &ListFace,
    header: &PostHeader,
    result: &str,
    author: AuthorPart<'_, Public>,
    footer: Option<&str>,
    rng: &mut dyn RngCore,
) -> Entity<Public> {
    let mut shown = fields(list, header, HeaderProtection::Clear);
    shown.push(OutField::verbatim("MIME-Version", "1.0".to_owned()));
    let root = Root { media_type: "multipart/mixed", fields: shown };
    Entity::new(content(root, result, &author, footer, Transport::Open, rng))
}

/// The header of the root.
struct Root {
    media_type: &'static str,
    fields: Vec<OutField>,
}

fn content<P: Provenance>(
    root: Root,
    result: &str,
    author: &AuthorPart<'_, P>,
    footer: Option<&str>,
    transport: Transport,
    rng: &mut dyn RngCore,
) -> Vec<u8> {
    let boundary = boundary(rng);
    let content_type =
        OutField::verbatim("Content-Type", format!("{};\r\n boundary=\"{boundary}\"", root.media_type));
    let length: usize = root.fields.iter().map(OutField::len).sum();
    let mut head = Zeroizing::new(Vec::with_capacity(length + content_type.len() + 2));
    for field in root.fields.iter().chain([&content_type]) {
        field.write(&mut head);
    }
    head.extend_from_slice(b"\r\n");

    let result = text_part(result, transport);
    let author = pieces(author, rng);
    let footer = footer.map(|words| text_part(&with_separator(words), transport));

    let mut parts: Vec<&[&[u8]]> = Vec::with_capacity(4);
    let (result, around) =
        ([result.as_slice()], [author.before.as_slice(), author.entity, author.after.as_slice()]);
    parts.push(&result);
    parts.push(&around);
    let beside = author.beside.as_deref().map(|part| [part]);
    parts.extend(beside.as_ref().map(|part| part.as_slice()));
    let footer = footer.as_ref().map(|part| [part.as_slice()]);
    parts.extend(footer.as_ref().map(|part| part.as_slice()));
    multipart(&head, &boundary, &parts)
}

/// The separator of a signature block (RFC 3676, section 4.3): programs do not quote what follows.
fn with_separator(words: &str) -> String {
    if words.lines().next() == Some("-- ") { words.to_owned() } else { format!("-- \n{words}") }
}
