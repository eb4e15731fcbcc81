// SPDX-License-Identifier: GPL-3.0-or-later
//! The list's own keys, by the clock: extended, rolled over, revoked.

use chancery_crypto::{Certificate, KeyAlgorithm, KeyPair, NewKey, RevocationReason};
use chancery_mail::Instant;
use chancery_mediator::{
    Actor, OperationError, export_revocation, import_key, retry_parked, revoke_key, rollover_key, show_keys,
    show_list, show_member,
};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, WORDS};
use crate::support::people::{DAY, NOW, Person, YEAR};

async fn stage() -> (House, List, Person) {
    let house = House::new().await;
    let alice = Person::new("alice");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    (house, list, alice)
}

fn decided(line: &chancery_mediator::LogLine) -> &str {
    line.disposition.as_deref().unwrap()
}

#[tokio::test]
async fn after_a_rollover_the_old_key_opens_for_ninety_days_and_signs_no_more() {
    let (house, old, alice) = stage().await;
    let rollover =
        rollover_key(&house.site, &Actor::Operator, &old.address, KeyAlgorithm::default()).await.unwrap();
    let new = List { address: old.address.clone(), certificate: house.certificate(&old.address).await };
    assert_eq!(
        (&rollover.old, &rollover.new),
        (&old.certificate.fingerprint(), &new.certificate.fingerprint())
    );
    assert!(rollover.statement.contains(&rollover.old.to_string()));
    assert!(rollover.statement.contains(&rollover.new.to_string()));
    assert!(rollover.statement.starts_with("-----BEGIN PGP SIGNED MESSAGE-----"));
    let message = format!(
        "Content-Type: text/plain\r\n\r\n{}\r\n",
        rollover.statement.replace("\r\n", "\n").replace('\n', "\r\n")
    );
    let message = chancery_mail::Entity::<chancery_mail::Public>::new(message.into_bytes());
    let known = [old.certificate.clone(), new.certificate.clone()];
    let opened = chancery_crypto::open(&message, &alice.ring, &mut |_| known.to_vec(), house.now());
    let mut signers: Vec<_> = opened
        .summary
        .signers
        .iter()
        .map(|signer| (signer.verdict, signer.fingerprint.clone().unwrap()))
        .collect();
    signers.sort_by_key(|(_, fingerprint)| *fingerprint != rollover.old);
    let good = chancery_mail::SignerVerdict::Good;
    assert_eq!(signers, [(good, rollover.old.clone()), (good, rollover.new.clone())], "signed by both");

    for (at, list, expected) in [
        (NOW, &new, "accept"),
        (NOW, &old, "accept"),
        (NOW.after(89 * DAY), &old, "accept"),
        (NOW.after(90 * DAY), &old, "reject"),
        (NOW.after(90 * DAY), &new, "accept"),
    ] {
        house.clock.set(at);
        house.sink.forget();
        let line = house.post(list, &alice, Letter::new(&alice, list).at(at).combined()).await;
        assert_eq!(decided(&line), expected, "{at} {line:?}");
        if expected == "accept" {
            let reading = alice.read(&house.copy_for(&alice), &new.certificate, at);
            assert!(reading.author().contains(WORDS));
        } else {
            assert!(line.findings.contains("undecryptable"));
        }
    }
    let states: Vec<_> = show_keys(&house.site, &Actor::Operator, &old.address)
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.state)
        .collect();
    assert_eq!(states, ["active", "retiring"]);
}

#[tokio::test]
async fn a_revoked_key_opens_and_signs_nothing_until_there_is_another() {
    let (house, list, alice) = stage().await;
    let revoked = revoke_key(&house.site, &Actor::Operator, &list.address, RevocationReason::Compromised)
        .await
        .unwrap();
    let certificate = Certificate::parse(revoked.armored.as_bytes()).unwrap();
    assert_eq!(certificate.facts(NOW).encryption, chancery_mail::KeyState::Revoked);
    let view = show_list(&house.site, &Actor::Operator, &list.address).await.unwrap();
    assert!(view.warnings.iter().any(|warning| warning.contains("revoked")), "{:?}", view.warnings);
    let twice = revoke_key(&house.site, &Actor::Operator, &list.address, RevocationReason::Retired).await;
    assert!(matches!(twice, Err(OperationError::Conflict(_))));

    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1, "{queue:?}");
    assert!(queue.parked[0].why.contains("key is revoked"), "{}", queue.parked[0].why);

    rollover_key(&house.site, &Actor::Operator, &list.address, KeyAlgorithm::default()).await.unwrap();
    let new = List { address: list.address.clone(), certificate: house.certificate(&list.address).await };
    retry_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    house.rest().await;
    let log = house.log(&list).await;
    assert!(
        log.last().unwrap().findings.contains("undecryptable=reject"),
        "what went to the revoked key stays closed"
    );
    let line = house.post(&new, &alice, Letter::new(&alice, &new).combined()).await;
    assert_eq!(decided(&line), "accept");
    alice.read(&house.copy_for(&alice), &new.certificate, NOW);
}

#[tokio::test]
async fn a_retired_key_does_not_take_the_place_of_a_revoked_one() {
    let (house, old, alice) = stage().await;
    rollover_key(&house.site, &Actor::Operator, &old.address, KeyAlgorithm::default()).await.unwrap();
    revoke_key(&house.site, &Actor::Operator, &old.address, RevocationReason::Compromised).await.unwrap();
    house.send(&old, &alice, Letter::new(&alice, &old).combined()).await;
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1, "{queue:?}");
    assert!(house.sink.messages().is_empty());
    rollover_key(&house.site, &Actor::Operator, &old.address, KeyAlgorithm::default()).await.unwrap();
    retry_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    assert!(house.rest().await.is_still());
    let newest = house.certificate(&old.address).await;
    alice.read(&house.copy_for(&alice), &newest, NOW);
}

