// SPDX-License-Identifier: GPL-3.0-or-later
//! What changes between the acceptance of a post and its delivery counts.

use chancery_crypto::KeyAlgorithm;
use chancery_lists::Role;
use chancery_mediator::{Actor, MemberChange, remove_member};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, WORDS};
use crate::support::people::{DAY, NOW, Person};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
    carol: Person,
}

/// A post of alice's was accepted for alice, bob and carol, and waits.
async fn accepted() -> Stage {
    accepted_with(&[], Person::new("bob")).await
}

async fn accepted_with(settings: &[(&str, &str)], bob: Person) -> Stage {
    let mut house = House::new().await;
    house.halt().await;
    house.run_without_delivery();
    let (alice, carol) = (Person::new("alice"), Person::new("carol"));
    let list = house.list("friends", settings).await;
    house.members(&list, &[&alice, &bob, &carol]).await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    assert_eq!(house.judged().await.outgoing, 3);
    Stage { house, list, alice, bob, carol }
}

impl Stage {
    async fn deliver(&mut self) {
        self.house.halt().await;
        self.house.run();
        let queue = self.house.rest().await;
        assert!(queue.is_still(), "{queue:?}");
        for reader in [&self.alice, &self.carol] {
            let copy = self.house.copy_for(reader);
            reader.read(&copy, &self.list.certificate, self.house.now());
        }
    }

    async fn bob_gets_nothing(mut self) {
        self.deliver().await;
        assert!(self.house.mail_for(&self.bob).is_empty());
        assert_eq!(self.house.sink.messages().len(), 2);
    }
}

#[tokio::test]
async fn a_member_who_was_removed_gets_no_copy() {
    let stage = accepted().await;
    let site = &stage.house.site;
    remove_member(site, &Actor::Operator, &stage.list.address, &stage.bob.address, None).await.unwrap();
    stage.bob_gets_nothing().await;
}

#[tokio::test]
async fn a_member_who_stays_as_owner_only_gets_no_copy() {
    let stage = accepted().await;
    stage.house.join(&stage.list, &stage.bob, Role::Owner, true).await;
    let site = &stage.house.site;
    remove_member(site, &Actor::Operator, &stage.list.address, &stage.bob.address, Some(Role::Member))
        .await
        .unwrap();
    stage.bob_gets_nothing().await;
}

#[tokio::test]
async fn a_member_whose_delivery_was_switched_off_gets_no_copy() {
    let stage = accepted().await;
    let off = MemberChange { enabled: Some(false), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.bob, off).await;
    stage.bob_gets_nothing().await;
}

#[tokio::test]
async fn a_member_whose_key_was_replaced_gets_a_copy_for_the_new_key_alone() {
    let mut stage = accepted().await;
    let renewed = Person::new("bob");
    let change = MemberChange {
        key: Some(renewed.certificate().octets()),
        confirmed: true,
        ..MemberChange::default()
    };
    stage.house.change(&stage.list, &stage.bob, change).await;
    stage.deliver().await;
    let copy = stage.house.copy_for(&stage.bob);
    assert!(stage.bob.try_to_open(&copy, &stage.list.certificate, NOW).is_none());
    assert!(renewed.read(&copy, &stage.list.certificate, NOW).author().contains(WORDS));
}

#[tokio::test]
async fn a_member_whose_new_key_is_unconfirmed_gets_no_copy() {
    let stage = accepted().await;
    let renewed = Person::new("bob");
    let change = MemberChange { key: Some(renewed.certificate().octets()), ..MemberChange::default() };
    stage.house.change(&stage.list, &stage.bob, change).await;
    stage.bob_gets_nothing().await;
}

#[tokio::test]
async fn a_member_whose_key_expired_gets_no_copy() {
    let bob = Person::with_key("bob", KeyAlgorithm::Ed25519V4, Some(31 * DAY));
    let stage = accepted_with(&[], bob).await;
    stage.house.clock.advance(2 * DAY);
    stage.bob_gets_nothing().await;
}

#[tokio::test]
async fn a_member_whose_new_key_needs_another_format_is_named_in_the_log() {
    let mut stage = accepted().await;
    let renewed = Person::with_key("bob", KeyAlgorithm::Ed25519V6, None);
    let change = MemberChange {
        key: Some(renewed.certificate().octets()),
        confirmed: true,
        ..MemberChange::default()
    };
    stage.house.change(&stage.list, &stage.bob, change).await;
    stage.deliver().await;
    assert!(stage.house.mail_for(&stage.bob).is_empty());
    let log = stage.house.log(&stage.list).await;
    let line = log.iter().find(|line| line.event == "delivery").expect("a line in the log");
    assert!(line.detail.contains("bob@example.org") && line.detail.contains("format"), "{line:?}");
}

#[tokio::test]
async fn a_newcomer_gets_what_is_accepted_after_they_came() {
    let mut stage = accepted().await;
    let dave = Person::new("dave");
    stage.house.members(&stage.list, &[&dave]).await;
    stage.deliver().await;
    assert!(stage.house.mail_for(&dave).is_empty());
    let post = Letter::new(&stage.alice, &stage.list).about("welcome").combined();
    stage.house.post(&stage.list, &stage.alice, post).await;
    assert_eq!(stage.house.mail_for(&dave).len(), 1);
}

#[tokio::test]
async fn the_same_key_given_again_stays_confirmed() {
    let stage = accepted().await;
    let (house, list) = (&stage.house, &stage.list);
    // As a moderator too, and with the key once more: nobody takes the confirmation back.
    house.join(list, &stage.bob, Role::Moderator, false).await;
    let again = MemberChange { key: Some(stage.bob.certificate().octets()), ..MemberChange::default() };
    house.change(list, &stage.bob, again).await;
    let line = house.post_only(list, &stage.bob, Letter::new(&stage.bob, list).combined()).await;
    assert_eq!(line.findings, "", "{line:?}");
}
