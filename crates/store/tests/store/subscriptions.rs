// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{KeyCount, ListId, NewSubscription, StoreError, SubscriptionChange};

use crate::support::{
    Fresh, NOON, address, alice, bob, carol, later, member_with_key, post_to_members, subscribe, usable_pin,
};

#[tokio::test]
async fn one_address_may_have_several_roles_but_each_once() {
    let (fresh, list) = Fresh::list().await;
    subscribe(&fresh.store, list, &alice(), "member").await;
    subscribe(&fresh.store, list, &alice(), "owner").await;
    let again = NewSubscription {
        list,
        address: address("ALICE@example.org"),
        role: "owner".into(),
        display_name: String::new(),
        created: NOON,
    };
    let refused = fresh.store.subscribe(&again).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    let roles: Vec<_> =
        fresh.store.subscription(list, &alice()).await.unwrap().into_iter().map(|row| row.role).collect();
    assert_eq!(roles, ["member", "owner"]);
    let nowhere = fresh.store.subscribe(&NewSubscription { list: ListId(99), ..again }).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn members_come_in_pages_with_their_keys() {
    let (fresh, list) = Fresh::list().await;
    for n in 0..10 {
        subscribe(&fresh.store, list, &address(&format!("member{n}@example.org")), "member").await;
    }
    subscribe(&fresh.store, list, &alice(), "owner").await;
    fresh.store.pin(list, &address("member3@example.org"), &usable_pin(3)).await.unwrap();
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let page = fresh.store.subscriptions(list, Some("member"), after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.subscription.id);
        assert!(page.len() <= 4);
        names.extend(page.iter().map(|row| (row.subscription.address.local().to_owned(), row.key.is_some())));
    }
    assert_eq!(names, (0..10).map(|n| (format!("member{n}"), n == 3)).collect::<Vec<_>>());
    assert_eq!(fresh.store.subscriptions(list, None, None, 100).await.unwrap().len(), 11);
    assert_eq!(fresh.store.count_subscriptions(list, Some("member")).await.unwrap(), 10);
    assert_eq!(fresh.store.count_subscriptions(list, None).await.unwrap(), 11);
}

#[tokio::test]
async fn a_change_touches_only_what_it_names() {
    let (fresh, list) = Fresh::list().await;
    let id = subscribe(&fresh.store, list, &alice(), "member").await;
    let change = SubscriptionChange {
        moderation: Some(Some("hold".into())),
        recipient_key_id: Some(Some("shown".into())),
        ..SubscriptionChange::default()
    };
    fresh.store.set_subscription(id, &change).await.unwrap();
    let change = SubscriptionChange {
        enabled: Some(false),
        recipient_key_id: Some(None),
        ..SubscriptionChange::default()
    };
    fresh.store.set_subscription(id, &change).await.unwrap();
    let row = &fresh.store.subscription(list, &alice()).await.unwrap()[0];
    assert!(!row.enabled);
    assert_eq!((row.moderation.as_deref(), row.recipient_key_id.as_deref()), (Some("hold"), None));
}

#[tokio::test]
async fn who_leaves_takes_waiting_copies_and_with_the_last_role_the_key() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    subscribe(&fresh.store, list, &alice(), "owner").await;
    let (departure, copies) = post_to_members(&fresh.store, list).await;
    assert_eq!(copies, 1);
    assert_eq!(fresh.store.unsubscribe(list, &alice(), Some("member")).await.unwrap(), 1);
    assert_eq!(fresh.store.queue_counts(None).await.unwrap().outgoing, 0);
    assert!(fresh.store.departure(departure).await.unwrap().is_none(), "nothing waits for it any more");
    assert!(fresh.store.pin_of(list, &alice()).await.unwrap().is_some(), "she is still an owner");
    assert_eq!(fresh.store.unsubscribe(list, &alice(), None).await.unwrap(), 1);
    assert!(fresh.store.pin_history(list, &alice()).await.unwrap().is_empty());
    assert_eq!(fresh.store.unsubscribe(list, &alice(), None).await.unwrap(), 0);
}

#[tokio::test]
async fn keys_are_counted_as_they_stand_now() {
    let (fresh, list) = Fresh::list().await;
    subscribe(&fresh.store, list, &alice(), "member").await;
    member_with_key(&fresh.store, list, &bob(), 2).await;
    subscribe(&fresh.store, list, &carol(), "member").await;
    let expiring = chancery_store::NewPin { key_expires: Some(later(100)), ..usable_pin(3) };
    fresh.store.pin(list, &carol(), &expiring).await.unwrap();
    let count = |key_state: &str, confirmed, subscriptions| KeyCount {
        key_state: key_state.into(),
        confirmed,
        enabled: true,
        subscriptions,
    };
    assert_eq!(
        fresh.store.count_keys(list, "member", NOON).await.unwrap(),
        [count("missing", false, 1), count("usable", true, 2)]
    );
    assert_eq!(
        fresh.store.count_keys(list, "member", later(100)).await.unwrap(),
        [count("expired", true, 1), count("missing", false, 1), count("usable", true, 1)]
    );
}
