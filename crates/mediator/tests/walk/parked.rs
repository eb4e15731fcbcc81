// SPDX-License-Identifier: GPL-3.0-or-later
//! What cannot be worked on is parked where an operator sees it, and never goes round in circles.

use std::sync::{Arc, Mutex};

use chancery_mail::{Clock, Instant};
use chancery_mediator::{Actor, OperationError, drop_parked, retry_parked};

use crate::support::house::{House, List};
use crate::support::letters::Letter;
use crate::support::people::{DAY, HOUR, Person};

/// A clock that panics in whoever reads it on a task, except on one.
struct Trap {
    clock: chancery_testkit::SettableClock,
    spared: Arc<Mutex<Option<tokio::task::Id>>>,
}

impl Clock for Trap {
    fn now(&self) -> Instant {
        let spared = *self.spared.lock().unwrap();
        let caught = spared.is_some() && tokio::task::try_id().is_some_and(|id| Some(id) != spared);
        assert!(!caught, "the step that this test lets crash");
        self.clock.now()
    }
}

async fn stage() -> (House, List, Person) {
    let house = House::new().await;
    let alice = Person::new("alice");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    (house, list, alice)
}

#[tokio::test]
async fn a_message_that_does_not_open_is_parked_with_its_reason_and_tried_again_on_demand() {
    let (mut house, list, alice) = stage().await;
    house.halt().await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    house.tamper("UPDATE inbound SET sealed = CAST(X'00' || sealed AS BLOB)").await;
    house.run();
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1);
    let parked = &queue.parked[0];
    assert!(parked.why.contains("does not open"), "{}", parked.why);
    assert_eq!((parked.part.as_str(), parked.list.as_str()), ("post", "friends@lists.example.org"));
    // It lies still, whatever time it is and however often the server starts.
    house.clock.advance(DAY);
    house.restart().await;
    house.rest().await;
    assert_eq!(house.count("SELECT attempts FROM inbound").await, 1);
    // Tried again before it is mended, it is parked again; mended, it goes its way.
    retry_parked(&house.site, &Actor::Operator, parked.id).await.unwrap();
    house.rest().await;
    assert_eq!(house.queue().await.parked.len(), 1);
    house.tamper("UPDATE inbound SET sealed = SUBSTR(sealed, 2)").await;
    retry_parked(&house.site, &Actor::Operator, parked.id).await.unwrap();
    let queue = house.rest().await;
    assert!(queue.is_still() && queue.parked.is_empty(), "{queue:?}");
    assert_eq!(house.mail_for(&alice).len(), 1);
}

#[tokio::test]
async fn a_list_whose_settings_do_not_read_parks_and_others_go_on() {
    let (house, list, alice) = stage().await;
    let other = house.list("others", &[]).await;
    house.members(&other, &[&alice]).await;
    house.tamper("INSERT INTO list_settings (list, name, value) VALUES (1, 'from_the_future', 'yes')").await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    let line = house.post(&other, &alice, Letter::new(&alice, &other).combined()).await;
    assert_eq!(line.disposition.as_deref(), Some("accept"));
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1);
    assert!(queue.parked[0].why.contains("from_the_future"), "{}", queue.parked[0].why);
    house.tamper("DELETE FROM list_settings WHERE list = 1").await;
    retry_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    house.rest().await;
    assert_eq!(house.mail_for(&alice).len(), 2);
}

#[tokio::test]
async fn a_message_that_killed_the_server_three_times_is_parked_untouched() {
    let (mut house, list, alice) = stage().await;
    house.halt().await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    // As a server leaves it that was killed in the middle for the third time.
    house.tamper("UPDATE inbound SET attempts = 3, claim = 3").await;
    house.run();
    let queue = house.rest().await;
    assert_eq!(queue.parked.len(), 1);
    assert!(queue.parked[0].why.contains("crashes"), "{}", queue.parked[0].why);
    drop_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    assert!(house.queue().await.parked.is_empty());
    let again = drop_parked(&house.site, &Actor::Operator, queue.parked[0].id).await;
    assert!(matches!(again, Err(OperationError::NotFound(_))));
    assert!(house.mail_for(&alice).is_empty());
}

#[tokio::test]
async fn a_killed_server_goes_on_where_it_was() {
    let (mut house, list, alice) = stage().await;
    house.halt().await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    // Claimed by a server that is dead.
    house
        .tamper("UPDATE inbound SET attempts = 1, claim = 1, lease_owner = 'dead', lease_until = 1767226200")
        .await;
    house.run();
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(house.queue().await.inbound, 1, "somebody else's claim is left alone while it lasts");
    house.clock.advance(HOUR);
    assert!(house.rest().await.is_still());
    assert_eq!(house.mail_for(&alice).len(), 1);
}

