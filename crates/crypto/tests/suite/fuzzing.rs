// SPDX-License-Identifier: GPL-3.0-or-later
//! The bodies of the fuzz targets, over seeds and their mutations.

use chancery_crypto::{BodyFormat, KeyPair, RecipientKeyId, deposit, detached_signature, fuzz, seal};
use chancery_mail::{Cleartext, Entity};
use chancery_testkit::mutate::{mutation, rounds};
use proptest::prelude::*;

use crate::support::letters::{PAYLOAD, encrypted, signed};
use crate::support::people::{holder, joined};

fn seeds() -> Vec<Vec<u8>> {
    let list = KeyPair::parse(fuzz::SECRET_KEY, None).expect("the key of the targets is a key");
    let content = Entity::<Cleartext>::new(PAYLOAD.as_bytes().to_vec());
    let (body, session_key) = seal(&content, &holder(&list), BodyFormat::SeipdV1, fuzz::NOW).unwrap();
    let reader = list.certificate().recipient_key(fuzz::NOW).unwrap();
    let copy = joined(&body.wrap(&session_key, &reader, RecipientKeyId::Hidden).unwrap());
    let signature = detached_signature(PAYLOAD.as_bytes(), &holder(&list), fuzz::NOW).unwrap();
    vec![
        encrypted(copy).octets().to_vec(),
        signed(PAYLOAD, signature.armored, true).into_bytes(),
        deposit(b"octets", &list.certificate()).unwrap(),
        fuzz::SECRET_KEY.to_vec(),
        list.certificate().octets(),
    ]
}

/// Packets as they stand inside an encryption: signed, compressed, plain, cut short.
fn inner_packets() -> Vec<Vec<u8>> {
    use sequoia_openpgp::{
        Cert,
        parse::Parse,
        serialize::stream::{Compressor, LiteralWriter, Message, Signer},
        types::CompressionAlgorithm,
    };
    use std::io::Write;
    let cert = Cert::from_bytes(fuzz::SECRET_KEY).unwrap();
    let key = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let mut seeds = Vec::new();
    for (signed, packed) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut out = Vec::new();
        let mut message = Message::new(&mut out);
        if packed {
            message = Compressor::new(message).algo(CompressionAlgorithm::Zip).build().unwrap();
        }
        if signed {
            message = Signer::new(message, key.clone()).unwrap().build().unwrap();
        }
        let mut literal = LiteralWriter::new(message).build().unwrap();
        literal.write_all(PAYLOAD.as_bytes()).unwrap();
        literal.finalize().unwrap();
        seeds.push(out);
    }
    seeds
}

fn edited(mut octets: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (place, value, kind) in edits {
        let place = place.index(octets.len());
        match kind {
            0 => octets[place] = *value,
            1 => octets.insert(place, *value),
            2 if octets.len() > 1 => {
                octets.remove(place);
            }
            _ => octets.truncate(place.max(1)),
        }
    }
    octets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_seeds_do_no_harm(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8)) {
        for octets in seeds() {
            let octets = edited(octets, &edits);
            fuzz::open(&octets);
            fuzz::read(&octets);
        }
    }

    #[test]
    fn mutated_packets_inside_an_encryption_do_no_harm(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8),
    ) {
        for octets in inner_packets() {
            fuzz::inside(&edited(octets, &edits));
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz::open(&octets);
        fuzz::read(&octets);
        fuzz::inside(&octets);
    }
}

#[test]
fn the_targets_reach_what_they_aim_at() {
    // A target that never opens anything tests nothing.
    let list = KeyPair::parse(fuzz::SECRET_KEY, None).unwrap();
    for octets in seeds().iter().take(1) {
        let letter = chancery_mail::Entity::new(octets.clone());
        let opened =
            chancery_crypto::open(&letter, &holder(&list), &mut |_| vec![list.certificate()], fuzz::NOW);
        assert!(matches!(opened.content, chancery_crypto::Content::Cleartext(_)), "{opened:?}");
    }
}

#[test]
fn seeded_mutations_do_no_harm() {
    let corpus = seeds();
    for number in 0..rounds() {
        let octets = mutation(&corpus, number);
        fuzz::open(&octets);
        fuzz::read(&octets);
    }
}
