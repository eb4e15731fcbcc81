// SPDX-License-Identifier: GPL-3.0-or-later
//! Somebody who can write to the database makes nothing leave in clear and opens nothing elsewhere.

use chancery_mediator::{
    Actor, HeldDecision, OperationError, decide_held, list_held, rollover_key, show_held,
};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, SUBJECT};
use crate::support::people::{HOUR, Person};

struct Stage {
    house: House,
    list: List,
    other: List,
    alice: Person,
    mallory: Person,
}

/// Alice's list, and mallory's beside it on the same site.
async fn stage() -> Stage {
    let house = House::new().await;
    let (alice, mallory) = (Person::new("alice"), Person::new("mallory"));
    let list = house.list("friends", &[]).await;
    let other = house.list("enemies", &[]).await;
    house.members(&list, &[&alice]).await;
    house.members(&other, &[&mallory]).await;
    house.join(&other, &mallory, chancery_lists::Role::Owner, true).await;
    Stage { house, list, other, alice, mallory }
}

impl Stage {
    fn post(&self) -> Vec<u8> {
        Letter::new(&self.alice, &self.list).combined()
    }

    /// A post that was accepted and waits.
    async fn waiting(mut self) -> Self {
        self.house.halt().await;
        self.house.run_without_delivery();
        self.house.send(&self.list, &self.alice, self.post()).await;
        assert_eq!(self.house.judged().await.outgoing, 1);
        self.house.halt().await;
        self
    }

    /// Delivers, and looks for clear words in all that left.
    async fn nothing_in_clear(&mut self) {
        self.house.run();
        self.house.rest().await;
        self.house.clock.advance(2 * HOUR);
        self.house.rest().await;
        for message in self.house.sink.messages() {
            let text = String::from_utf8_lossy(&message.octets).into_owned();
            assert!(!text.contains("old mill") && !text.contains(SUBJECT), "{text}");
            assert!(
                self.mallory.try_to_open(&message.octets, &self.list.certificate, self.house.now()).is_none()
            );
        }
    }
}

#[tokio::test]
async fn a_sealed_departure_that_is_declared_public_does_not_leave_in_clear() {
    for tamper in [
        "UPDATE departure_bodies SET format = 'public'",
        "UPDATE departures SET kind = 'notice'",
        "UPDATE departures SET kind = 'owner_mail'",
        "INSERT INTO departure_bodies (departure, format, sealed) SELECT departure, 'public', sealed FROM departure_bodies",
        "UPDATE departure_bodies SET format = 'seipd_v2'",
        "UPDATE departure_bodies SET format = 'banana'",
    ] {
        let mut stage = stage().await.waiting().await;
        assert!(stage.house.tamper(tamper).await > 0, "{tamper}");
        stage.nothing_in_clear().await;
        let public = tamper.contains("'public'");
        assert_eq!(stage.house.sink.messages().is_empty(), public || tamper.contains("format ="), "{tamper}");
    }
}

#[tokio::test]
async fn what_was_received_or_held_does_not_leave_as_a_public_departure() {
    let mut stage = stage().await.waiting().await;
    stage.house.send(&stage.list, &stage.alice, stage.post()).await;
    // The sealed octets of a received message in the place of a body.
    let put = "UPDATE departure_bodies SET format = 'public', sealed = (SELECT sealed FROM inbound LIMIT 1)";
    assert_eq!(stage.house.tamper(put).await, 1);
    stage.nothing_in_clear().await;
    assert_eq!(stage.house.sink.messages().len(), 1, "the copy of the other post");
    assert_eq!(stage.house.queue().await.retrying, 1);
}

#[tokio::test]
async fn rows_that_were_moved_to_another_list_do_not_open_there() {
    // A received post.
    let mut stage = stage().await;
    stage.house.halt().await;
    stage.house.send(&stage.list, &stage.alice, stage.post()).await;
    assert_eq!(stage.house.tamper("UPDATE inbound SET list = 2").await, 1);
    stage.house.run();
    let queue = stage.house.rest().await;
    assert_eq!(queue.parked.len(), 1);
    assert!(queue.parked[0].why.contains("does not open"));
    assert!(stage.house.sink.messages().is_empty());

    // A held one.
    stage.house.set(&stage.list, "emergency", "true").await;
    stage
        .house
        .post(&stage.list, &stage.alice, Letter::new(&stage.alice, &stage.list).about("held").combined())
        .await;
    assert_eq!(stage.house.tamper("UPDATE held SET list = 2").await, 1);
    let mallory = Actor::Person(stage.mallory.address.clone());
    let held = list_held(&stage.house.site, &mallory, &stage.other.address).await.unwrap();
    let shown = show_held(&stage.house.site, &mallory, &stage.other.address, held[0].id, None).await;
    assert!(matches!(shown, Err(OperationError::Unworkable(_))), "{shown:?}");
    decide_held(&stage.house.site, &mallory, &stage.other.address, held[0].id, HeldDecision::Accept)
        .await
        .unwrap();
    let queue = stage.house.rest().await;
    assert_eq!(queue.parked.len(), 2);
    assert!(stage.house.sink.messages().is_empty());
}

#[tokio::test]
async fn a_departure_that_was_moved_to_another_list_does_not_leave() {
    let mut stage = stage().await.waiting().await;
    stage.house.tamper("UPDATE departures SET list = 2").await;
    stage
        .house
        .tamper("UPDATE deliveries SET address = 'mallory@example.org', written = 'mallory@example.org'")
        .await;
    stage.nothing_in_clear().await;
    assert!(stage.house.sink.messages().is_empty());
}

#[tokio::test]
async fn a_key_that_was_moved_to_another_list_or_purpose_does_not_open() {
    for tamper in [
        "UPDATE list_keys SET list = 2, id = id + 100 WHERE list = 1 AND purpose = 'posting'",
        "UPDATE list_keys SET purpose = 'posting', id = id + 100 WHERE list = 2 AND purpose = 'storage'",
    ] {
        let mut stage = stage().await;
        stage.house.halt().await;
        stage.house.send(&stage.other, &stage.mallory, stage.post()).await;
        assert_eq!(stage.house.tamper(tamper).await, 1);
        stage.house.run();
        let queue = stage.house.rest().await;
        assert_eq!(queue.parked.len(), 1, "{tamper}");
        assert!(stage.house.sink.messages().is_empty());
        let refused =
            rollover_key(&stage.house.site, &Actor::Operator, &stage.other.address, Default::default()).await;
        assert!(matches!(refused, Err(OperationError::Crypto(_))), "{tamper}");
    }
}
