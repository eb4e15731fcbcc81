// SPDX-License-Identifier: GPL-3.0-or-later
//! Certificates and secret keys: made, read, refused, extended, revoked.

use chancery_crypto::{
    BodyFormat, Certificate, CertificateError, CryptoError, KeyAlgorithm, KeyPair, KeyPairError, NewKey,
    RecipientKey, RevocationReason, deposit, withdraw,
};
use chancery_mail::KeyState;

use crate::support::letters::armored;
use crate::support::people::{DAY, NOW, YEAR, holder, key_of, person, reader};

#[test]
fn a_new_key_says_what_it_is() {
    for (algorithm, version, name, format) in [
        (KeyAlgorithm::Ed25519V4, 4, "Ed25519", BodyFormat::SeipdV1),
        (KeyAlgorithm::Ed25519V6, 6, "Ed25519", BodyFormat::SeipdV2),
        (KeyAlgorithm::Rsa3072, 4, "RSA-3072", BodyFormat::SeipdV1),
        (KeyAlgorithm::NistP256, 4, "P-256", BodyFormat::SeipdV1),
    ] {
        let pair = key_of("alice", algorithm);
        let facts = pair.certificate().facts(NOW);
        assert_eq!((facts.version, facts.algorithm.as_str()), (version, name));
        assert_eq!(facts.addresses, ["alice@example.org".parse().unwrap()]);
        assert_eq!(facts.user_ids, ["alice <alice@example.org>"]);
        assert_eq!(facts.created, NOW.before(DAY * 30));
        assert_eq!(facts.expires, Some(NOW.before(DAY * 30).after(YEAR * 2)));
        assert_eq!((facts.encryption, facts.signing), (KeyState::Usable, KeyState::Usable));
        let key = reader(&pair);
        assert_eq!(key.format(), format);
        assert_eq!(key.expires(), facts.expires);
        assert_eq!(RecipientKey::from_octets(&key.to_octets()).unwrap(), key);
        let again = KeyPair::parse(&pair.octets(), None).unwrap();
        assert_eq!(again.certificate().octets(), pair.certificate().octets());
        assert!(!pair.certificate().key_ids().is_empty());
        let minimal = Certificate::parse(&pair.certificate().minimal(&facts.addresses[0])).unwrap();
        let minimal_facts = minimal.facts(NOW);
        assert_eq!((minimal_facts.encryption, minimal_facts.signing), (KeyState::Usable, KeyState::Usable));
    }
}

#[test]
fn what_is_not_one_certificate_is_refused_by_name() {
    let (alice, bob) = (person("alice"), person("bob"));
    let both = [alice.certificate().octets(), bob.certificate().octets()].concat();
    for (octets, error) in [
        (b"hello".to_vec(), CertificateError::NotACertificate),
        (Vec::new(), CertificateError::NotACertificate),
        (alice.octets().to_vec(), CertificateError::Secret),
        (armored("PRIVATE KEY BLOCK", &alice.octets()).into_bytes(), CertificateError::Secret),
        (both.clone(), CertificateError::Several(2)),
        (vec![0; (1 << 20) + 1], CertificateError::TooBig),
    ] {
        assert_eq!(Certificate::parse(&octets).unwrap_err(), error);
    }
    for (octets, error) in [
        (b"hello".to_vec(), KeyPairError::NotAKey),
        (alice.certificate().octets(), KeyPairError::PublicOnly),
        ([alice.octets().to_vec(), bob.octets().to_vec()].concat(), KeyPairError::Several(2)),
        (vec![0; (1 << 20) + 1], KeyPairError::TooBig),
    ] {
        assert_eq!(KeyPair::parse(&octets, None).unwrap_err(), error);
    }
    assert!(CertificateError::Secret.to_string().contains("export the public one"));
}

#[test]
fn a_certificate_is_read_as_it_was_written() {
    let alice = person("alice").certificate();
    for octets in [alice.octets(), alice.armored().into_bytes()] {
        let again = Certificate::parse(&octets).unwrap();
        assert_eq!(again.octets(), alice.octets());
    }
    assert_eq!(format!("{alice:?}"), format!("Certificate({})", alice.fingerprint()));
}

#[test]
fn a_name_that_would_make_another_address_is_refused() {
    for name in ["mallory@example.org", "x <mallory@example.org>", "a\nb"] {
        let new = NewKey {
            address: "list@example.org".parse().unwrap(),
            name: name.to_owned(),
            algorithm: KeyAlgorithm::default(),
            lifetime: None,
        };
        assert!(matches!(KeyPair::generate(&new, NOW), Err(CryptoError::Impossible(_))), "{name:?}");
    }
}

#[test]
fn an_expired_key_is_extended_and_keeps_opening() {
    let pair = person("list");
    let later = NOW.after(YEAR * 3);
    assert_eq!(pair.certificate().recipient_key(later).unwrap_err(), KeyState::Expired);
    assert_eq!(pair.certificate().facts(later).signing, KeyState::Expired);
    let sealed = deposit(b"octets", &pair.certificate()).unwrap();
    let extended = pair.extend(NOW.after(YEAR * 5), later).unwrap();
    assert_eq!(extended.certificate().facts(later).expires, Some(NOW.after(YEAR * 5)));
    assert_eq!(extended.certificate().facts(later).encryption, KeyState::Usable);
    assert_eq!(withdraw(&sealed, &holder(&extended)).unwrap().as_slice(), b"octets");
    assert!(pair.extend(NOW.before(YEAR), NOW).is_err());
    // Who has the old copy learns it by merging.
    let merged = pair.certificate().merge(&extended.certificate()).unwrap();
    assert_eq!(merged.facts(later).encryption, KeyState::Usable);
}

#[test]
fn a_v6_key_is_extended_too() {
    let pair = key_of("list", KeyAlgorithm::Ed25519V6);
    let later = NOW.after(YEAR * 3);
    let extended = pair.extend(NOW.after(YEAR * 5), later).unwrap();
    assert_eq!(extended.certificate().facts(later).encryption, KeyState::Usable);
}

#[test]
fn a_revoked_key_is_not_used_however_its_subkeys_look() {
    for reason in [RevocationReason::Superseded, RevocationReason::Compromised, RevocationReason::Retired] {
        let pair = person("alice");
        let revoked = pair.revoke(reason, "gone", NOW.before(DAY)).unwrap().certificate();
        assert_eq!(revoked.recipient_key(NOW).unwrap_err(), KeyState::Revoked);
        let facts = revoked.facts(NOW);
        assert_eq!((facts.encryption, facts.signing), (KeyState::Revoked, KeyState::Revoked));
        let merged = pair.certificate().merge(&revoked).unwrap();
        assert_eq!(merged.recipient_key(NOW).unwrap_err(), KeyState::Revoked);
    }
    let (alice, bob) = (person("alice").certificate(), person("bob").certificate());
    assert_eq!(alice.merge(&bob).unwrap_err(), CryptoError::DifferentKeys);
}

#[test]
fn merging_a_secret_key_brings_no_secret_in() {
    let pair = person("alice");
    let merged = pair.certificate().merge(&pair.certificate()).unwrap();
    assert!(Certificate::parse(&merged.octets()).is_ok());
    assert_eq!(merged.octets(), pair.certificate().octets());
}
