// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets: each takes arbitrary octets, does with them what a letter from outside
//! has done to it, and panics only when a promise of this room is broken. The test suite runs them
//! on stable over a corpus and mutations of it; cargo-fuzz runs the same bodies.

use crate::{
    Cleartext, Entity, Public, author_entity, has_loop_mark, letterhead, protected_letterhead,
    received_count, remove_result_lookalikes_in_subject, shape,
};

/// A whole message: header, shape, and what would be made of it.
pub fn message(data: &[u8]) {
    let entity = Entity::<Public>::new(data.to_vec());
    let read = letterhead(&entity);
    let _ = format!("{read:?} {:?}", shape(&entity));
    let _ = (received_count(&entity), has_loop_mark(&entity, "friends.lists.example.org"));
    let part = author_entity(&entity);
    let again = author_entity(&part);
    assert_eq!(part.octets(), again.octets(), "a part is made into itself");
    assert!(!read.subject.chars().any(char::is_control), "a subject has no control characters");
}

/// An address, alone and as an author.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(address) = text.parse::<crate::Address>() {
        let written = address.to_string();
        assert_eq!(written.parse(), Ok(address), "an address is read back as it was written");
    }
    let mut field = b"From: ".to_vec();
    field.extend_from_slice(data);
    let _ = letterhead(&Entity::<Public>::new(field)).from;
}

/// A payload with protected header fields.
pub fn protected_header(data: &[u8]) {
    let payload = Entity::<Cleartext>::new(data.to_vec());
    if let Some(read) = protected_letterhead(&payload) {
        let _ = remove_result_lookalikes_in_subject(&read.subject, &["[signed]", "[not verified]"]);
        assert!(!read.subject.contains(['\r', '\n']), "a subject is one line");
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// Letters from which mutations are made.
    const CORPUS: &[&[u8]] = &[
        b"From: Alice <alice@example.org>\r\nTo: friends@lists.example.org\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\
          Subject: =?utf-8?B?w6Q=?= =?utf-8?Q?=C3=A4?=\r\nReferences: <a@x>\r\n <b@y>\r\n\r\nhello\r\n",
        b"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"\r\n\r\n--b\r\n\
          Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
          -----BEGIN PGP MESSAGE-----\r\n--b--\r\n",
        b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b\r\n\
          Content-Type: text/plain; hp=\"clear\"\r\nSubject: inner\r\n\r\nx\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\ns\r\n--b--\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
          -----BEGIN PGP MESSAGE-----\r\n\r\n=61=\r\n-----END PGP MESSAGE-----\r\n",
        b"Content-Type: multipart/mixed; hp=\"cipher\"; protected-headers=\"v1\"; boundary=b\r\nSubject: =?utf-7?Q?+AOQ-?=\r\n\r\n\
          --b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp5\r\n--b--\r\n",
        b"\"alice\" (x) <alice@example.org>",
    ];

    #[test]
    fn mutated_letters_break_no_promise() {
        let mut rng = StdRng::seed_from_u64(1);
        for round in 0..3_000 {
            let mut letter = CORPUS[round % CORPUS.len()].to_vec();
            for _ in 0..rng.random_range(0..8) {
                let at = rng.random_range(0..=letter.len());
                match rng.random_range(0..4) {
                    0 => letter.insert(at, rng.random()),
                    1 => letter.truncate(at),
                    2 => {
                        let piece = letter[at..].to_vec();
                        letter.extend(piece);
                    }
                    _ => {
                        if let Some(octet) = letter.get_mut(at) {
                            *octet = *b"\0\r\n \"<>@;=-:(".get(rng.random_range(0..20)).unwrap_or(&0xff);
                        }
                    }
                }
            }
            super::message(&letter);
            super::address(&letter);
            super::protected_header(&letter);
        }
    }
}
