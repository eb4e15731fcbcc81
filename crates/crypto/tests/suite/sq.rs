// SPDX-License-Identifier: GPL-3.0-or-later
//! Sequoia's `sq` at the other end.

use chancery_crypto::{BodyFormat, Certificate, KeyAlgorithm, KeyPair, NewKey, seal};
use chancery_mail::{Cleartext, Entity, Instant, SignerVerdict};

use crate::support::letters::{self, PAYLOAD};
use crate::support::people::{BOTH_IDS, DAY, holder, joined, open_at, text, verdicts};
use crate::support::programs::Sq;

#[test]
fn sq_opens_our_copies_and_we_open_its_letters() {
    let sq = Sq::new();
    let now = clock();
    let list = key_of("list", KeyAlgorithm::Ed25519V4, now);
    let list_certificate = sq.file("list.pgp", list.certificate().octets());
    for algorithm in [KeyAlgorithm::Ed25519V4, KeyAlgorithm::NistP256, KeyAlgorithm::Rsa3072] {
        let member = key_of("bob", algorithm, now);
        let key = sq.file("bob.key", letters::armored("PRIVATE KEY BLOCK", &member.octets()));
        let entity = Entity::<Cleartext>::new(PAYLOAD.as_bytes().to_vec());
        let (body, session_key) = seal(&entity, &holder(&list), BodyFormat::SeipdV1, now).unwrap();
        for id in BOTH_IDS {
            let copy = joined(
                &body.wrap(&session_key, &member.certificate().recipient_key(now).unwrap(), id).unwrap(),
            );
            let plain =
                sq.ok(&["decrypt", "--recipient-key", &key, "--signer-cert", &list_certificate], copy);
            assert_eq!(plain, PAYLOAD.as_bytes(), "{algorithm:?} {id:?}");
        }

        let message =
            sq.ok(&["encrypt", "--signer-key", &key, "--recipient-cert", &list_certificate], PAYLOAD);
        let opened = open_at(&letters::encrypted(message), &list, &[member.certificate()], now);
        assert_eq!(text(&opened), PAYLOAD);
        assert_eq!(verdicts(&opened), [SignerVerdict::Good], "{algorithm:?}");
        let known = Certificate::parse(member.certificate().armored().as_bytes()).unwrap();
        assert_eq!(known.fingerprint(), member.certificate().fingerprint());
    }
}

/// sq signs with the time of the machine: this test alone takes place now.
#[expect(clippy::disallowed_methods, reason = "a program that is not ours has no settable clock")]
fn clock() -> Instant {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_unix(i64::try_from(now.as_secs()).unwrap())
}

fn key_of(name: &str, algorithm: KeyAlgorithm, now: Instant) -> KeyPair {
    let address = format!("{name}@example.org").parse().unwrap();
    let new = NewKey { address, name: name.to_owned(), algorithm, lifetime: Some(DAY * 60) };
    KeyPair::generate(&new, now.before(DAY)).unwrap().0
}
