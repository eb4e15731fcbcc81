// SPDX-License-Identifier: GPL-3.0-or-later
//! A relay that says later, says no, or says nothing.

use std::time::Duration;

use chancery_mediator::{Actor, retry_now};
use chancery_testkit::Fault;

use crate::support::house::{House, List};
use crate::support::letters::Letter;
use crate::support::people::{DAY, HOUR, Person};

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
    carol: Person,
}

async fn stage() -> Stage {
    let house = House::new().await;
    let (alice, bob, carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let list = house.list("friends", &[]).await;
    house.members(&list, &[&alice, &bob, &carol]).await;
    Stage { house, list, alice, bob, carol }
}

impl Stage {
    async fn post(&self) {
        let post = Letter::new(&self.alice, &self.list).combined();
        self.house.post(&self.list, &self.alice, post).await;
    }

    fn refuse_bob(&self, reply: &str) {
        let address = self.bob.address.to_string();
        self.house.sink.set(Fault::RefuseRecipient { address, reply: reply.to_owned() });
    }

    fn copies(&self) -> [usize; 3] {
        [&self.alice, &self.bob, &self.carol].map(|person| self.house.mail_for(person).len())
    }
}

#[tokio::test]
async fn who_hears_later_is_tried_again_later_and_nobody_else_is() {
    let stage = stage().await;
    stage.refuse_bob("450 4.2.1 try later");
    stage.post().await;
    let queue = stage.house.queue().await;
    assert_eq!((queue.outgoing, queue.retrying), (1, 1));
    let next = queue.next_retry.unwrap();
    assert!(next >= stage.house.now().after(Duration::from_secs(60)), "{next}");
    assert!(next <= stage.house.now().after(Duration::from_secs(72)), "{next}");
    assert_eq!(stage.copies(), [1, 0, 1]);

    // Not before its time, and with growing patience.
    let mut patience = Duration::ZERO;
    for _ in 0..4 {
        let next = stage.house.queue().await.next_retry.unwrap();
        stage.house.clock.set(next);
        stage.house.rest().await;
        let after = stage.house.queue().await.next_retry.unwrap();
        let waits = Duration::from_secs((after.unix() - next.unix()).try_into().unwrap());
        assert!(waits > patience, "{waits:?} after {patience:?}");
        patience = waits;
    }
    stage.house.sink.clear_faults();
    stage.house.clock.advance(2 * HOUR);
    assert!(stage.house.rest().await.is_still());
    assert_eq!(stage.copies(), [1, 1, 1]);
    stage.bob.read(&stage.house.copy_for(&stage.bob), &stage.list.certificate, stage.house.now());
}

#[tokio::test]
async fn who_hears_no_fails_alone_and_the_log_says_so() {
    let stage = stage().await;
    stage.refuse_bob("550 5.1.1 no such user");
    stage.post().await;
    assert!(stage.house.queue().await.is_still());
    assert_eq!(stage.copies(), [1, 0, 1]);
    let log = stage.house.log(&stage.list).await;
    let line = log.iter().find(|line| line.event == "delivery").expect("a line in the log");
    assert!(line.detail.contains("bob@example.org"), "{}", line.detail);
    assert!(line.detail.contains("550 5.1.1"), "{}", line.detail);
    assert_eq!(log.iter().filter(|line| line.event == "delivery").count(), 1);
}

#[tokio::test]
async fn nothing_is_lost_while_the_relay_is_down_and_an_operator_may_hurry() {
    let stage = stage().await;
    stage.house.sink.set(Fault::RefuseMail { left: 1000, reply: "421 4.3.2 going down".to_owned() });
    stage.post().await;
    assert_eq!(stage.house.queue().await.retrying, 3);
    stage.house.sink.clear_faults();
    retry_now(&stage.house.site, &Actor::Operator).await.unwrap();
    assert!(stage.house.rest().await.is_still());
    assert_eq!(stage.copies(), [1, 1, 1]);
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_waited_for() {
    let mut stage = stage().await;
    // A port where nobody listens any more.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    stage.house.restart_with_relay(port).await;
    stage.post().await;
    assert_eq!(stage.house.queue().await.retrying, 3);
    stage.house.restart().await;
    stage.house.clock.advance(HOUR);
    assert!(stage.house.rest().await.is_still());
    assert_eq!(stage.copies(), [1, 1, 1]);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_repeats_that_copy_alone() {
    let stage = stage().await;
    stage.house.sink.set(Fault::CutMidData { left: 1, after: 100 });
    stage.post().await;
    assert_eq!(stage.copies().iter().sum::<usize>(), 2);
    stage.house.clock.advance(HOUR);
    assert!(stage.house.rest().await.is_still());
    assert_eq!(stage.copies(), [1, 1, 1]);
}

#[tokio::test]
async fn after_five_days_it_is_given_up_and_the_log_says_so() {
    let stage = stage().await;
    stage.refuse_bob("450 4.2.1 try later");
    stage.post().await;
    stage.house.clock.advance(6 * DAY);
    assert!(stage.house.rest().await.is_still());
    let log = stage.house.log(&stage.list).await;
    let line = log.iter().find(|line| line.event == "delivery").expect("a line in the log");
    assert!(line.detail.contains("five days"), "{}", line.detail);
}

#[tokio::test]
async fn every_copy_has_a_return_path_of_its_own_that_says_nothing() {
    let stage = stage().await;
    stage.post().await;
    let mut paths = Vec::new();
    for message in stage.house.sink.messages() {
        assert_eq!(message.envelope.forward_paths.len(), 1, "nobody learns of the others");
        let path = message.envelope.reverse_path.unwrap();
        let token = path.local().strip_prefix("friends-bounces+").unwrap().to_owned();
        assert!(token.len() > 16 && token.bytes().all(|octet| octet.is_ascii_alphanumeric()), "{token}");
        paths.push(path.canonical());
    }
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 3);
}
