// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_mail::SignatureDigest;
use chancery_store::{NewHeld, Seen};

use crate::support::{Fresh, LEASE, NOON, address, fingerprint, later, receive};

#[tokio::test]
async fn a_replay_is_found_and_a_retry_is_not_one() {
    let (fresh, list) = Fresh::list().await;
    let other = fresh.store.create_list(&address("others@lists.example.org"), NOON).await.unwrap();
    let mine = receive(&fresh.store, list, b"one").await;
    let replay = receive(&fresh.store, list, b"one again").await;
    let digest = SignatureDigest(vec![7; 32]);
    let mut transaction = fresh.store.begin().await.unwrap();
    let mut remember = async |list, key: u8, digest: &SignatureDigest, inbound| {
        transaction
            .remember_signature(list, &fingerprint(key), digest, inbound, Some(NOON), NOON)
            .await
            .unwrap()
    };
    assert_eq!(remember(list, 1, &digest, mine).await, Seen::New);
    assert_eq!(remember(list, 1, &digest, mine).await, Seen::Mine);
    assert_eq!(remember(list, 1, &digest, replay).await, Seen::Duplicate);
    assert_eq!(remember(list, 2, &digest, replay).await, Seen::New, "another key");
    assert_eq!(remember(list, 1, &SignatureDigest(vec![8; 32]), replay).await, Seen::New, "another digest");
    assert_eq!(remember(other, 1, &digest, replay).await, Seen::New, "another list");
    transaction.commit().await.unwrap();
    let seen = fresh.store.signature_seen(list, &fingerprint(1), &digest, replay).await.unwrap();
    assert_eq!(seen, Seen::Duplicate);
}

#[tokio::test]
async fn a_replay_is_found_after_the_message_is_gone_and_the_server_was_restarted() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let digest = SignatureDigest(vec![7; 32]);
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let mut transaction = fresh.store.begin().await.unwrap();
    let inbound = claimed.lease.inbound;
    transaction.remember_signature(list, &fingerprint(1), &digest, inbound, None, NOON).await.unwrap();
    transaction.finish_inbound(&claimed.lease).await.unwrap();
    transaction.commit().await.unwrap();
    fresh.store.close().await;
    let store = fresh.beside().await;
    let replay = receive(&store, list, b"one").await;
    assert_eq!(store.signature_seen(list, &fingerprint(1), &digest, replay).await.unwrap(), Seen::Duplicate);
}

#[tokio::test]
async fn a_held_post_that_is_approved_is_not_its_own_replay() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"one").await;
    let digest = SignatureDigest(vec![7; 32]);
    let claimed = fresh.store.claim_inbound(NOON, LEASE, "w").await.unwrap().unwrap();
    let inbound = claimed.lease.inbound;
    let mut transaction = fresh.store.begin().await.unwrap();
    transaction.remember_signature(list, &fingerprint(1), &digest, inbound, None, NOON).await.unwrap();
    let held = NewHeld { from: None, findings: "moderated".into(), held_at: NOON };
    let held = transaction.hold(&claimed.lease, &held).await.unwrap();
    transaction.commit().await.unwrap();
    fresh.store.approve_held(held, "alice@example.org", later(5)).await.unwrap();
    let back = fresh.store.claim_inbound(later(5), LEASE, "w").await.unwrap().unwrap();
    let seen = fresh.store.signature_seen(list, &fingerprint(1), &digest, back.lease.inbound).await.unwrap();
    assert_eq!(seen, Seen::Mine);
}
