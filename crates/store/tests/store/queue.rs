// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{NewHeld, QueueCounts};

use crate::support::{Fresh, LEASE, NOON, address, alice, member_with_key, post_to_members, receive};

#[tokio::test]
async fn everything_that_waits_is_counted_where_it_waits() {
    let (fresh, list) = Fresh::list().await;
    let other = fresh.store.create_list(&address("others@lists.example.org"), NOON).await.unwrap();
    assert_eq!(fresh.store.queue_counts(None).await.unwrap(), QueueCounts::default());
    for _ in 0..4 {
        receive(&fresh.store, list, b"one").await;
    }
    let first = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    fresh.store.park_inbound(&first.lease, "why").await.unwrap();
    let second = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let held = NewHeld { from: None, findings: "moderated".into(), held_at: NOON };
    fresh.store.hold(&second.lease, &held).await.unwrap();
    member_with_key(&fresh.store, list, &alice(), 1).await;
    post_to_members(&fresh.store, list).await;
    let counts = fresh.store.queue_counts(Some(list)).await.unwrap();
    let expected = QueueCounts {
        inbound: 2,
        parked: 1,
        held: 1,
        outgoing: 1,
        failing: 0,
        next_retry_at: None,
        oldest: Some(NOON),
    };
    assert_eq!(counts, expected);
    assert_eq!(fresh.store.queue_counts(None).await.unwrap(), expected);
    assert!(!counts.is_still());
    assert!(fresh.store.queue_counts(Some(other)).await.unwrap().is_still());
}
