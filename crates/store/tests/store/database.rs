// SPDX-License-Identifier: GPL-3.0-or-later

use std::os::unix::fs::PermissionsExt as _;

use chancery_store::{Database, StoreError};

use crate::support::{Fresh, NOON, address, receive};

#[tokio::test]
async fn only_its_owner_can_read_the_files() {
    let (fresh, list) = Fresh::list().await;
    receive(&fresh.store, list, b"sealed").await;
    let mut files = 0;
    for entry in std::fs::read_dir(fresh.directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        files += 1;
    }
    assert!(files >= 2, "the database and its log of changes");
}

#[tokio::test]
async fn an_existing_file_is_never_overwritten() {
    let fresh = Fresh::database().await;
    let refused = Database::create(fresh.path()).await;
    assert!(matches!(refused, Err(StoreError::FileExists(_))), "{refused:?}");
}

#[tokio::test]
async fn a_missing_file_is_not_made_by_opening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chancery.db");
    let refused = Database::open(&path).await;
    assert!(matches!(refused, Err(StoreError::NoFile(_))), "{refused:?}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chancery.db");
    let text = "this is not a database, ".repeat(1000);
    std::fs::write(&path, &text).unwrap();
    let refused = Database::open(&path).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_path_may_have_any_characters() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b?c=d#e%20f'ü.db");
    let store = Database::create(&path).await.unwrap();
    store.put_site_value("name", b"value").await.unwrap();
    store.close().await;
    let store = Database::open(&path).await.unwrap();
    assert_eq!(store.site_value("name").await.unwrap().unwrap(), b"value");
}

#[tokio::test]
async fn two_may_open_a_new_database_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chancery.db");
    std::fs::write(&path, b"").unwrap();
    let opened = (0..4).map(|_| tokio::spawn(Database::open(path.clone()))).collect::<Vec<_>>();
    for one in opened {
        one.await.unwrap().unwrap().lists().await.unwrap();
    }
}

#[tokio::test]
async fn a_site_value_takes_the_place_of_the_one_before() {
    let fresh = Fresh::database().await;
    assert_eq!(fresh.store.site_value("site_key").await.unwrap(), None);
    fresh.store.put_site_value("site_key", &[0, 1, 255]).await.unwrap();
    fresh.store.put_site_value("site_key", &[7]).await.unwrap();
    assert_eq!(fresh.store.site_value("site_key").await.unwrap(), Some(vec![7]));
}

#[tokio::test]
async fn a_server_sees_that_a_command_has_changed_something() {
    let fresh = Fresh::database().await;
    let command = fresh.beside().await;
    let before = fresh.store.data_version().await.unwrap();
    assert_eq!(fresh.store.data_version().await.unwrap(), before);
    command.create_list(&address("friends@lists.example.org"), NOON).await.unwrap();
    assert_ne!(fresh.store.data_version().await.unwrap(), before);
    assert_eq!(fresh.store.lists().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reader_does_not_wait_for_a_writer_and_sees_the_last_commit() {
    let (fresh, list) = Fresh::list().await;
    let mut writer = fresh.store.begin().await.unwrap();
    writer.delete_list(list).await.unwrap();
    assert!(fresh.store.list_by_id(list).await.unwrap().is_some());
    writer.commit().await.unwrap();
    assert!(fresh.store.list_by_id(list).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reading_transaction_cannot_write() {
    let (fresh, list) = Fresh::list().await;
    let mut reader = fresh.store.read().await.unwrap();
    assert!(reader.delete_list(list).await.is_err());
}

#[tokio::test]
async fn writers_in_two_processes_take_turns() {
    let fresh = Fresh::database().await;
    let command = fresh.beside().await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { fresh.store.clone() } else { command.clone() };
        tasks.push(tokio::spawn(async move {
            let mut transaction = store.begin().await?;
            let lists = transaction.lists().await?.len();
            transaction.create_list(&address(&format!("list{lists}@lists.example.org")), NOON).await?;
            transaction.commit().await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(fresh.store.lists().await.unwrap().len(), 40);
}

#[tokio::test]
async fn in_memory_it_is_the_same_store() {
    let store = Database::in_memory().await.unwrap();
    let list = store.create_list(&address("friends@lists.example.org"), NOON).await.unwrap();
    assert_eq!(store.lists().await.unwrap()[0].id, list);
    store.delete_list(list).await.unwrap();
    assert!(store.lists().await.unwrap().is_empty());
}