#[tokio::test]
async fn a_list_key_is_extended_every_year_and_stays_the_same_key() {
    let (house, list, alice) = stage().await;
    let end = |certificate: &Certificate, at: Instant| certificate.facts(at).expires.unwrap();
    assert_eq!(end(&list.certificate, NOW), NOW.after(2 * YEAR));
    house.look_after_site().await;
    assert_eq!(end(&house.certificate(&list.address).await, NOW), NOW.after(2 * YEAR), "not before its time");
    for year in 1..=4 {
        let at = NOW.after(year * YEAR);
        house.clock.set(at);
        house.look_after_site().await;
        let certificate = house.certificate(&list.address).await;
        assert_eq!(certificate.fingerprint(), list.certificate.fingerprint());
        assert_eq!(end(&certificate, at), at.after(2 * YEAR), "in year {year}");
        assert!(certificate.recipient_key(at).is_ok());
    }
    let today = List { address: list.address.clone(), certificate: house.certificate(&list.address).await };
    let at = house.now();
    let line = house.post(&today, &alice, Letter::new(&alice, &today).at(at).combined()).await;
    assert_eq!(decided(&line), "accept", "{line:?}");
    alice.read(&house.copy_for(&alice), &today.certificate, at);
}

#[tokio::test]
async fn one_list_whose_key_is_broken_does_not_keep_the_others_from_being_looked_after() {
    let (house, list, _) = stage().await;
    let other = house.list("others", &[]).await;
    let bob = Person::with_key("bob", KeyAlgorithm::Ed25519V4, Some(YEAR));
    house.members(&other, &[&bob]).await;
    // The first list's secret is damaged, and so is a member's certificate.
    house.tamper("UPDATE list_keys SET sealed_secret = X'0000' WHERE list = 1").await;
    house.tamper("UPDATE pins SET certificate = X'0000' WHERE list = 1").await;
    house.clock.set(NOW.after(YEAR));
    house.look_after_site().await;
    let extended = house.certificate(&other.address).await;
    assert_eq!(extended.facts(house.now()).expires, Some(house.now().after(2 * YEAR)));
    let untouched = house.certificate(&list.address).await;
    assert_eq!(untouched.facts(house.now()).expires, Some(NOW.after(2 * YEAR)));
    assert_eq!(house.count("SELECT COUNT(*) FROM pins WHERE list = 2 AND key_state = 'expired'").await, 1);
}

#[tokio::test]
async fn a_members_key_that_ends_is_seen_by_those_who_look() {
    let (house, list, _) = stage().await;
    let bob = Person::with_key("bob", KeyAlgorithm::Ed25519V4, Some(31 * DAY));
    house.members(&list, &[&bob]).await;
    house.clock.advance(2 * DAY);
    house.look_after_site().await;
    let view = show_member(&house.site, &Actor::Operator, &list.address, &bob.address).await.unwrap();
    assert_eq!(view.key.unwrap().state, "expired");
    assert!(view.copies.contains("expired"), "{}", view.copies);
    let view = show_list(&house.site, &Actor::Operator, &list.address).await.unwrap();
    assert_eq!(view.without_copies[0].address, bob.address);
}

#[tokio::test]
async fn the_revocation_certificate_ends_the_key() {
    let (house, list, _) = stage().await;
    let armored = export_revocation(&house.site, &Actor::Operator, &list.address).await.unwrap();
    let text = String::from_utf8(armored.to_vec()).unwrap();
    assert!(text.contains("BEGIN PGP PUBLIC KEY BLOCK"), "{text}");
    assert!(!String::from_utf8_lossy(&house.files()).contains("revocation certificate"), "it lies sealed");
}

#[tokio::test]
async fn an_imported_key_takes_over_and_must_name_the_list() {
    let (house, list, alice) = stage().await;
    let key = |address: &str| {
        let new = NewKey {
            address: address.parse().unwrap(),
            name: "friends".to_owned(),
            algorithm: KeyAlgorithm::default(),
            lifetime: Some(YEAR),
        };
        KeyPair::generate(&new, NOW).unwrap().0
    };
    let foreign = key("enemies@lists.example.org");
    let refused = import_key(&house.site, &Actor::Operator, &list.address, &foreign.octets(), None).await;
    assert!(matches!(refused, Err(OperationError::Invalid { .. })));
    let public = key("friends@lists.example.org").certificate().octets();
    let refused = import_key(&house.site, &Actor::Operator, &list.address, &public, None).await;
    assert!(matches!(refused, Err(OperationError::Invalid { .. })));
    assert_eq!(house.certificate(&list.address).await.fingerprint(), list.certificate.fingerprint());

    let own = key("friends@lists.example.org");
    import_key(&house.site, &Actor::Operator, &list.address, &own.octets(), None).await.unwrap();
    let twice = import_key(&house.site, &Actor::Operator, &list.address, &own.octets(), None).await;
    assert!(matches!(twice, Err(OperationError::Conflict(_))));
    let imported = List { address: list.address.clone(), certificate: own.certificate() };
    let line = house.post(&imported, &alice, Letter::new(&alice, &imported).combined()).await;
    assert_eq!(decided(&line), "accept");
    alice.read(&house.copy_for(&alice), &own.certificate(), NOW);
}
