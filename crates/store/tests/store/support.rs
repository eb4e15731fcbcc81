// SPDX-License-Identifier: GPL-3.0-or-later
//! Fresh databases, and alice, bob, carol and mallory on a list of friends.

use std::path::PathBuf;
use std::time::Duration;

use chancery_mail::{Address, Fingerprint, Instant};
use chancery_store::{
    Database, DepartureId, DepartureKind, InboundId, ListId, NewDeparture, NewInbound, NewPin,
    NewSubscription, SubscriptionId,
};

pub(crate) const NOON: Instant = Instant::from_unix(1_800_000_000);
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A database with its directory, which goes when this is dropped.
pub(crate) struct Fresh {
    pub(crate) store: Database,
    pub(crate) directory: tempfile::TempDir,
}

impl Fresh {
    pub(crate) async fn database() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Database::create(directory.path().join("chancery.db")).await.unwrap();
        Self { store, directory }
    }

    /// With a list.
    pub(crate) async fn list() -> (Self, ListId) {
        let fresh = Self::database().await;
        let list = fresh.store.create_list(&address("friends@lists.example.org"), NOON).await.unwrap();
        (fresh, list)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("chancery.db")
    }

    /// Opens the same database once more, as another process does.
    pub(crate) async fn beside(&self) -> Database {
        Database::open(self.path()).await.unwrap()
    }

    /// All octets of all files in its directory.
    pub(crate) fn octets_on_disk(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for entry in std::fs::read_dir(self.directory.path()).unwrap() {
            octets.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        octets
    }
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn alice() -> Address {
    address("alice@example.org")
}

pub(crate) fn bob() -> Address {
    address("bob@example.org")
}

pub(crate) fn carol() -> Address {
    address("carol@example.org")
}

pub(crate) fn later(seconds: u64) -> Instant {
    NOON.after(Duration::from_secs(seconds))
}

pub(crate) fn fingerprint(octet: u8) -> Fingerprint {
    Fingerprint::from_octets(&[octet; 20]).unwrap()
}

pub(crate) fn usable_pin(octet: u8) -> NewPin {
    NewPin {
        fingerprint: fingerprint(octet),
        certificate: vec![octet; 300],
        key_ids: vec![[octet; 8], [octet ^ 0xff; 8]],
        confirmed: true,
        recipient_key: Some(vec![octet; 50]),
        format: Some("seipd1".into()),
        key_state: "usable".into(),
        key_expires: None,
        pinned_at: NOON,
    }
}

pub(crate) async fn subscribe(store: &Database, list: ListId, who: &Address, role: &str) -> SubscriptionId {
    store
        .subscribe(&NewSubscription {
            list,
            address: who.clone(),
            role: role.into(),
            display_name: String::new(),
            created: NOON,
        })
        .await
        .unwrap()
}

pub(crate) async fn member_with_key(
    store: &Database,
    list: ListId,
    who: &Address,
    octet: u8,
) -> SubscriptionId {
    let id = subscribe(store, list, who, "member").await;
    store.pin(list, who, &usable_pin(octet)).await.unwrap();
    id
}

pub(crate) async fn receive(store: &Database, list: ListId, sealed: &[u8]) -> InboundId {
    store
        .add_inbound(&NewInbound {
            list,
            part: "post".into(),
            token: None,
            sealed: sealed.to_vec(),
            received_at: NOON,
        })
        .await
        .unwrap()
}

pub(crate) fn post(list: ListId) -> NewDeparture {
    NewDeparture {
        list,
        kind: DepartureKind::Post,
        bodies: vec![
            ("seipd1".into(), b"sealed body one".to_vec()),
            ("seipd2".into(), b"sealed body two".to_vec()),
        ],
        sealed_header: b"sealed header".to_vec(),
        created: NOON,
    }
}

/// A post that waits for each member with a usable key.
pub(crate) async fn post_to_members(store: &Database, list: ListId) -> (DepartureId, u64) {
    let mut transaction = store.begin().await.unwrap();
    let departure = transaction.add_departure(&post(list)).await.unwrap();
    let audience = chancery_store::Audience { role: "member".into(), with_usable_key: true };
    let copies = transaction.add_deliveries(departure, &audience, NOON).await.unwrap();
    transaction.commit().await.unwrap();
    (departure, copies)
}
