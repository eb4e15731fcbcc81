// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeSet;

use chancery_store::{
    Audience, DeliveryId, DeliveryState, NewPin, NewSubscription, Outcome, StoreError, SubscriptionChange,
};

use crate::support::{
    Fresh, LEASE, NOON, address, alice, bob, carol, fingerprint, later, member_with_key, post,
    post_to_members, subscribe, usable_pin,
};

#[tokio::test]
async fn copies_wait_for_those_who_can_read_them() {
    let (fresh, list) = Fresh::list().await;
    let store = &fresh.store;
    let pinned = async |local: &str, pin: Option<NewPin>| {
        let who = address(&format!("{local}@example.org"));
        let id = subscribe(store, list, &who, "member").await;
        if let Some(pin) = pin {
            store.pin(list, &who, &pin).await.unwrap();
        }
        id
    };
    pinned("good", Some(usable_pin(1))).await;
    pinned("keyless", None).await;
    pinned("unconfirmed", Some(NewPin { confirmed: false, ..usable_pin(2) })).await;
    pinned("revoked", Some(NewPin { key_state: "revoked".into(), ..usable_pin(3) })).await;
    pinned("expired", Some(NewPin { key_expires: Some(NOON), ..usable_pin(4) })).await;
    pinned("expiring", Some(NewPin { key_expires: Some(later(1)), ..usable_pin(5) })).await;
    let disabled = pinned("disabled", Some(usable_pin(6))).await;
    let change = SubscriptionChange { enabled: Some(false), ..SubscriptionChange::default() };
    store.set_subscription(disabled, &change).await.unwrap();
    subscribe(store, list, &alice(), "owner").await;

    let (_, copies) = post_to_members(store, list).await;
    assert_eq!(copies, 2);
    let claimed = store.claim_deliveries(NOON, LEASE, "w", 100).await.unwrap();
    let who: Vec<_> = claimed.iter().map(|row| row.recipient.local()).collect();
    assert_eq!(who, ["good", "expiring"]);

    let mut transaction = store.begin().await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    let everybody = Audience { role: "member".into(), with_usable_key: false };
    assert_eq!(transaction.add_deliveries(departure, &everybody, NOON).await.unwrap(), 6);
    assert_eq!(transaction.add_deliveries(departure, &everybody, NOON).await.unwrap(), 0, "no second copy");
}

#[tokio::test]
async fn a_claim_tells_the_key_of_now_not_of_then() {
    let (fresh, list) = Fresh::list().await;
    let id = member_with_key(&fresh.store, list, &alice(), 1).await;
    post_to_members(&fresh.store, list).await;
    fresh
        .store
        .pin(list, &alice(), &NewPin { format: Some("seipd2".into()), ..usable_pin(2) })
        .await
        .unwrap();
    let change = SubscriptionChange {
        enabled: Some(false),
        recipient_key_id: Some(Some("shown".into())),
        ..SubscriptionChange::default()
    };
    fresh.store.set_subscription(id, &change).await.unwrap();
    let row = &fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap()[0];
    let key = row.key.as_ref().unwrap();
    assert_eq!(key.facts.fingerprint, fingerprint(2));
    assert_eq!((key.facts.format.as_deref(), key.facts.key_state.as_str()), (Some("seipd2"), "usable"));
    assert_eq!(key.recipient_key.as_deref(), Some(&[2; 50][..]));
    assert_eq!(
        (row.enabled, row.recipient_key_id.as_deref(), row.subscription),
        (false, Some("shown"), Some(id))
    );
    assert_eq!((row.list, row.attempts), (list, 1));
}

#[tokio::test]
async fn a_notice_may_go_to_an_outsider() {
    let (fresh, list) = Fresh::list().await;
    let mallory = address("Mallory@example.net");
    let mut transaction = fresh.store.begin().await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    transaction.add_delivery(departure, &mallory, None, NOON).await.unwrap();
    transaction.commit().await.unwrap();
    let rows = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    assert_eq!(rows[0].recipient.to_string(), "Mallory@example.net");
    assert_eq!((rows[0].subscription, rows[0].enabled, rows[0].key.is_none()), (None, true, true));
}

