// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{InboundState, ListId, NewInbound, StoreError};

use crate::support::{Fresh, LEASE, NOON, later, receive};

#[tokio::test]
async fn messages_are_claimed_in_order_and_each_once() {
    let (fresh, list) = Fresh::list().await;
    let first = receive(&fresh.store, list, b"one").await;
    let second = receive(&fresh.store, list, b"two").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    assert_eq!((claimed.lease.inbound, claimed.sealed.as_slice(), claimed.attempts), (first, &b"one"[..], 1));
    assert_eq!(claimed.approval, None);
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w2").await.unwrap().unwrap();
    assert_eq!(claimed.lease.inbound, second);
    assert_eq!(fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_that_ends_gives_the_message_to_another_who_sees_the_attempt() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let dead = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    assert_eq!(fresh.store.claim_inbound(later(59), LEASE, "w2").await.unwrap(), None);
    let taken_over = fresh.store.claim_inbound(later(60), LEASE, "w2").await.unwrap().unwrap();
    assert_eq!(taken_over.attempts, 2);
    for lost in [
        fresh.store.finish_inbound(&dead.lease).await,
        fresh.store.extend_inbound(&dead.lease, later(500)).await,
        fresh.store.park_inbound(&dead.lease, "no").await,
        fresh.store.release_inbound(&dead.lease, NOON, "no").await,
    ] {
        assert!(matches!(lost, Err(StoreError::LeaseLost { .. })), "{lost:?}");
    }
    fresh.store.finish_inbound(&taken_over.lease).await.unwrap();
    assert!(fresh.store.queue_counts(None).await.unwrap().is_still());
}

#[tokio::test]
async fn a_lease_of_the_same_name_does_not_open_for_an_earlier_attempt() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let first = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let second = fresh.store.claim_inbound(later(60), LEASE, "w").await.unwrap().unwrap();
    let lost = fresh.store.finish_inbound(&first.lease).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost { .. })), "{lost:?}");
    fresh.store.finish_inbound(&second.lease).await.unwrap();
}

#[tokio::test]
async fn an_extended_lease_holds_longer() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    fresh.store.extend_inbound(&claimed.lease, later(120)).await.unwrap();
    assert_eq!(fresh.store.claim_inbound(later(119), LEASE, "w2").await.unwrap(), None);
    assert!(fresh.store.claim_inbound(later(120), LEASE, "w2").await.unwrap().is_some());
}

#[tokio::test]
async fn a_message_given_back_waits_for_its_moment() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    fresh.store.release_inbound(&claimed.lease, later(30), "the key is locked").await.unwrap();
    assert_eq!(fresh.store.claim_inbound(later(29), LEASE, "w1").await.unwrap(), None);
    assert_eq!(fresh.store.inbound(None, None, 10).await.unwrap()[0].why, "the key is locked");
    assert_eq!(
        fresh.store.claim_inbound(later(30), LEASE, "w1").await.unwrap().unwrap().attempts,
        1,
        "the attempt does not count"
    );
}

#[tokio::test]
async fn a_parked_message_is_seen_and_waits_for_a_person() {
    let (fresh, list) = Fresh::list().await;
    let id = receive(&fresh.store, list, b"one").await;
    receive(&fresh.store, list, b"two").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    fresh.store.park_inbound(&claimed.lease, "its part does not exist yet").await.unwrap();
    let parked = fresh.store.parked(Some(list), 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].id, parked[0].state, parked[0].octets), (id, InboundState::Parked, 3));
    assert_eq!(parked[0].why, "its part does not exist yet");
    assert!(fresh.store.parked(Some(ListId(99)), 10).await.unwrap().is_empty());
    let next = fresh.store.claim_inbound(later(9999), LEASE, "w1").await.unwrap().unwrap();
    assert_ne!(next.lease.inbound, id);
    fresh.store.unpark_inbound(id, later(9999)).await.unwrap();
    let again = fresh.store.claim_inbound(later(9999), LEASE, "w1").await.unwrap().unwrap();
    assert_eq!((again.lease.inbound, again.attempts), (id, 1));
    fresh.store.park_inbound(&again.lease, "again").await.unwrap();
    fresh.store.remove_parked(id).await.unwrap();
    let gone = fresh.store.remove_parked(id).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn mail_for_several_lists_is_kept_together_or_not_at_all() {
    let (fresh, list) = Fresh::list().await;
    let new = NewInbound {
        list,
        part: "post".into(),
        token: Some("token".into()),
        sealed: b"sealed".to_vec(),
        received_at: NOON,
    };
    let mut transaction = fresh.store.begin().await.unwrap();
    transaction.add_inbound(&new).await.unwrap();
    let refused = transaction.add_inbound(&NewInbound { list: ListId(99), ..new.clone() }).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
    drop(transaction);
    assert_eq!(fresh.store.queue_counts(None).await.unwrap().inbound, 0);
}

#[tokio::test]
async fn many_workers_never_share_a_message() {
    let (fresh, list) = Fresh::list().await;
    for n in 0..60_u8 {
        receive(&fresh.store, list, &[n]).await;
    }
    let beside = fresh.beside().await;
    let mut workers = Vec::new();
    for n in 0..6 {
        let store = if n % 2 == 0 { fresh.store.clone() } else { beside.clone() };
        workers.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            while let Some(row) = store.claim_inbound(NOON, LEASE, &format!("w{n}")).await.unwrap() {
                store.finish_inbound(&row.lease).await.unwrap();
                mine.push(row.sealed[0]);
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<u8>>());
}
