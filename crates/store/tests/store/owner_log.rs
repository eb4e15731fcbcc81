// SPDX-License-Identifier: GPL-3.0-or-later

use chancery_mail::Instant;
use chancery_store::{InboundId, ListId, NewLogLine, StoreError};

use crate::support::{Fresh, NOON, address, later};

fn line(list: ListId, at: Instant, detail: &str) -> NewLogLine {
    NewLogLine {
        list,
        at,
        event: "post".into(),
        finding: Some("unsigned".into()),
        disposition: Some("reject".into()),
        detail: detail.into(),
        inbound: Some(InboundId(5)),
    }
}

#[tokio::test]
async fn a_log_is_read_in_pages_and_by_list() {
    let (fresh, list) = Fresh::list().await;
    let other = fresh.store.create_list(&address("others@lists.example.org"), NOON).await.unwrap();
    for n in 0..5 {
        fresh.store.owner_log(&line(list, later(n), &n.to_string())).await.unwrap();
        fresh.store.owner_log(&line(other, later(n), "elsewhere")).await.unwrap();
    }
    let first = fresh.store.read_log(list, None, 3).await.unwrap();
    let rest = fresh.store.read_log(list, Some(first[2].id), 3).await.unwrap();
    let details: Vec<_> = first.iter().chain(&rest).map(|row| row.detail.as_str()).collect();
    assert_eq!(details, ["0", "1", "2", "3", "4"]);
    assert_eq!((first[0].finding.as_deref(), first[0].inbound), (Some("unsigned"), Some(InboundId(5))));
    assert_eq!(fresh.store.forget_log(later(4)).await.unwrap(), 8);
    assert_eq!(fresh.store.read_log(list, None, 10).await.unwrap().len(), 1);
    let nowhere = fresh.store.owner_log(&line(ListId(99), NOON, "")).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn replies_are_counted_in_a_span() {
    let fresh = Fresh::database().await;
    for seconds in [0, 10, 20] {
        fresh.store.note_reply(b"hash of mallory", later(seconds)).await.unwrap();
    }
    fresh.store.note_reply(b"hash of alice", later(20)).await.unwrap();
    assert_eq!(fresh.store.replies_since(b"hash of mallory", later(10)).await.unwrap(), 2);
    assert_eq!(fresh.store.forget_replies(later(20)).await.unwrap(), 2);
    assert_eq!(fresh.store.replies_since(b"hash of mallory", NOON).await.unwrap(), 1);
}
