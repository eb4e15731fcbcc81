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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compose::fixture::{chance, friends, lunch, names, only};
    use crate::crlf::crlf;
    use crate::header::Header;
    use crate::parts::parts;
    use crate::{Shape, protected_letterhead, shape};

    const RESULT: &str = "Signed by alice@example.org.\n";

    fn entity(octets: &[u8]) -> Entity<Public> {
        Entity::new(octets.to_vec())
    }

    /// The parts of a multipart, read with nothing but its own boundary.
    fn children(octets: &[u8]) -> Vec<Vec<u8>> {
        let content_type = only(octets, "Content-Type");
        let (_, rest) = content_type.rsplit_once("boundary=\"").unwrap();
        let body = &octets[Header::of(octets).body_offset()..];
        parts(body, rest.trim_end_matches('"')).ranges.into_iter().map(|range| body[range].to_vec()).collect()
    }

    fn sealed(author: AuthorPart<'_, Public>, footer: Option<&str>) -> Entity<Cleartext> {
        sealed_payload(&friends(), &lunch(), RESULT, author, footer, &mut chance())
    }

    #[test]
    fn a_sealed_post_reads_as_it_should() {
        let list = crate::ListFace { autocrypt: None, ..friends() };
        let alice = entity(b"Content-Type: text/plain\r\n\r\nhello\r\n");
        let footer = Some("the friends\n");
        let payload =
            sealed_payload(&list, &lunch(), RESULT, AuthorPart::AsReceived(&alice), footer, &mut chance());
        let text = String::from_utf8(payload.lend().to_vec()).unwrap();
        let content_type = only(payload.lend(), "Content-Type");
        let (_, boundary) = content_type.trim_end_matches('"').rsplit_once('"').unwrap();
        let expected = "\
From: \"Friends\" <friends@lists.example.org>
To: \"Friends\" <friends@lists.example.org>
Date: Tue, 14 Nov 2023 23:13:20 +0100
Message-ID: <1@lists.example.org>
Subject: [signed] lunch
In-Reply-To: <0@example.org>
References: <0@example.org>
List-Id: \"Friends\" <friends.lists.example.org>
List-Post: <mailto:friends@lists.example.org>
List-Help: <mailto:friends-request@lists.example.org?subject=help>
List-Owner: <mailto:friends-owner@lists.example.org>
List-Unsubscribe: <mailto:friends-leave@lists.example.org>
HP-Outer: From: \"Friends\" <friends@lists.example.org>
HP-Outer: To: \"Friends\" <friends@lists.example.org>
HP-Outer: Date: Tue, 14 Nov 2023 23:13:20 +0100
HP-Outer: Message-ID: <1@lists.example.org>
HP-Outer: Subject: [...]
HP-Outer: In-Reply-To: <0@example.org>
HP-Outer: References: <0@example.org>
HP-Outer: List-Id: \"Friends\" <friends.lists.example.org>
HP-Outer: List-Post: <mailto:friends@lists.example.org>
HP-Outer: List-Help: <mailto:friends-request@lists.example.org?subject=help>
HP-Outer: List-Owner: <mailto:friends-owner@lists.example.org>
HP-Outer: List-Unsubscribe: <mailto:friends-leave@lists.example.org>
Content-Type: multipart/mixed; hp=\"cipher\"; protected-headers=\"v1\";
 boundary=\"BOUNDARY\"

--BOUNDARY
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Signed by alice@example.org.

--BOUNDARY
Content-Type: text/plain

hello

--BOUNDARY
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

--\x20
the friends

--BOUNDARY--
";
        assert_eq!(text.replace(boundary, "BOUNDARY"), expected.replace('\n', "\r\n"));
    }

    #[test]
    fn every_outer_field_is_repeated_as_it_was_sent() {
        let alice = entity(b"\r\nhello\r\n");
        let payload = sealed(AuthorPart::AsReceived(&alice), None);
        let outer = crate::compose::outer_header(&friends(), &lunch());
        let repeated: Vec<String> =
            Header::of(payload.lend()).all("HP-Outer").map(|field| field.body().into_owned()).collect();
        let sent: Vec<String> = Header::of(outer.octets())
            .fields()
            .map(|field| format!("{}: {}", field.name, field.body()))
            .collect();
        assert_eq!(repeated, sent);
        let read = protected_letterhead(&payload).unwrap();
        assert_eq!(*read.subject, "[signed] lunch");
        assert_eq!(read.date, Some(lunch().date));
    }

    #[test]
    fn a_kept_signature_goes_around_the_very_octets() {
        let alice = entity(b"Content-Type: text/plain\r\n\r\nhello \r\n");
        let author =
            AuthorPart::SignedBy { entity: &alice, signature: b"-----SIG-----", micalg: "pgp-sha512" };
        let payload = sealed(author, Some("f"));
        let [_, signed, _] = children(payload.lend()).try_into().unwrap();
        let signed = entity(&signed);
        let Shape::Signed { signed, .. } = shape(&signed) else { panic!("{:?}", shape(&signed)) };
        assert_eq!(&*signed, alice.octets());
    }

    #[test]
    fn an_attached_signature_is_nothing_that_programs_check() {
        let alice = entity(b"\r\nhello\r\n");
        let author = AuthorPart::WithAttachedSignature { entity: &alice, signature: b"-----SIG-----" };
        let [_, author, signature] = children(sealed(author, None).lend()).try_into().unwrap();
        assert_eq!(author, alice.octets());
        assert_eq!(only(&signature, "Content-Type"), "application/octet-stream");
        assert!(!only(&signature, "Content-Disposition").contains(".eml"));
    }

    #[test]
    fn the_footer_begins_with_the_separator_once() {
        let alice = entity(b"\r\nhello\r\n");
        for footer in ["the friends", "-- \nthe friends"] {
            let [_, _, footer] =
                children(sealed(AuthorPart::AsReceived(&alice), Some(footer)).lend()).try_into().unwrap();
            assert!(footer.ends_with(b"\r\n\r\n-- \r\nthe friends\r\n"));
        }
    }

    #[test]
    fn a_public_post_hides_nothing_and_says_so() {
        let alice = entity(b"\r\nhello\r\n");
        let post = public_post(
            &friends(),
            &lunch(),
            RESULT,
            AuthorPart::AsReceived(&alice),
            Some("f"),
            &mut chance(),
        );
        assert_eq!(only(post.octets(), "Subject"), "[signed] lunch");
        assert_eq!(only(post.octets(), "MIME-Version"), "1.0");
        assert!(protected_letterhead(&post).is_none());
        assert!(!names(post.octets()).contains(&"HP-Outer".to_owned()));
        assert_eq!(children(post.octets()).len(), 3);
    }

    #[test]
    fn a_post_signed_by_the_list_covers_its_header() {
        let alice = entity(b"\r\nhello\r\n");
        let mut rng = chance();
        let part =
            public_part(&friends(), &lunch(), RESULT, AuthorPart::AsReceived(&alice), Some("f"), &mut rng);
        let outer = crate::compose::outer_header(&friends(), &lunch());
        let message = public_signed(outer.octets(), &part, b"-----SIG-----\r\n", "pgp-sha512", &mut rng);
        let Shape::Signed { signed, .. } = shape(&message) else { panic!("{:?}", shape(&message)) };
        assert_eq!(&*signed, part.octets());
        assert_eq!(*protected_letterhead(&message).unwrap().subject, "[signed] lunch");
        assert!(part.octets().is_ascii());
    }

    #[test]
    fn other_programs_see_three_texts_and_no_attachment() {
        let alice = entity(b"Content-Type: text/plain\r\n\r\nhello\r\n");
        let payload = sealed(AuthorPart::AsReceived(&alice), Some("f"));
        let parsed = mail_parser::MessageParser::new().parse(payload.lend()).unwrap();
        assert_eq!(parsed.text_body_count(), 3);
        assert_eq!(parsed.attachment_count(), 0);
        assert_eq!(parsed.subject(), Some("[signed] lunch"));
    }

    #[test]
    fn ten_mebibytes_are_copied_once() {
        let mut octets = b"Content-Type: application/octet-stream\r\n\r\n".to_vec();
        octets.resize(10 << 20, b'x');
        let alice = entity(&octets);
        let payload = sealed(AuthorPart::AsReceived(&alice), None);
        assert!(payload.len() < alice.len() + 8_192);
    }

    proptest! {
        #[test]
        fn the_author_is_carried_byte_for_byte(octets in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'-'), Just(b'='), any::<u8>()], 0..400)) {
            let author = crate::author_entity(&entity(&octets));
            let payload = sealed(AuthorPart::AsReceived(&author), Some("f"));
            let found = children(payload.lend());
            prop_assert_eq!(found.len(), 3);
            prop_assert_eq!(&found[1][..], &*crlf(author.octets()));

            let around = AuthorPart::SignedBy { entity: &author, signature: b"SIG", micalg: "pgp-sha512" };
            let payload = sealed(around, Some("f"));
            let signed = children(&children(payload.lend())[1]);
            prop_assert_eq!(signed.len(), 2);
            prop_assert_eq!(&signed[0][..], &*crlf(author.octets()));
        }
    }
}
