// SPDX-License-Identifier: GPL-3.0-or-later
//! Members with keys of both versions.

use chancery_crypto::KeyAlgorithm;

use crate::support::house::House;
use crate::support::letters::{Letter, WORDS};
use crate::support::people::Person;

#[tokio::test]
async fn members_with_v4_and_v6_keys_get_two_bodies_and_all_can_read() {
    let mut house = House::new().await;
    let alice = Person::new("alice");
    let bob = Person::with_key("bob", KeyAlgorithm::Ed25519V6, None);
    let carol = Person::with_key("carol", KeyAlgorithm::NistP256, None);
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &bob, &carol]).await;
    house.halt().await;
    house.run_without_delivery();
    house.send(&list, &bob, Letter::new(&bob, &list).combined()).await;
    house.judged().await;
    assert_eq!(house.count("SELECT COUNT(*) FROM departure_bodies").await, 2);
    house.halt().await;
    house.run();
    assert!(house.rest().await.is_still());
    for reader in [&alice, &bob, &carol] {
        let reading = reader.read(&house.copy_for(reader), &list.certificate, house.now());
        assert!(reading.author().contains(WORDS));
        assert!(reading.result().contains("Signed by bob@example.org"));
    }
}

#[tokio::test]
async fn a_list_with_a_key_of_any_kind_walks() {
    let house = House::new().await;
    let alice = Person::new("alice");
    for (name, algorithm) in
        [("six", KeyAlgorithm::Ed25519V6), ("curve", KeyAlgorithm::NistP256), ("rsa", KeyAlgorithm::Rsa3072)]
    {
        let list = house.list_with_key(name, &[], algorithm).await;
        house.members(&list, &[&alice]).await;
        house.sink.forget();
        let line = house.post(&list, &alice, Letter::new(&alice, &list).combined()).await;
        assert_eq!(line.disposition.as_deref(), Some("accept"), "{name} {line:?}");
        alice.read(&house.copy_for(&alice), &list.certificate, house.now());
    }
}
