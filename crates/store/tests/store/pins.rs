// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{NewPin, PinRefresh, StoreError};

use crate::support::{Fresh, NOON, address, alice, bob, fingerprint, later, usable_pin};

#[tokio::test]
async fn one_key_counts_and_those_before_it_are_history() {
    let (fresh, list) = Fresh::list().await;
    fresh.store.pin(list, &alice(), &usable_pin(1)).await.unwrap();
    fresh.store.pin(list, &alice(), &NewPin { pinned_at: later(5), ..usable_pin(2) }).await.unwrap();
    let current = fresh.store.pin_of(list, &address("Alice@example.org")).await.unwrap().unwrap();
    assert_eq!(current.facts.fingerprint, fingerprint(2));
    assert_eq!(current.recipient_key.as_deref(), Some(&[2; 50][..]));
    let history = fresh.store.pin_history(list, &alice()).await.unwrap();
    let ended: Vec<_> = history.iter().map(|pin| (pin.facts.fingerprint.clone(), pin.ended)).collect();
    assert_eq!(ended, [(fingerprint(2), None), (fingerprint(1), Some(later(5)))]);
    assert!(fresh.store.unpin(list, &alice(), later(9)).await.unwrap());
    assert!(!fresh.store.unpin(list, &alice(), later(9)).await.unwrap());
    assert!(fresh.store.pin_of(list, &alice()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_id_finds_only_keys_that_count_on_this_list() {
    let (fresh, list) = Fresh::list().await;
    let other = fresh.store.create_list(&address("others@lists.example.org"), NOON).await.unwrap();
    fresh.store.pin(list, &alice(), &usable_pin(1)).await.unwrap();
    fresh.store.pin(list, &bob(), &usable_pin(1)).await.unwrap();
    fresh.store.pin(other, &alice(), &usable_pin(1)).await.unwrap();
    assert_eq!(fresh.store.pins_by_key_id(list, &[1; 8]).await.unwrap().len(), 2);
    assert_eq!(fresh.store.pins_by_key_id(list, &[0xfe; 8]).await.unwrap().len(), 2);
    assert_eq!(fresh.store.pins_by_fingerprint(list, &fingerprint(1)).await.unwrap().len(), 2);
    assert!(fresh.store.pins_by_key_id(list, &[9; 8]).await.unwrap().is_empty());
    fresh.store.unpin(list, &bob(), later(1)).await.unwrap();
    let found = fresh.store.pins_by_key_id(list, &[1; 8]).await.unwrap();
    assert_eq!(found.iter().map(|pin| &pin.address).collect::<Vec<_>>(), [&alice()]);
}

#[tokio::test]
async fn a_key_that_was_exchanged_meanwhile_is_not_confirmed_unseen() {
    let (fresh, list) = Fresh::list().await;
    let mut new = usable_pin(1);
    new.confirmed = false;
    fresh.store.pin(list, &alice(), &new).await.unwrap();
    let wrong = fresh.store.confirm_pin(list, &alice(), &fingerprint(2)).await;
    assert!(matches!(wrong, Err(StoreError::NotFound { .. })), "{wrong:?}");
    assert!(!fresh.store.pin_of(list, &alice()).await.unwrap().unwrap().facts.confirmed);
    fresh.store.confirm_pin(list, &alice(), &fingerprint(1)).await.unwrap();
    assert!(fresh.store.pin_of(list, &alice()).await.unwrap().unwrap().facts.confirmed);
}

#[tokio::test]
async fn a_fresh_look_is_due_with_time_and_with_expiry() {
    let (fresh, list) = Fresh::list().await;
    let expiring = NewPin { key_expires: Some(later(50)), ..usable_pin(1) };
    let pin = fresh.store.pin(list, &alice(), &expiring).await.unwrap();
    let due = async |before, now| fresh.store.pins_due(before, now, 10).await.unwrap().len();
    assert_eq!(due(NOON, later(49)).await, 0);
    assert_eq!(due(NOON, later(50)).await, 1);
    assert_eq!(due(later(1), later(1)).await, 1);
    let look = PinRefresh {
        certificate: Some((vec![9; 40], vec![[9; 8]])),
        recipient_key: None,
        format: None,
        key_state: "expired".into(),
        key_expires: Some(later(50)),
        checked_at: later(50),
    };
    fresh.store.refresh_pin(pin, &look).await.unwrap();
    assert_eq!(due(later(50), later(60)).await, 0, "it was looked at after it ended");
    let kept = fresh.store.pin_of(list, &alice()).await.unwrap().unwrap();
    assert_eq!((kept.facts.key_state.as_str(), kept.certificate.len()), ("expired", 40));
    assert!(fresh.store.pins_by_key_id(list, &[1; 8]).await.unwrap().is_empty());
    assert_eq!(fresh.store.pins_by_key_id(list, &[9; 8]).await.unwrap().len(), 1);
    fresh.store.unpin(list, &alice(), later(60)).await.unwrap();
    let gone = fresh.store.refresh_pin(pin, &look).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
}
