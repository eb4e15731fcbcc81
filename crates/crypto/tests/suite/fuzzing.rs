// SPDX-License-Identifier: GPL-3.0-or-later
//! The bodies of the fuzz targets, over seeds and their mutations.

use chancery_crypto::{BodyFormat, KeyPair, RecipientKeyId, deposit, detached_signature, fuzz, seal};
use chancery_mail::{Cleartext, Entity};
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_seeds_do_no_harm(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..8)) {
        for mut octets in seeds() {
            for (place, value, kind) in &edits {
                let place = place.index(octets.len());
                match kind {
                    0 => octets[place] = *value,
                    1 => octets.insert(place, *value),
                    _ => { octets.remove(place); }
                }
            }
            fuzz::open(&octets);
            fuzz::read(&octets);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz::open(&octets);
        fuzz::read(&octets);
    }
}
