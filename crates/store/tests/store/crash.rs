// SPDX-License-Identifier: GPL-3.0-or-later
//! A step that is cut off leaves what there was before it, and a claim that was committed.

use chancery_mail::SignatureDigest;
use chancery_store::{Audience, NewHeld, NewLogLine, Seen};

use crate::support::{Fresh, LEASE, NOON, alice, fingerprint, later, member_with_key, post, receive};

#[tokio::test]
async fn a_dropped_transaction_leaves_no_trace_of_any_family() {
    let (fresh, list) = Fresh::list().await;
    member_with_key(&fresh.store, list, &alice(), 1).await;
    receive(&fresh.store, list, b"one").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let digest = SignatureDigest(vec![7; 32]);

    let mut transaction = fresh.store.begin().await.unwrap();
    let inbound = claimed.lease.inbound;
    transaction.remember_signature(list, &fingerprint(1), &digest, inbound, None, NOON).await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    let members = Audience { role: "member".into(), with_usable_key: true };
    assert_eq!(transaction.add_deliveries(departure, &members, NOON).await.unwrap(), 1);
    transaction
        .owner_log(&NewLogLine {
            list,
            at: NOON,
            event: "post".into(),
            finding: None,
            disposition: None,
            detail: String::new(),
            inbound: None,
        })
        .await
        .unwrap();
    transaction.finish_inbound(&claimed.lease).await.unwrap();
    drop(transaction);

    let counts = fresh.store.queue_counts(None).await.unwrap();
    assert_eq!((counts.inbound, counts.outgoing), (1, 0));
    assert!(fresh.store.departure(departure).await.unwrap().is_none());
    assert!(fresh.store.read_log(list, None, 10).await.unwrap().is_empty());
    let seen = fresh.store.signature_seen(list, &fingerprint(1), &digest, inbound).await.unwrap();
    assert_eq!(seen, Seen::New);
    let again = fresh.store.claim_inbound(later(60), LEASE, "w").await.unwrap().unwrap();
    assert_eq!(again.attempts, 2, "the claim itself was kept");
}

#[tokio::test]
async fn a_hold_that_is_cut_off_keeps_the_message_where_it_was() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let mut transaction = fresh.store.begin().await.unwrap();
    let held = NewHeld { from: None, findings: String::new(), held_at: NOON };
    transaction.hold(&claimed.lease, &held).await.unwrap();
    transaction.rollback().await.unwrap();
    let counts = fresh.store.queue_counts(None).await.unwrap();
    assert_eq!((counts.inbound, counts.held), (1, 0));
}

/// What lies on the disk right after a commit, without the process ever closing anything, is all
/// that a new process needs.
#[tokio::test]
async fn after_a_commit_a_killed_process_has_lost_nothing() {
    let (fresh, list) = Fresh::list().await;
    let id = receive(&fresh.store, list, b"promised with a 250").await;
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(fresh.directory.path()).unwrap() {
        let entry = entry.unwrap();
        // The index of the log is shared memory: it does not survive a power loss.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let store = chancery_store::Database::open(copy.path().join("chancery.db")).await.unwrap();
    let claimed = store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    assert_eq!((claimed.lease.inbound, claimed.sealed.as_slice()), (id, &b"promised with a 250"[..]));
}

#[tokio::test]
async fn a_future_that_is_dropped_in_the_middle_frees_the_writer() {
    let (fresh, list) = Fresh::list().await;
    for _ in 0..20 {
        let store = fresh.store.clone();
        let cut_off = async move {
            let mut transaction = store.begin().await.unwrap();
            loop {
                transaction.add_departure(&post(list)).await.unwrap();
            }
        };
        let timed = tokio::time::timeout(std::time::Duration::from_millis(7), cut_off).await;
        assert!(timed.is_err());
    }
    assert_eq!(fresh.store.queue_counts(None).await.unwrap().outgoing, 0);
    receive(&fresh.store, list, b"one").await;
}
