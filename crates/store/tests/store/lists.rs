// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_store::{KeyPurpose, ListId, ListKeyId, ListKeyState, NewListKey, StoreError};

use crate::support::{Fresh, NOON, address, fingerprint, later};

#[tokio::test]
async fn a_list_is_found_whatever_the_case_of_its_address() {
    let fresh = Fresh::database().await;
    let id = fresh.store.create_list(&address("Friends@Lists.Example.org"), NOON).await.unwrap();
    let found = fresh.store.list_by_address(&address("fRIENDS@lists.example.org")).await.unwrap().unwrap();
    assert_eq!((found.id, found.created), (id, NOON));
    assert_eq!(found.address.to_string(), "Friends@lists.example.org");
    assert!(fresh.store.list_by_address(&address("others@lists.example.org")).await.unwrap().is_none());
}

#[tokio::test]
async fn an_address_has_one_list() {
    let (fresh, _) = Fresh::list().await;
    let again = fresh.store.create_list(&address("FRIENDS@lists.example.org"), NOON).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
}

#[tokio::test]
async fn the_id_of_a_deleted_list_is_never_used_again() {
    let (fresh, list) = Fresh::list().await;
    fresh.store.delete_list(list).await.unwrap();
    let next = fresh.store.create_list(&address("friends@lists.example.org"), NOON).await.unwrap();
    assert!(next > list);
    assert!(matches!(fresh.store.delete_list(list).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_setting_is_kept_until_it_goes_back_to_its_default() {
    let (fresh, list) = Fresh::list().await;
    let set = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    fresh
        .store
        .set_settings(
            list,
            &[set("footer", Some("Bye")), set("description", Some("a")), set("emergency", None)],
        )
        .await
        .unwrap();
    fresh.store.set_settings(list, &[set("description", Some("b")), set("footer", None)]).await.unwrap();
    let kept = vec![("description".to_owned(), "b".to_owned())];
    assert_eq!(fresh.store.list_by_id(list).await.unwrap().unwrap().settings, kept);
    assert_eq!(fresh.store.lists().await.unwrap()[0].settings, kept);
    let nowhere = fresh.store.set_settings(ListId(999), &[set("footer", Some("x"))]).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");
}

fn key(list: ListId, purpose: KeyPurpose, octet: u8, seconds: u64) -> NewListKey {
    NewListKey {
        list,
        purpose,
        fingerprint: fingerprint(octet),
        public: vec![octet; 10],
        sealed_secret: vec![octet; 20],
        sealed_revocation: None,
        created: later(seconds),
        opens_until: None,
    }
}

#[tokio::test]
async fn keys_come_newest_first_and_by_purpose() {
    let (fresh, list) = Fresh::list().await;
    let old = fresh.store.add_list_key(&key(list, KeyPurpose::Posting, 1, 0)).await.unwrap();
    let new = fresh.store.add_list_key(&key(list, KeyPurpose::Posting, 2, 10)).await.unwrap();
    let storage = fresh.store.add_list_key(&key(list, KeyPurpose::Storage, 3, 5)).await.unwrap();
    let ids = |keys: Vec<chancery_store::ListKeyRow>| keys.iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(ids(fresh.store.list_keys(list, KeyPurpose::Posting).await.unwrap()), [new, old]);
    assert_eq!(ids(fresh.store.list_keys(list, KeyPurpose::Storage).await.unwrap()), [storage]);
    let twice = fresh.store.add_list_key(&key(list, KeyPurpose::Posting, 2, 20)).await;
    assert!(matches!(twice, Err(StoreError::Exists { .. })), "{twice:?}");
}

#[tokio::test]
async fn a_key_retires_is_revoked_and_is_destroyed() {
    let (fresh, list) = Fresh::list().await;
    let id = fresh.store.add_list_key(&key(list, KeyPurpose::Posting, 1, 0)).await.unwrap();
    let state = async || fresh.store.list_keys(list, KeyPurpose::Posting).await.unwrap()[0].state;
    assert_eq!(state().await, ListKeyState::Active);
    let retiring = ListKeyState::Retiring { until: later(90) };
    fresh.store.set_key_state(id, retiring).await.unwrap();
    assert_eq!(state().await, retiring);
    fresh.store.set_key_state(id, ListKeyState::Revoked).await.unwrap();
    fresh.store.replace_key_material(id, b"public", b"sealed").await.unwrap();
    let kept = &fresh.store.list_keys(list, KeyPurpose::Posting).await.unwrap()[0];
    assert_eq!(
        (kept.state, kept.public.as_slice(), kept.sealed_secret.as_slice()),
        (ListKeyState::Revoked, &b"public"[..], &b"sealed"[..])
    );
    fresh.store.destroy_key(id).await.unwrap();
    assert!(fresh.store.list_keys(list, KeyPurpose::Posting).await.unwrap().is_empty());
    let gone = fresh.store.set_key_state(ListKeyId(id.0), ListKeyState::Active).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn rows_do_not_show_addresses_or_keys_when_printed() {
    let (fresh, list) = Fresh::list().await;
    fresh.store.add_list_key(&key(list, KeyPurpose::Storage, 77, 0)).await.unwrap();
    let list_row = fresh.store.list_by_id(list).await.unwrap();
    let keys = fresh.store.list_keys(list, KeyPurpose::Storage).await.unwrap();
    let shown = format!("{list_row:?} {keys:?}");
    assert!(!shown.contains("example.org") && !shown.contains("77, 77"), "{shown}");
}
