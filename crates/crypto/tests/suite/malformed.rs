// SPDX-License-Identifier: GPL-3.0-or-later
//! Letters that are wrong in one way each: none is opened, none does harm.

use std::io::Write;

use chancery_crypto::{BodyFormat, Content, KeyAlgorithm, KeyPair, seal};
use chancery_mail::{Cleartext, Confidentiality, Entity, Form, SignerVerdict};
use sequoia_openpgp::{
    Packet,
    cert::Cert,
    crypto::SessionKey,
    packet::{
        Marker, PKESK,
        pkesk::{PKESK3, PKESK6},
    },
    parse::Parse,
    serialize::{
        Serialize, SerializeInto,
        stream::{Compressor, Encryptor, LiteralWriter, Message, Signer},
    },
    types::{AEADAlgorithm, CompressionAlgorithm, SymmetricAlgorithm},
};

use crate::support::letters::{PAYLOAD, armored, encrypted, encrypted_binary, entity, inline, signed};
use crate::support::people::{NOW, holder, key_of, open, person, text, verdicts};

const KEY: [u8; 32] = [7; 32];

fn why_not(list: &KeyPair, letter: &Entity<chancery_mail::Public>) -> &'static str {
    let opened = open(letter, list, &[list.certificate()]);
    assert!(matches!(opened.content, Content::None), "opened: {opened:?}");
    assert_eq!(opened.summary.signers, []);
    assert_eq!(opened.author_signature, None);
    match opened.summary.confidentiality {
        Confidentiality::Unopened(why) => why,
        other => panic!("{other:?}"),
    }
}

fn cert(pair: &KeyPair) -> Cert {
    Cert::from_bytes(&pair.certificate().octets()).unwrap()
}

/// A session key packet for the encryption subkey of a key; `named` as it is, or hidden.
fn pkesk(pair: &KeyPair, key: &[u8], named: bool) -> Vec<u8> {
    let cert = cert(pair);
    let subkey = cert.keys().subkeys().next().unwrap();
    let mut packet =
        PKESK3::for_recipient(SymmetricAlgorithm::AES256, &SessionKey::from(key), subkey.key()).unwrap();
    if !named {
        packet.set_recipient(None);
    }
    Packet::from(PKESK::from(packet)).to_vec().unwrap()
}