#[tokio::test]
async fn a_subscription_has_one_copy_of_a_departure() {
    let (fresh, list) = Fresh::list().await;
    let id = subscribe(&fresh.store, list, &alice(), "member").await;
    let mut transaction = fresh.store.begin().await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    transaction.add_delivery(departure, &alice(), Some(id), NOON).await.unwrap();
    let twice = transaction.add_delivery(departure, &alice(), Some(id), NOON).await;
    assert!(matches!(twice, Err(StoreError::Exists { .. })), "{twice:?}");
}

#[tokio::test]
async fn a_departure_with_its_bodies_goes_when_its_last_copy_has_left() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    member_with_key(&fresh.store, list, &bob(), 2).await;
    let (departure, _) = post_to_members(&fresh.store, list).await;
    let row = fresh.store.departure(departure).await.unwrap().unwrap();
    assert_eq!(row.formats, ["seipd1", "seipd2"]);
    assert_eq!(row.sealed_header, b"sealed header");
    assert_eq!(fresh.store.departure_body(departure, "seipd2").await.unwrap().unwrap(), b"sealed body two");
    assert_eq!(fresh.store.departure_body(departure, "smime").await.unwrap(), None);

    let claimed = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    let record = async |outcomes: &[(DeliveryId, Outcome)]| {
        fresh.store.record_deliveries("w", outcomes).await.unwrap()
    };
    assert!(record(&[(claimed[0].id, Outcome::Done)]).await.is_empty());
    let kept = fresh.store.delivery(claimed[0].id).await.unwrap().unwrap();
    assert_eq!(kept.state, DeliveryState::Done);
    assert_eq!(record(&[(claimed[1].id, Outcome::Failed("550 5.1.1 no".into()))]).await, [departure]);
    assert!(fresh.store.departure(departure).await.unwrap().is_none());
    assert_eq!(fresh.store.departure_body(departure, "seipd1").await.unwrap(), None);
    assert!(fresh.store.delivery(claimed[0].id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_copy_that_is_put_off_comes_again_at_its_moment_and_is_seen_as_failing() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    post_to_members(&fresh.store, list).await;
    let claimed = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    let put_off = Outcome::RetryAt(later(300), "451 4.7.1 later".into());
    fresh.store.record_deliveries("w", &[(claimed[0].id, put_off)]).await.unwrap();
    let failing = &fresh.store.failing_deliveries(Some(list), 10).await.unwrap()[0];
    assert_eq!((failing.last_reply.as_str(), failing.next_attempt_at), ("451 4.7.1 later", later(300)));
    let counts = fresh.store.queue_counts(None).await.unwrap();
    assert_eq!((counts.outgoing, counts.failing, counts.next_retry_at), (1, 1, Some(later(300))));
    assert!(fresh.store.claim_deliveries(later(299), LEASE, "w", 10).await.unwrap().is_empty());
    let again = fresh.store.claim_deliveries(later(300), LEASE, "w", 10).await.unwrap();
    assert_eq!((again[0].id, again[0].attempts), (claimed[0].id, 2));
    let dropped = Outcome::Dropped("the key was revoked".into());
    assert_eq!(fresh.store.record_deliveries("w", &[(again[0].id, dropped)]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_late_answer_counts_only_if_the_copy_was_delivered() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    post_to_members(&fresh.store, list).await;
    let id = fresh.store.claim_deliveries(NOON, LEASE, "slow", 10).await.unwrap()[0].id;
    assert!(fresh.store.claim_deliveries(later(59), LEASE, "w2", 10).await.unwrap().is_empty());
    assert_eq!(fresh.store.claim_deliveries(later(60), LEASE, "w2", 10).await.unwrap()[0].attempts, 2);
    for late in [
        Outcome::Failed("550".into()),
        Outcome::Dropped("x".into()),
        Outcome::RetryAt(later(999), "4".into()),
    ] {
        assert!(fresh.store.record_deliveries("slow", &[(id, late)]).await.unwrap().is_empty());
        assert_eq!(fresh.store.delivery(id).await.unwrap().unwrap().state, DeliveryState::Waiting);
    }
    assert_eq!(fresh.store.record_deliveries("slow", &[(id, Outcome::Done)]).await.unwrap().len(), 1);
    assert!(fresh.store.record_deliveries("w2", &[(id, Outcome::Done)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_extended_lease_keeps_copies_from_others() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    let (departure, _) = post_to_members(&fresh.store, list).await;
    fresh.store.claim_deliveries(NOON, LEASE, "w1", 10).await.unwrap();
    assert_eq!(fresh.store.extend_deliveries(departure, "w1", later(200)).await.unwrap(), 1);
    assert_eq!(fresh.store.extend_deliveries(departure, "w2", later(900)).await.unwrap(), 0);
    assert!(fresh.store.claim_deliveries(later(199), LEASE, "w2", 10).await.unwrap().is_empty());
    assert_eq!(fresh.store.claim_deliveries(later(200), LEASE, "w2", 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn departures_take_turns_so_that_a_small_one_does_not_wait_for_a_large_one() {
    let (fresh, large) = Fresh::list().await;
    let small = fresh.store.create_list(&address("few@lists.example.org"), NOON).await.unwrap();
    for n in 0..50 {
        member_with_key(&fresh.store, large, &address(&format!("member{n}@example.org")), 1).await;
    }
    member_with_key(&fresh.store, small, &alice(), 2).await;
    post_to_members(&fresh.store, large).await;
    let first = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    assert_eq!((first.len(), first[0].list), (10, large));
    post_to_members(&fresh.store, small).await;
    let second = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    assert_eq!((second.len(), second[0].list), (1, small));
    let mut rest = BTreeSet::new();
    loop {
        let chunk = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
        if chunk.is_empty() {
            break;
        }
        rest.extend(chunk.iter().map(|row| row.id));
    }
    assert_eq!(rest.len(), 40);
    assert!(first.iter().all(|row| !rest.contains(&row.id)));
}

#[tokio::test]
async fn what_nobody_receives_is_swept_up() {
    let (fresh, list) = Fresh::list().await;
    let mut transaction = fresh.store.begin().await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    let owners = Audience { role: "owner".into(), with_usable_key: true };
    assert_eq!(transaction.add_deliveries(departure, &owners, NOON).await.unwrap(), 0);
    assert!(transaction.sweep_departure(departure).await.unwrap());
    transaction.commit().await.unwrap();
    assert!(fresh.store.departure(departure).await.unwrap().is_none());
}

#[tokio::test]
async fn an_answer_for_a_member_who_left_is_passed_over() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    member_with_key(&fresh.store, list, &carol(), 2).await;
    let (departure, _) = post_to_members(&fresh.store, list).await;
    let claimed = fresh.store.claim_deliveries(NOON, LEASE, "w", 10).await.unwrap();
    fresh.store.unsubscribe(list, &alice(), None).await.unwrap();
    let outcomes: Vec<_> = claimed.iter().map(|row| (row.id, Outcome::Done)).collect();
    assert_eq!(fresh.store.record_deliveries("w", &outcomes).await.unwrap(), [departure]);
}

#[tokio::test]
async fn a_large_list_is_worked_off_in_chunks() {
    let (fresh, list) = Fresh::list().await;
    let mut transaction = fresh.store.begin().await.unwrap();
    for n in 0..5_000 {
        let who = address(&format!("member{n}@example.org"));
        let new = NewSubscription {
            list,
            address: who.clone(),
            role: "member".into(),
            display_name: String::new(),
            created: NOON,
        };
        transaction.subscribe(&new).await.unwrap();
        transaction.pin(list, &who, &usable_pin((n % 200) as u8)).await.unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(post_to_members(&fresh.store, list).await.1, 5_000);
    let mut delivered = 0;
    loop {
        let chunk = fresh.store.claim_deliveries(NOON, LEASE, "w", 500).await.unwrap();
        if chunk.is_empty() {
            break;
        }
        assert_eq!(chunk.len(), 500);
        let outcomes: Vec<_> = chunk.iter().map(|row| (row.id, Outcome::Done)).collect();
        fresh.store.record_deliveries("w", &outcomes).await.unwrap();
        delivered += chunk.len();
    }
    assert_eq!(delivered, 5_000);
    assert!(fresh.store.queue_counts(None).await.unwrap().is_still());
}
