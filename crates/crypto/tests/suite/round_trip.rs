// SPDX-License-Identifier: GPL-3.0-or-later
//! Seal, wrap, put away, take back, open: what went in comes out.

use std::sync::OnceLock;

use chancery_crypto::{
    BodyFormat, Content, CryptoError, KeyAlgorithm, KeyPair, RecipientKey, RecipientKeyId, SealedBody,
    deposit, seal, withdraw,
};
use chancery_mail::{Cleartext, Confidentiality, Coverage, Entity, Form, SignerVerdict};
use proptest::prelude::*;

use crate::support::letters::{PAYLOAD, encrypted};
use crate::support::people::{BOTH_IDS, NOW, holder, joined, key_of, only_signer, open, person, reader};

/// A list and readers of every kind; keys take long to make.
struct People {
    list: KeyPair,
    readers: Vec<(KeyPair, BodyFormat)>,
}

fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| People {
        list: person("list"),
        readers: vec![
            (person("alice"), BodyFormat::SeipdV1),
            (key_of("bob", KeyAlgorithm::NistP256), BodyFormat::SeipdV1),
            (key_of("carol", KeyAlgorithm::Rsa3072), BodyFormat::SeipdV1),
            (key_of("dave", KeyAlgorithm::Ed25519V6), BodyFormat::SeipdV2),
        ],
    })
}

fn cleartext(octets: &[u8]) -> Entity<Cleartext> {
    Entity::new(octets.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_sealed_and_wrapped_opens_byte_for_byte(
        body in "([ -~äöü\t]{0,90}\r\n){0,40}",
        which in 0usize..4,
        hidden in any::<bool>(),
    ) {
        let People { list, readers } = people();
        let (member, format) = &readers[which];
        let entity = format!("Content-Type: text/plain; hp=\"cipher\"\r\nSubject: s\r\n\r\n{body}");
        let (sealed, session_key) = seal(&cleartext(entity.as_bytes()), &holder(list), *format, NOW).unwrap();
        let id = BOTH_IDS[usize::from(hidden)];
        let stored = RecipientKey::from_octets(&reader(member).to_octets()).unwrap();
        let copy = sealed.wrap(&session_key, &stored, id).unwrap();
        let opened = open(&encrypted(joined(&copy)), member, &[list.certificate()]);
        let Content::Cleartext(content) = &opened.content else { panic!("{opened:?}") };
        prop_assert_eq!(content.lend(), entity.as_bytes());
        prop_assert_eq!(opened.summary.form, Form::PgpMimeEncrypted);
        prop_assert_eq!(opened.summary.confidentiality, Confidentiality::Encrypted);
        let signer = only_signer(&opened);
        prop_assert_eq!(signer.verdict, SignerVerdict::Good);
        prop_assert_eq!(signer.coverage, Coverage::ContentAndHeader);
        prop_assert_eq!(signer.signed_at, Some(NOW));
        prop_assert_eq!(signer.fingerprint.clone(), Some(list.certificate().fingerprint()));
        prop_assert!(opened.author_signature.unwrap().carriable);
    }

    #[test]
    fn what_is_put_away_comes_back(octets in prop::collection::vec(any::<u8>(), 0..3000), which in 0usize..4) {
        let (owner, _) = &people().readers[which];
        let sealed = deposit(&octets, &owner.certificate()).unwrap();
        let again = withdraw(&sealed, &holder(owner)).unwrap();
        prop_assert_eq!(again.as_slice(), octets.as_slice());
        if octets.len() > 8 {
            prop_assert!(!sealed.windows(octets.len()).any(|window| window == octets));
        }
    }
}

#[test]
fn the_body_is_shared_between_copies() {
    let People { list, readers } = people();
    let (sealed, session_key) =
        seal(&cleartext(PAYLOAD.as_bytes()), &holder(list), BodyFormat::SeipdV1, NOW).unwrap();
    let copies =
        [0, 1].map(|_| sealed.wrap(&session_key, &reader(&readers[0].0), RecipientKeyId::Hidden).unwrap());
    assert_eq!(copies[0].slices()[1].as_ptr(), copies[1].slices()[1].as_ptr());
    assert_ne!(copies[0].slices()[0], copies[1].slices()[0]);
    assert_eq!(copies[0].len(), joined(&copies[0]).len());
}

#[test]
fn a_copy_tells_its_reader_only_when_asked_to() {
    let People { list, readers } = people();
    let (sealed, session_key) =
        seal(&cleartext(PAYLOAD.as_bytes()), &holder(list), BodyFormat::SeipdV1, NOW).unwrap();
    let member = &readers[0].0;
    for id in BOTH_IDS {
        let copy =
            String::from_utf8(joined(&sealed.wrap(&session_key, &reader(member), id).unwrap())).unwrap();
        assert!(copy.lines().all(|line| line.len() <= 76));
        assert!(!copy.replace("\r\n", "").contains(['\r', '\n']), "line ends other than CRLF");
        // 0xC1 94 03 key id ...: the first eleven octets.
        let first = copy.lines().nth(2).unwrap();
        let octets =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &first[..16]).unwrap();
        assert_eq!(octets[3..11] == [0; 8], id == RecipientKeyId::Hidden);
    }
}

