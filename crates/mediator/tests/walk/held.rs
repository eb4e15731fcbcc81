// SPDX-License-Identifier: GPL-3.0-or-later
//! Posts that wait for a decision: shown to an owner alone, then let through or not.

use chancery_lists::Role;
use chancery_mail::Entity;
use chancery_mail::Public;
use chancery_mediator::{Actor, HeldDecision, OperationError, decide_held, list_held, show_held};

use crate::support::house::{House, List};
use crate::support::letters::{Letter, SUBJECT, WORDS};
use crate::support::people::Person;
use crate::support::reading::field;

struct Stage {
    house: House,
    list: List,
    alice: Person,
    bob: Person,
    carol: Person,
}

/// A list of alice and bob, owned by carol, that holds every post.
async fn stage() -> Stage {
    let house = House::new().await;
    let (alice, bob, carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let list = house.list("friends", &[("emergency", "true")]).await;
    house.members(&list, &[&alice, &bob]).await;
    house.join(&list, &carol, Role::Owner, true).await;
    Stage { house, list, alice, bob, carol }
}

impl Stage {
    async fn hold(&self, post: Vec<u8>) -> i64 {
        let line = self.house.post(&self.list, &self.alice, post).await;
        assert_eq!(line.disposition.as_deref(), Some("hold"), "{line:?}");
        let held = list_held(&self.house.site, &Actor::Operator, &self.list.address).await.unwrap();
        held.last().unwrap().id
    }

    async fn decide(&self, held: i64, decision: HeldDecision) {
        let carol = Actor::Person(self.carol.address.clone());
        decide_held(&self.house.site, &carol, &self.list.address, held, decision).await.unwrap();
        self.house.rest().await;
    }
}

#[tokio::test]
async fn a_held_post_is_shown_to_its_owner_alone_and_then_goes_out_encrypted() {
    let stage = stage().await;
    let (house, list) = (&stage.house, &stage.list);
    let held = stage.hold(Letter::new(&stage.alice, list).combined()).await;
    let seen = list_held(&house.site, &Actor::Operator, &list.address).await.unwrap();
    assert_eq!((seen.len(), seen[0].findings.as_str()), (1, "emergency=hold"));
    assert_eq!(seen[0].from.as_ref(), Some(&stage.alice.address));

    let carol = Actor::Person(stage.carol.address.clone());
    for shown in [
        show_held(&house.site, &carol, &list.address, held, None).await.unwrap(),
        show_held(&house.site, &Actor::Operator, &list.address, held, None).await.unwrap(),
        show_held(&house.site, &Actor::Operator, &list.address, held, Some(&stage.carol.address))
            .await
            .unwrap(),
    ] {
        assert!(!String::from_utf8_lossy(&shown).contains("old mill"));
        assert!(!String::from_utf8_lossy(&shown).contains(SUBJECT));
        let reading = stage.carol.read(&shown, &list.certificate, house.now());
        assert!(reading.author().contains(WORDS));
        assert_eq!(reading.subject, format!("[held] {SUBJECT}"));
        assert!(reading.result().contains("It says it is from: alice@example.org"), "{}", reading.result());
        assert!(stage.bob.try_to_open(&shown, &list.certificate, house.now()).is_none());
    }
    // Neither a member nor a stranger is shown anything, by themselves or by the operator's mistake.
    for person in [&stage.bob, &Person::new("mallory")] {
        let actor = Actor::Person(person.address.clone());
        let refused = show_held(&house.site, &actor, &list.address, held, Some(&stage.carol.address)).await;
        assert!(matches!(refused, Err(OperationError::Forbidden)));
        let refused =
            show_held(&house.site, &Actor::Operator, &list.address, held, Some(&person.address)).await;
        assert!(matches!(refused, Err(OperationError::Forbidden)));
    }

    stage.decide(held, HeldDecision::Accept).await;
    for reader in [&stage.alice, &stage.bob] {
        let reading = reader.read(&house.copy_for(reader), &list.certificate, house.now());
        assert!(reading.author().contains(WORDS));
        assert!(reading.result().contains("let through by an owner or moderator"), "{}", reading.result());
        assert_eq!(reading.subject, format!("[signed] {SUBJECT}"));
    }
    assert_eq!(house.sink.messages().len(), 2);
    let log = house.log(list).await;
    assert!(log.iter().any(|line| line.event == "held post" && line.detail.contains("carol@example.org")));
    let last = log.last().unwrap();
    assert_eq!((last.event.as_str(), last.disposition.as_deref()), ("post", Some("accept")));
    assert!(!last.findings.contains("duplicate"), "an approval does not meet itself: {}", last.findings);
    assert_eq!(house.queue().await.held, 0);
}

#[tokio::test]
async fn what_looks_like_a_verdict_is_not_shown_in_the_subject_of_a_held_post() {
    let stage = stage().await;
    let held = stage.hold(Letter::new(&stage.alice, &stage.list).about("[signed] lunch").combined()).await;
    let site = &stage.house.site;
    let shown = show_held(site, &Actor::Operator, &stage.list.address, held, None).await.unwrap();
    let reading = stage.carol.read(&shown, &stage.list.certificate, stage.house.now());
    assert_eq!(reading.subject, "[held] lunch");
}

#[tokio::test]
async fn what_is_rejected_or_discarded_goes_to_nobody_and_is_gone() {
    let stage = stage().await;
    for decision in [HeldDecision::Reject, HeldDecision::Discard] {
        let held = stage.hold(Letter::new(&stage.alice, &stage.list).combined()).await;
        stage.decide(held, decision).await;
        assert_eq!(stage.house.queue().await.held, 0);
        let again =
            decide_held(&stage.house.site, &Actor::Operator, &stage.list.address, held, HeldDecision::Accept)
                .await;
        assert!(matches!(again, Err(OperationError::NotFound(_))));
        let log = stage.house.log(&stage.list).await;
        assert_eq!(log.last().unwrap().disposition.as_deref(), Some(decision.as_str()));
    }
    assert!(stage.house.sink.messages().is_empty());
}

#[tokio::test]
async fn an_approved_post_is_judged_with_the_keys_of_that_moment() {
    let stage = stage().await;
    let held = stage.hold(Letter::new(&stage.alice, &stage.list).combined()).await;
    chancery_mediator::remove_member(
        &stage.house.site,
        &Actor::Operator,
        &stage.list.address,
        &stage.alice.address,
        None,
    )
    .await
    .unwrap();
    stage.decide(held, HeldDecision::Accept).await;
    assert!(stage.house.sink.messages().is_empty(), "alice's key is nobody's any more");
    let log = stage.house.log(&stage.list).await;
    assert!(log.last().unwrap().findings.contains("unknown_key=reject"), "{log:?}");
}

#[tokio::test]
async fn what_came_encrypted_is_not_let_through_in_clear() {
    let stage = stage().await;
    let held = stage.hold(Letter::new(&stage.alice, &stage.list).combined()).await;
    stage.house.set(&stage.list, "encrypt_outgoing", "never").await;
    stage.decide(held, HeldDecision::Accept).await;
    assert!(stage.house.sink.messages().is_empty());
    let log = stage.house.log(&stage.list).await;
    assert!(log.last().unwrap().findings.contains("would_leak=reject"), "{log:?}");
}

#[tokio::test]
async fn while_a_post_is_held_a_replay_of_it_is_found_and_the_post_still_passes() {
    let stage = stage().await;
    let post = Letter::new(&stage.alice, &stage.list).combined();
    let held = stage.hold(post.clone()).await;
    let line = stage.house.post(&stage.list, &stage.alice, post.clone()).await;
    assert_eq!(line.disposition.as_deref(), Some("reject"));
    assert!(line.findings.contains("duplicate_signature=reject"));
    stage.decide(held, HeldDecision::Accept).await;
    assert_eq!(stage.house.sink.messages().len(), 2);
    let line = stage.house.post(&stage.list, &stage.alice, post).await;
    assert!(line.findings.contains("duplicate_signature=reject"), "{line:?}");
}

#[tokio::test]
async fn a_post_that_could_not_be_opened_is_shown_as_it_came() {
    let stage = stage().await;
    let (house, list) = (&stage.house, &stage.list);
    house.set(list, "undecryptable_action", "hold").await;
    let letter = Letter::new(&stage.alice, list).combined_for(&stage.carol.certificate());
    let held = stage.hold(letter).await;
    let shown = show_held(&house.site, &Actor::Operator, &list.address, held, None).await.unwrap();
    let reading = stage.carol.read(&shown, &list.certificate, house.now());
    assert!(field(&reading.parts[1], "Content-Type").unwrap().starts_with("multipart/encrypted"));
    let inner = Entity::<Public>::new(reading.parts[1].clone());
    let opened = chancery_crypto::open(&inner, &stage.carol.ring, &mut |_| Vec::new(), house.now());
    assert!(matches!(opened.content, chancery_crypto::Content::Cleartext(_)));
}
