// SPDX-License-Identifier: GPL-3.0-or-later
//! What each signature is worth.

use chancery_crypto::{Certificate, KeyAlgorithm, KeyPair, RevocationReason, detached_signature};
use chancery_mail::{Coverage, Instant, SignerVerdict};
use sequoia_openpgp::{
    Cert, Packet,
    cert::{CertBuilder, CipherSuite},
    crypto::KeyPair as LibraryKeyPair,
    packet::signature::SignatureBuilder,
    parse::Parse,
    serialize::SerializeInto,
    types::{HashAlgorithm, KeyFlags, SignatureType},
};

use crate::support::letters::{PAYLOAD, armored, entity, signed};
use crate::support::people::{DAY, NOW, YEAR, holder, key_of, only_signer, open, open_at, person, verdicts};

fn secret(pair: &KeyPair) -> LibraryKeyPair {
    let cert = Cert::from_bytes(&*pair.octets()).unwrap();
    cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap()
}

fn system_time(instant: Instant) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + std::time::Duration::from_secs(instant.unix().try_into().unwrap())
}

/// A letter with a signature made by hand.
fn letter(
    pair: &KeyPair,
    change: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
) -> chancery_mail::Entity<chancery_mail::Public> {
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(system_time(NOW))
        .unwrap();
    let signature = change(builder).sign_message(&mut secret(pair), PAYLOAD).unwrap();
    let octets = Packet::from(signature).to_vec().unwrap();
    entity(signed(PAYLOAD, armored("SIGNATURE", &octets), true))
}

fn verdict(letter: &chancery_mail::Entity<chancery_mail::Public>, known: &[Certificate]) -> SignerVerdict {
    let opened = open(letter, &person("list"), known);
    let verdict = only_signer(&opened).verdict;
    assert_eq!(opened.author_signature.is_some(), verdict == SignerVerdict::Good, "only a good one goes on");
    verdict
}

#[test]
fn a_good_signature_is_good_for_every_kind_of_key() {
    for algorithm in
        [KeyAlgorithm::Ed25519V4, KeyAlgorithm::Ed25519V6, KeyAlgorithm::Rsa3072, KeyAlgorithm::NistP256]
    {
        let alice = key_of("alice", algorithm);
        let signature = detached_signature(PAYLOAD.as_bytes(), &holder(&alice), NOW).unwrap();
        let letter = entity(signed(PAYLOAD, signature.armored, true));
        let opened = open(&letter, &person("list"), &[person("bob").certificate(), alice.certificate()]);
        let signer = only_signer(&opened);
        assert_eq!(signer.verdict, SignerVerdict::Good, "{algorithm:?}");
        assert_eq!(signer.fingerprint, Some(alice.certificate().fingerprint()));
        assert_eq!(signer.coverage, Coverage::Content);
        assert!(signer.digest.is_some());
        assert!(
            signer.claimed_issuer.as_ref().unwrap().contains(&alice.certificate().fingerprint().to_string())
        );
    }
}

#[test]
fn a_signature_over_other_octets_is_bad() {
    let alice = person("alice");
    let letter = letter(&alice, |builder| builder);
    let changed = String::from_utf8(letter.octets().to_vec()).unwrap().replace("Dear", "Poor");
    assert_eq!(verdict(&entity(changed), &[alice.certificate()]), SignerVerdict::Bad);
}

#[test]
fn a_signature_by_nobody_we_know_is_unknown() {
    let alice = person("alice");
    assert_eq!(verdict(&letter(&alice, |b| b), &[]), SignerVerdict::UnknownKey);
    assert_eq!(verdict(&letter(&alice, |b| b), &[person("bob").certificate()]), SignerVerdict::UnknownKey);
}

#[test]
fn a_signature_of_an_expired_key_or_with_its_own_end_is_expired() {
    let alice = person("alice");
    let opened =
        open_at(&letter(&alice, |b| b), &person("list"), &[alice.certificate()], NOW.after(YEAR * 3));
    assert_eq!(verdicts(&opened), [SignerVerdict::Expired]);
    let ended = letter(&alice, |b| {
        b.set_signature_creation_time(system_time(NOW.before(DAY * 2)))
            .unwrap()
            .set_signature_validity_period(DAY)
            .unwrap()
    });
    assert_eq!(verdict(&ended, &[alice.certificate()]), SignerVerdict::Expired);
}

#[test]
fn a_signature_of_a_revoked_key_is_revoked() {
    for reason in [RevocationReason::Superseded, RevocationReason::Compromised, RevocationReason::Retired] {
        let alice = person("alice");
        let known = alice.revoke(reason, "", NOW.before(DAY)).unwrap().certificate();
        assert_eq!(verdict(&letter(&alice, |b| b), &[known]), SignerVerdict::Revoked, "{reason:?}");
    }
}

#[test]
fn a_signature_with_sha_1_is_weak() {
    let alice = person("alice");
    let weak = letter(&alice, |b| b.set_hash_algo(HashAlgorithm::SHA1));
    assert_eq!(verdict(&weak, &[alice.certificate()]), SignerVerdict::Weak);
}

#[test]
fn a_signature_from_the_future_is_bad() {
    let alice = person("alice");
    let at = |instant| letter(&alice, |b| b.set_signature_creation_time(system_time(instant)).unwrap());
    assert_eq!(verdict(&at(NOW.after(DAY)), &[alice.certificate()]), SignerVerdict::Bad);
    let soon = NOW.after(std::time::Duration::from_secs(600));
    assert_eq!(verdict(&at(soon), &[alice.certificate()]), SignerVerdict::Good, "clocks differ a little");
}