/// An encrypted packet under [`KEY`] around what is written into it.
fn body(fill: impl FnOnce(Message<'_>) -> sequoia_openpgp::Result<()>) -> Vec<u8> {
    let mut out = Vec::new();
    let message = Encryptor::with_session_key(
        Message::new(&mut out),
        SymmetricAlgorithm::AES256,
        SessionKey::from(&KEY[..]),
    )
    .unwrap()
    .build()
    .unwrap();
    fill(message).unwrap();
    out
}

fn literal(message: Message<'_>, content: &[u8]) -> sequoia_openpgp::Result<()> {
    let mut writer = LiteralWriter::new(message).build()?;
    writer.write_all(content)?;
    writer.finalize()
}

#[test]
fn a_letter_that_was_flipped_or_cut_anywhere_is_not_opened() {
    let list = person("list");
    for format in [BodyFormat::SeipdV1, BodyFormat::SeipdV2] {
        let list = match format {
            BodyFormat::SeipdV1 => list.clone(),
            BodyFormat::SeipdV2 => key_of("list", KeyAlgorithm::Ed25519V6),
        };
        let content = Entity::<Cleartext>::new(PAYLOAD.as_bytes().to_vec());
        let (sealed, session_key) = seal(&content, &holder(&list), format, NOW).unwrap();
        let message = sealed.deposit(&session_key, &list.certificate()).unwrap();
        assert_eq!(text(&open(&encrypted_binary(&message), &list, &[])), PAYLOAD);
        for place in 0..message.len() {
            let mut damaged = message.clone();
            damaged[place] ^= 1;
            let opened = open(&encrypted_binary(&damaged), &list, &[]);
            // Only the name of the reader may change without harm.
            assert!(matches!(opened.content, Content::None) || place < 40, "octet {place}");
        }
        for length in 0..message.len() {
            why_not(&list, &encrypted_binary(&message[..length]));
        }
    }
}

#[test]
fn what_has_no_integrity_protection_is_never_opened() {
    let list = person("list");
    // Packet type 9 with the right session key in front.
    let mut message = pkesk(&list, &KEY, true);
    message.extend([0xC9, 60]);
    message.extend([0; 60]);
    assert_eq!(why_not(&list, &encrypted_binary(&message)), "it is encrypted without integrity protection");
}

#[test]
fn a_letter_to_others_is_not_opened_and_does_not_say_so_loudly() {
    let (list, bob) = (person("list"), person("bob"));
    let message = [pkesk(&bob, &KEY, true), body(|m| literal(m, b"text"))].concat();
    assert_eq!(why_not(&list, &encrypted_binary(&message)), "it is encrypted to other keys");
}

#[test]
fn hidden_readers_are_tried_sixteen_times_at_most() {
    let (list, bob) = (person("list"), person("bob"));
    let inner = body(|m| literal(m, PAYLOAD.as_bytes()));
    for (before, opens) in [(0, true), (15, true), (16, false), (40, false)] {
        let mut message = Vec::new();
        for _ in 0..before {
            message.extend(pkesk(&bob, &KEY, false));
        }
        message.extend(pkesk(&list, &KEY, false));
        message.extend(&inner);
        let opened = open(&encrypted_binary(&message), &list, &[]);
        assert_eq!(matches!(opened.content, Content::Cleartext(_)), opens, "{before} others before ours");
    }
}

#[test]
fn packets_that_say_they_are_for_us_are_not_tried_without_end() {
    let list = person("list");
    let wrong = pkesk(&list, &[9; 32], true);
    let mut message = wrong.repeat(400);
    message.extend(pkesk(&list, &KEY, true));
    message.extend(body(|m| literal(m, b"text")));
    let started = std::time::Instant::now();
    why_not(&list, &encrypted_binary(&message));
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn a_passphrase_is_never_tried() {
    let list = person("list");
    let mut message = Vec::new();
    let encryptor = Encryptor::with_passwords(Message::new(&mut message), Some("")).build().unwrap();
    literal(encryptor, b"text").unwrap();
    assert_eq!(why_not(&list, &encrypted_binary(&message)), "it is encrypted to other keys");
}

#[test]
fn compressed_content_that_grows_beyond_all_measure_is_refused() {
    let list = person("list");
    let zeros = vec![0; 80 << 20];
    let packed = body(|m| literal(Compressor::new(m).algo(CompressionAlgorithm::Zlib).build()?, &zeros));
    let message = [pkesk(&list, &KEY, true), packed].concat();
    assert!(message.len() < 1 << 20);
    assert_eq!(why_not(&list, &encrypted_binary(&message)), "it unpacks to more than is allowed");
}

#[test]
fn a_large_message_may_not_grow_more_than_a_small_one() {
    let list = person("list");
    // What cannot be compressed makes the message large, and is passed over.
    let mut noise = vec![0; 4 << 20];
    openssl::rand::rand_bytes(&mut noise).unwrap();
    let content = [noise, vec![0; 66 << 20]].concat();
    let packed = body(|m| literal(Compressor::new(m).algo(CompressionAlgorithm::Zlib).build()?, &content));
    let message = [pkesk(&list, &KEY, true), packed].concat();
    assert_eq!(why_not(&list, &encrypted_binary(&message)), "it unpacks to more than is allowed");
}

#[test]
fn a_session_key_packet_of_the_other_version_is_not_for_this_body() {
    // PKESK version 3 in front of SEIPD version 2, and version 6 in front of version 1.
    let (old, new) = (person("list"), key_of("list", KeyAlgorithm::Ed25519V6));
    let sealed_v2 = {
        let mut out = Vec::new();
        let message = Encryptor::with_session_key(
            Message::new(&mut out),
            SymmetricAlgorithm::AES256,
            SessionKey::from(&KEY[..]),
        )
        .unwrap()
        .aead_algo(AEADAlgorithm::OCB)
        .build()
        .unwrap();
        literal(message, PAYLOAD.as_bytes()).unwrap();
        out
    };
    let sealed_v1 = body(|m| literal(m, PAYLOAD.as_bytes()));
    let v6 = |pair: &KeyPair| {
        let cert = cert(pair);
        let subkey = cert.keys().subkeys().next().unwrap();
        let packet = PKESK6::for_recipient(&SessionKey::from(&KEY[..]), subkey.key()).unwrap();
        Packet::from(PKESK::from(packet)).to_vec().unwrap()
    };
    let fits = [v6(&new), sealed_v2.clone()].concat();
    assert_eq!(text(&open(&encrypted_binary(&fits), &new, &[])), PAYLOAD);
    for (list, message) in [
        (&old, [pkesk(&old, &KEY, true), sealed_v2.clone()].concat()),
        (&new, [pkesk(&new, &KEY, true), sealed_v2].concat()),
        (&new, [v6(&new), sealed_v1].concat()),
    ] {
        assert_eq!(why_not(list, &encrypted_binary(&message)), "it is encrypted to other keys");
    }
}

#[test]
fn compression_within_compression_within_compression_is_refused() {
    let list = person("list");
    for (layers, opens) in [(0, true), (1, true), (2, true), (3, false), (20, false)] {
        let packed = body(|mut m| {
            for _ in 0..layers {
                m = Compressor::new(m).algo(CompressionAlgorithm::Zip).build()?;
            }
            literal(m, PAYLOAD.as_bytes())
        });
        let message = [pkesk(&list, &KEY, true), packed].concat();
        let opened = open(&encrypted_binary(&message), &list, &[]);
        assert_eq!(matches!(opened.content, Content::Cleartext(_)), opens, "{layers} layers");
    }
}

#[test]
fn two_literal_packets_are_refused() {
    let list = person("list");
    let mut two = Vec::new();
    literal(Message::new(&mut two), b"one").unwrap();
    literal(Message::new(&mut two), b"two").unwrap();
    // Whatever is written into the encrypted packet: here two packets by hand.
    let raw = body(|mut m| {
        m.write_all(&two)?;
        m.finalize()
    });
    let message = [pkesk(&list, &KEY, true), raw].concat();
    why_not(&list, &encrypted_binary(&message));
}

#[test]
fn an_empty_encryption_is_refused() {
    let list = person("list");
    let raw = body(|m| m.finalize());
    why_not(&list, &encrypted_binary(&[pkesk(&list, &KEY, true), raw].concat()));
}

#[test]
fn what_follows_the_encrypted_packet_is_refused() {
    let list = person("list");
    let mut message = [pkesk(&list, &KEY, true), body(|m| literal(m, b"text"))].concat();
    literal(Message::new(&mut message), b"Pay mallory.").unwrap();
    why_not(&list, &encrypted_binary(&message));
}

#[test]
fn an_encryption_within_an_encryption_is_refused() {
    let list = person("list");
    let inner = [pkesk(&list, &KEY, true), body(|m| literal(m, PAYLOAD.as_bytes()))].concat();
    // As packets, and as PGP/MIME.
    let raw = body(|mut m| {
        m.write_all(&inner)?;
        m.finalize()
    });
    why_not(&list, &encrypted_binary(&[pkesk(&list, &KEY, true), raw].concat()));
    let letter = encrypted_binary(&inner);
    let outer = [pkesk(&list, &KEY, true), body(|m| literal(m, letter.octets()))].concat();
    assert_eq!(why_not(&list, &encrypted_binary(&outer)), "it is encrypted twice");
}

#[test]
fn a_signed_message_where_an_encrypted_one_is_due_counts_as_neither() {
    let list = person("list");
    let key = cert_with_secret(&list)
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let mut message = Vec::new();
    literal(Signer::new(Message::new(&mut message), key).unwrap().build().unwrap(), PAYLOAD.as_bytes())
        .unwrap();
    for letter in [encrypted_binary(&message), inline(&armored("MESSAGE", &message))] {
        assert_eq!(why_not(&list, &letter), "it is not encrypted");
    }
}

fn cert_with_secret(pair: &KeyPair) -> Cert {
    Cert::from_bytes(&*pair.octets()).unwrap()
}

#[test]
fn text_around_the_armour_is_refused() {
    let list = person("list");
    let message = [pkesk(&list, &KEY, true), body(|m| literal(m, PAYLOAD.as_bytes()))].concat();
    let block = armored("MESSAGE", &message);
    for text in [
        format!("Pay mallory.\r\n{block}"),
        format!("{block}Pay mallory.\r\n"),
        block.repeat(2),
        block.replace("MESSAGE", "FILE"),
    ] {
        why_not(&list, &encrypted(text));
    }
}

#[test]
fn markers_are_passed_over_and_too_many_packets_are_not() {
    let list = person("list");
    let mut marker = Vec::new();
    Packet::from(Marker::default()).serialize(&mut marker).unwrap();
    for (count, opens) in [(3, true), (5000, false)] {
        let message =
            [marker.repeat(count), pkesk(&list, &KEY, true), body(|m| literal(m, PAYLOAD.as_bytes()))]
                .concat();
        let opened = open(&encrypted_binary(&message), &list, &[]);
        assert_eq!(matches!(opened.content, Content::Cleartext(_)), opens, "{count} markers");
    }
    for (count, opens) in [(3, true), (500, false)] {
        let raw = body(|mut m| {
            m.write_all(&marker.repeat(count))?;
            literal(m, PAYLOAD.as_bytes())
        });
        let message = [pkesk(&list, &KEY, true), raw].concat();
        let opened = open(&encrypted_binary(&message), &list, &[]);
        assert_eq!(matches!(opened.content, Content::Cleartext(_)), opens, "{count} markers inside");
    }
}

#[test]
fn a_signature_that_cannot_be_read_is_a_bad_one() {
    let list = person("list");
    for signature in ["", "hello", &armored("SIGNATURE", b"nonsense"), &armored("MESSAGE", b"nonsense")] {
        let opened = open(&entity(signed(PAYLOAD, signature, true)), &list, &[]);
        assert_eq!(opened.summary.form, Form::PgpMimeSigned);
        assert_eq!(verdicts(&opened), [SignerVerdict::Bad], "{signature:?}");
        assert_eq!(opened.author_signature, None);
    }
}

#[test]
fn a_partly_protected_letter_is_left_as_it_is() {
    let list = person("list");
    let block = armored("MESSAGE", b"\xC1\x01\x00");
    let letter = inline(&format!("Hello\r\n\r\n{block}"));
    let opened = open(&letter, &list, &[]);
    assert_eq!(opened.summary.form, Form::Partly);
    assert_eq!(text(&opened).as_bytes(), letter.octets());
}

#[test]
fn a_clear_letter_is_clear() {
    let list = person("list");
    let letter = inline("Hello");
    let opened = open(&letter, &list, &[]);
    assert_eq!(opened.summary.form, Form::Clear);
    assert_eq!(opened.summary.confidentiality, Confidentiality::None);
    assert_eq!(text(&opened).as_bytes(), letter.octets());
}
