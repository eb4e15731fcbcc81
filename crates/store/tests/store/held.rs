// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{Approval, NewHeld, StoreError};

use crate::support::{Fresh, LEASE, NOON, later, receive};

fn expired() -> NewHeld {
    NewHeld { from: Some("bob@example.org".into()), findings: "expired_signature".into(), held_at: later(1) }
}

#[tokio::test]
async fn a_held_post_moves_there_and_back_as_it_is() {
    let (fresh, list) = Fresh::list().await;
    let id = receive(&fresh.store, list, b"sealed octets").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let held = fresh.store.hold(&claimed.lease, &expired()).await.unwrap();
    let counts = fresh.store.queue_counts(Some(list)).await.unwrap();
    assert_eq!((counts.inbound, counts.held), (0, 1));
    let listed = &fresh.store.held(Some(list), 10).await.unwrap()[0];
    assert_eq!((listed.id, listed.octets, listed.sealed.len()), (held, 13, 0));
    let row = fresh.store.held_by_id(held).await.unwrap().unwrap();
    assert_eq!(row.sealed, b"sealed octets");
    assert_eq!((row.from.as_deref(), row.findings.as_str()), (Some("bob@example.org"), "expired_signature"));
    assert_eq!(fresh.store.approve_held(held, "alice@example.org", later(9)).await.unwrap(), id);
    let back = fresh.store.claim_inbound(later(9), LEASE, "w").await.unwrap().unwrap();
    assert_eq!(
        (back.lease.inbound, back.sealed.as_slice(), back.received_at),
        (id, &b"sealed octets"[..], NOON)
    );
    assert_eq!(back.approval, Some(Approval { by: "alice@example.org".into(), at: later(9) }));
    assert!(fresh.store.held(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_one_owner_decides() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let held = fresh.store.hold(&claimed.lease, &expired()).await.unwrap();
    fresh.store.remove_held(held).await.unwrap();
    for late in [
        fresh.store.remove_held(held).await,
        fresh.store.approve_held(held, "alice@example.org", NOON).await.map(|_| ()),
    ] {
        assert!(matches!(late, Err(StoreError::NotFound { .. })), "{late:?}");
    }
    assert!(fresh.store.held_by_id(held).await.unwrap().is_none());
}

#[tokio::test]
async fn who_lost_the_lease_holds_nothing() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let dead = fresh.store.claim_inbound(NOON, LEASE, "w1").await.unwrap().unwrap();
    fresh.store.claim_inbound(later(60), LEASE, "w2").await.unwrap().unwrap();
    let lost = fresh.store.hold(&dead.lease, &expired()).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost { .. })), "{lost:?}");
    assert!(fresh.store.held(None, 10).await.unwrap().is_empty());
}