#[tokio::test]
async fn mail_for_parts_that_do_not_exist_yet_is_parked_sealed() {
    let (house, list, alice) = stage().await;
    for part in ["request", "join", "leave", "confirm+abc234", "bounces+abc234", "subscribe", "unsubscribe"] {
        let to = format!("friends-{part}@lists.example.org").parse().unwrap();
        let reply = house.hand_in(Some(&alice.address), &to, Letter::new(&alice, &list).clear()).await;
        assert_eq!(reply.code, 250, "{part}");
    }
    let queue = house.rest().await;
    let parts: Vec<&str> = queue.parked.iter().map(|parked| parked.part.as_str()).collect();
    assert_eq!(parts, ["request", "join", "leave", "confirm", "bounces", "join", "leave"]);
    assert!(queue.parked.iter().all(|parked| parked.why.contains("not handled by this version")));
    assert!(!String::from_utf8_lossy(&house.files()).contains("old mill"));
    for to in ["nobody@lists.example.org", "friends@example.org", "friends-nothing@lists.example.org"] {
        let reply = house.hand_in(None, &to.parse().unwrap(), Vec::new()).await;
        assert_eq!((reply.code, reply.enhanced), (550, (5, 1, 1)), "{to}");
    }
}

#[tokio::test]
async fn a_departure_that_cannot_be_loaded_is_given_up_in_the_end() {
    let (mut house, list, alice) = stage().await;
    house.halt().await;
    house.run_without_delivery();
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    house.judged().await;
    house.tamper("UPDATE departure_bodies SET sealed = CAST(X'00' || sealed AS BLOB)").await;
    house.halt().await;
    house.run();
    let queue = house.rest().await;
    assert_eq!((queue.outgoing, queue.retrying), (1, 1));
    house.clock.advance(6 * DAY);
    let queue = house.rest().await;
    assert!(queue.is_still(), "{queue:?}");
    let log = house.log(&list).await;
    assert!(log.iter().any(|line| line.event == "delivery"), "{log:?}");
    assert!(house.sink.messages().is_empty());
}

#[tokio::test]
async fn a_step_that_panics_parks_its_message_and_the_next_one_is_served() {
    let spared = Arc::new(Mutex::new(None));
    let trap = Arc::clone(&spared);
    let mut house = House::with_clock(|clock| Arc::new(Trap { clock, spared: trap })).await;
    let alice = Person::new("alice");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    house.halt().await;
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    *spared.lock().unwrap() = Some(house.run_without_delivery());
    let queue = house.judged().await;
    assert_eq!(queue.parked.len(), 1);
    assert!(queue.parked[0].why.contains("crashed"), "{}", queue.parked[0].why);
    assert_eq!(house.count("SELECT attempts FROM inbound").await, 1, "it did not go round");
    *spared.lock().unwrap() = None;
    house.send(&list, &alice, Letter::new(&alice, &list).about("next").combined()).await;
    assert_eq!(house.judged().await.outgoing, 1);
    retry_parked(&house.site, &Actor::Operator, queue.parked[0].id).await.unwrap();
    house.halt().await;
    house.run();
    assert!(house.rest().await.is_still());
    assert_eq!(house.mail_for(&alice).len(), 2);
}

#[tokio::test]
async fn a_copy_at_which_the_delivery_crashes_is_tried_for_five_days_and_no_longer() {
    let spared = Arc::new(Mutex::new(None));
    let trap = Arc::clone(&spared);
    let mut house = House::with_clock(|clock| Arc::new(Trap { clock, spared: trap })).await;
    let alice = Person::new("alice");
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice]).await;
    house.halt().await;
    house.run_without_delivery();
    house.send(&list, &alice, Letter::new(&alice, &list).combined()).await;
    house.judged().await;
    house.halt().await;
    *spared.lock().unwrap() = Some(house.run_delivery());
    let queue = house.rest().await;
    assert_eq!((queue.outgoing, queue.retrying), (1, 1));
    assert_eq!(house.count("SELECT attempts FROM deliveries").await, 1, "it did not go round");
    house.clock.advance(6 * DAY);
    let queue = house.rest().await;
    assert!(queue.is_still(), "{queue:?}");
    assert!(house.sink.messages().is_empty());
    let log = house.log(&list).await;
    assert!(log.iter().any(|line| line.event == "delivery" && line.detail.contains("crashed")), "{log:?}");
}
