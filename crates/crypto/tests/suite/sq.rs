// SPDX-License-Identifier: GPL-3.0-or-later
//! Sequoia's `sq` at the other end.

use chancery_crypto::{BodyFormat, Certificate, KeyAlgorithm, seal};
use chancery_mail::{Cleartext, Entity, SignerVerdict};

use crate::support::letters::{self, PAYLOAD};
use crate::support::people::{BOTH_IDS, NOW, holder, joined, key_of, open, person, reader, text, verdicts};
use crate::support::programs::Sq;

#[test]
fn sq_opens_our_copies_and_we_open_its_letters() {
    let sq = Sq::new();
    let list = person("list");
    let list_certificate = sq.file("list.pgp", list.certificate().octets());
    for algorithm in [KeyAlgorithm::Ed25519V4, KeyAlgorithm::NistP256, KeyAlgorithm::Rsa3072] {
        let member = key_of("bob", algorithm);
        let key = sq.file("bob.key", letters::armored("PRIVATE KEY BLOCK", &member.octets()));
        let entity = Entity::<Cleartext>::new(PAYLOAD.as_bytes().to_vec());
        let (body, session_key) = seal(&entity, &holder(&list), BodyFormat::SeipdV1, NOW).unwrap();
        for id in BOTH_IDS {
            let copy = joined(&body.wrap(&session_key, &reader(&member), id).unwrap());
            let plain =
                sq.ok(&["decrypt", "--recipient-key", &key, "--signer-cert", &list_certificate], copy);
            assert_eq!(plain, PAYLOAD.as_bytes(), "{algorithm:?} {id:?}");
        }

        let message = sq.ok(
            &[
                "encrypt",
                "--signer-key",
                &key,
                "--recipient-cert",
                &list_certificate,
                "--time",
                "2026-01-01T00:00:00Z",
            ],
            PAYLOAD,
        );
        let opened = open(&letters::encrypted(message), &list, &[member.certificate()]);
        assert_eq!(text(&opened), PAYLOAD);
        assert_eq!(verdicts(&opened), [SignerVerdict::Good], "{algorithm:?}");
        let known = Certificate::parse(member.certificate().armored().as_bytes()).unwrap();
        assert_eq!(known.fingerprint(), member.certificate().fingerprint());
    }
}