#[test]
fn a_body_is_not_wrapped_for_a_reader_of_the_other_format() {
    let People { list, readers } = people();
    let (sealed, session_key) =
        seal(&cleartext(PAYLOAD.as_bytes()), &holder(list), BodyFormat::SeipdV1, NOW).unwrap();
    let error = sealed.wrap(&session_key, &reader(&readers[3].0), RecipientKeyId::Hidden).unwrap_err();
    assert_eq!(error, CryptoError::WrongFormat);
}

#[test]
fn a_body_on_the_disk_can_be_wrapped_later() {
    let People { list, readers } = people();
    for (storage, _) in readers {
        for format in [BodyFormat::SeipdV1, BodyFormat::SeipdV2] {
            let content = cleartext(PAYLOAD.as_bytes());
            let (sealed, session_key) = seal(&content, &holder(list), format, NOW).unwrap();
            let stored = sealed.deposit(&session_key, &storage.certificate()).unwrap();
            assert_eq!(SealedBody::withdraw(&stored, &holder(list)).unwrap_err(), CryptoError::NoKey);
            let (again, session_key) = SealedBody::withdraw(&stored, &holder(storage)).unwrap();
            assert_eq!(again.format(), format);
            let member =
                readers.iter().find(|(_, reads)| *reads == format).map(|(member, _)| member).unwrap();
            let copy = again.wrap(&session_key, &reader(member), RecipientKeyId::Hidden).unwrap();
            let opened = open(&encrypted(joined(&copy)), member, &[list.certificate()]);
            assert_eq!(only_signer(&opened).verdict, SignerVerdict::Good);
        }
    }
}

#[test]
fn what_was_put_away_and_damaged_is_not_given_out() {
    let People { list, readers } = people();
    for (owner, _) in [&readers[0], &readers[3]] {
        let sealed = deposit(PAYLOAD.as_bytes(), &owner.certificate()).unwrap();
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 0x10;
            assert!(withdraw(&damaged, &holder(owner)).is_err(), "octet {place}");
        }
        for length in 0..sealed.len() {
            assert!(withdraw(&sealed[..length], &holder(owner)).is_err(), "{length} octets");
        }
        assert_eq!(withdraw(&sealed, &holder(list)).unwrap_err(), CryptoError::NoKey);
    }
}

#[test]
fn an_expired_storage_key_still_puts_away() {
    let address = "storage@example.org".parse().unwrap();
    let new = chancery_crypto::NewKey {
        address,
        name: String::new(),
        algorithm: KeyAlgorithm::default(),
        lifetime: Some(std::time::Duration::from_secs(60)),
    };
    let (storage, _) = KeyPair::generate(&new, chancery_mail::Instant::from_unix(1_000_000_000)).unwrap();
    let sealed = deposit(b"octets", &storage.certificate()).unwrap();
    assert_eq!(withdraw(&sealed, &holder(&storage)).unwrap().as_slice(), b"octets");
}

#[test]
fn debug_shows_no_secret() {
    let People { list, .. } = people();
    let (sealed, session_key) =
        seal(&cleartext(b"secret content"), &holder(list), BodyFormat::SeipdV1, NOW).unwrap();
    assert_eq!(format!("{session_key:?}"), "SessionKey");
    assert!(format!("{sealed:?}").starts_with("SealedBody(seipd_v1, "));
    assert_eq!(format!("{list:?}"), format!("KeyPair({})", list.certificate().fingerprint()));
    assert!(format!("{:?}", holder(list)).starts_with("Keyring("));
}

#[test]
fn the_length_of_what_is_sealed_tells_nothing_about_its_content() {
    let length = |content: &[u8]| {
        let (body, session_key) =
            seal(&cleartext(content), &holder(&people().list), BodyFormat::SeipdV1, NOW).unwrap();
        let (reader, _) = &people().readers[0];
        let key = reader.certificate().recipient_key(NOW).unwrap();
        body.wrap(&session_key, &key, RecipientKeyId::Hidden).unwrap().len()
    };
    let random: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(length(&random), length(&vec![b'a'; random.len()]), "nothing is compressed");
}