#[test]
fn a_signature_older_than_its_key_is_bad() {
    let alice = person("alice");
    let old = letter(&alice, |b| b.set_signature_creation_time(system_time(NOW.before(YEAR))).unwrap());
    assert_eq!(verdict(&old, &[alice.certificate()]), SignerVerdict::Bad);
}

#[test]
fn a_signature_of_another_type_is_bad() {
    let alice = person("alice");
    let standalone = SignatureBuilder::new(SignatureType::Standalone)
        .set_signature_creation_time(system_time(NOW))
        .unwrap()
        .sign_standalone(&mut secret(&alice))
        .unwrap();
    let octets = Packet::from(standalone).to_vec().unwrap();
    let letter = entity(signed(PAYLOAD, armored("SIGNATURE", &octets), true));
    assert_eq!(verdict(&letter, &[alice.certificate()]), SignerVerdict::Bad);
}

/// A certificate of mallory that lists alice's signing key without alice having agreed.
#[test]
fn a_key_that_a_certificate_merely_lists_is_not_its_own() {
    let alice = person("alice");
    let mallory = person("mallory");
    let cert = Cert::from_bytes(&mallory.certificate().octets()).unwrap();
    let stolen = secret(&alice).public().clone().role_into_subordinate();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .set_signature_creation_time(system_time(NOW.before(DAY)))
        .unwrap()
        .sign_subkey_binding(&mut secret(&mallory), None, &stolen)
        .unwrap();
    let (cert, _) = cert.insert_packets([Packet::from(stolen), Packet::from(binding)]).unwrap();
    let known = Certificate::parse(&cert.to_vec().unwrap()).unwrap();
    assert_eq!(verdict(&letter(&alice, |b| b), &[known]), SignerVerdict::UnknownKey);
}

#[test]
fn a_key_that_may_not_sign_does_not_sign() {
    let (cert, _) = CertBuilder::new()
        .set_cipher_suite(CipherSuite::Cv25519)
        .set_creation_time(system_time(NOW.before(DAY)))
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .add_userid("alice <alice@example.org>")
        .generate()
        .unwrap();
    let alice = KeyPair::parse(&cert.as_tsk().to_vec().unwrap(), None).unwrap();
    assert_eq!(verdict(&letter(&alice, |b| b), &[alice.certificate()]), SignerVerdict::UnknownKey);
    assert_eq!(alice.certificate().facts(NOW).signing, chancery_mail::KeyState::Incapable);
}

#[test]
fn the_same_signature_has_the_same_digest_however_it_is_dressed() {
    let alice = person("alice");
    let first = letter(&alice, |b| b);
    let digest = |letter: &chancery_mail::Entity<chancery_mail::Public>| {
        let opened = open(letter, &person("list"), &[alice.certificate()]);
        only_signer(&opened).digest.clone().unwrap()
    };
    // The same packet with something added to its unhashed area, in other armour.
    let text = String::from_utf8(first.octets().to_vec()).unwrap();
    let block = &text[text.find("-----BEGIN").unwrap()..];
    let Packet::Signature(mut signature) = Packet::from_bytes(block.as_bytes()).unwrap() else { panic!() };
    use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
    let extra = Subpacket::new(SubpacketValue::SignersUserID(b"mallory".to_vec()), false).unwrap();
    signature.unhashed_area_mut().add(extra).unwrap();
    let octets = Packet::from(signature).to_vec().unwrap();
    let dressed = entity(signed(PAYLOAD, armored("SIGNATURE", &octets), true));
    assert_ne!(first.octets(), dressed.octets());
    assert_eq!(digest(&first), digest(&dressed));
    assert_ne!(digest(&first), digest(&letter(&alice, |b| b)), "another signature over the same text");
}

#[test]
fn a_signature_made_for_somebody_else_is_not_ours() {
    let (alice, bob, list) = (person("alice"), person("bob"), person("list"));
    let inside = |recipient: &KeyPair| {
        let fingerprint = Cert::from_bytes(&recipient.certificate().octets()).unwrap().fingerprint();
        let whole = letter(&alice, |b| b.set_intended_recipients([fingerprint]).unwrap());
        let text = String::from_utf8(whole.octets().to_vec()).unwrap();
        let payload = text[text.find("Content-Type:").unwrap()..].to_owned();
        let message = chancery_crypto::deposit(payload.as_bytes(), &list.certificate()).unwrap();
        open(&crate::support::letters::encrypted_binary(&message), &list, &[alice.certificate()])
    };
    assert_eq!(verdicts(&inside(&list)), [SignerVerdict::Good]);
    assert_eq!(verdicts(&inside(&bob)), [SignerVerdict::Bad]);
}

#[test]
fn all_signatures_are_judged_each_for_itself_and_at_most_sixteen() {
    let (alice, bob) = (person("alice"), person("bob"));
    let packet = |pair: &KeyPair| {
        let signature = SignatureBuilder::new(SignatureType::Binary)
            .set_signature_creation_time(system_time(NOW))
            .unwrap()
            .sign_message(&mut secret(pair), PAYLOAD)
            .unwrap();
        Packet::from(signature).to_vec().unwrap()
    };
    let both = [packet(&alice), packet(&bob)].concat();
    let letter = entity(signed(PAYLOAD, armored("SIGNATURE", &both), true));
    let opened = open(&letter, &person("list"), &[alice.certificate()]);
    assert_eq!(verdicts(&opened), [SignerVerdict::Good, SignerVerdict::UnknownKey]);
    let many = entity(signed(PAYLOAD, armored("SIGNATURE", &packet(&alice).repeat(100)), true));
    assert_eq!(open(&many, &person("list"), &[]).summary.signers.len(), 16);
}
