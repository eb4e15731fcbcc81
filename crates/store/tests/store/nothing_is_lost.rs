// SPDX-License-Identifier: GPL-3.0-or-later
//! Whatever happens to a message, in whatever order, workers dying included: until it is finished
//! or thrown away it stands in exactly one place.

use std::collections::BTreeMap;

use chancery_store::{Database, HeldId, InboundId, InboundRow, NewHeld, StoreError};
use proptest::prelude::*;

use crate::support::{LEASE, NOON, address, later, receive};

#[derive(Clone, Copy, Debug)]
enum Event {
    Receive,
    Claim,
    Finish(usize),
    FinishCutOff(usize),
    Park(usize),
    Hold(usize),
    HoldCutOff(usize),
    GiveBack(usize),
    Approve,
    RemoveHeld,
    Unpark,
    TimePasses(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Waiting,
    Parked,
    Held(HeldId),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Receive),
        4 => Just(Event::Claim),
        2 => (0..4_usize).prop_map(Event::Finish),
        1 => (0..4_usize).prop_map(Event::FinishCutOff),
        1 => (0..4_usize).prop_map(Event::Park),
        1 => (0..4_usize).prop_map(Event::Hold),
        1 => (0..4_usize).prop_map(Event::HoldCutOff),
        1 => (0..4_usize).prop_map(Event::GiveBack),
        1 => Just(Event::Approve),
        1 => Just(Event::RemoveHeld),
        1 => Just(Event::Unpark),
        2 => (1..90_u64).prop_map(Event::TimePasses),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_stands_in_exactly_one_place(events in prop::collection::vec(event(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(live(events));
    }
}

async fn live(events: Vec<Event>) {
    let store = Database::in_memory().await.unwrap();
    let list = store.create_list(&address("friends@lists.example.org"), NOON).await.unwrap();
    let mut places: BTreeMap<InboundId, Place> = BTreeMap::new();
    let mut claims: Vec<InboundRow> = Vec::new();
    // The claim that counts for each message: the last one, unless it was given back.
    let mut holder: BTreeMap<InboundId, i64> = BTreeMap::new();
    let mut seconds = 0;
    let held = NewHeld { from: None, findings: "moderated".into(), held_at: NOON };
    for event in events {
        let now = later(seconds);
        let claim = |n: usize| claims.get(n % claims.len().max(1)).map(|row| row.lease.clone());
        match event {
            Event::Receive => {
                let id = receive(&store, list, b"sealed").await;
                assert_eq!(places.insert(id, Place::Waiting), None, "ids are never used again");
            }
            Event::Claim => {
                if let Some(row) = store.claim_inbound(now, LEASE, "w").await.unwrap() {
                    assert_eq!(places.get(&row.lease.inbound), Some(&Place::Waiting));
                    holder.insert(row.lease.inbound, row.lease.claim);
                    claims.push(row);
                }
            }
            Event::TimePasses(more) => seconds += more,
            Event::Finish(n) => {
                let Some(lease) = claim(n) else { continue };
                let mine = holder.get(&lease.inbound) == Some(&lease.claim);
                match store.finish_inbound(&lease).await {
                    Ok(()) => {
                        assert!(mine);
                        holder.remove(&lease.inbound);
                        places.remove(&lease.inbound);
                    }
                    Err(error) => {
                        assert!(!mine && matches!(error, StoreError::LeaseLost { .. }), "{error:?}")
                    }
                }
            }
            Event::FinishCutOff(n) | Event::HoldCutOff(n) => {
                let Some(lease) = claim(n) else { continue };
                let mut transaction = store.begin().await.unwrap();
                let _ = match event {
                    Event::FinishCutOff(_) => transaction.finish_inbound(&lease).await,
                    _ => transaction.hold(&lease, &held).await.map(|_| ()),
                };
                drop(transaction);
            }
            Event::Park(n) => {
                let Some(lease) = claim(n) else { continue };
                if store.park_inbound(&lease, "why").await.is_ok() {
                    assert_eq!(holder.remove(&lease.inbound), Some(lease.claim));
                    places.insert(lease.inbound, Place::Parked);
                }
            }
            Event::GiveBack(n) => {
                let Some(lease) = claim(n) else { continue };
                if store.release_inbound(&lease, now, "why").await.is_ok() {
                    assert_eq!(holder.remove(&lease.inbound), Some(lease.claim));
                }
            }
            Event::Hold(n) => {
                let Some(lease) = claim(n) else { continue };
                if let Ok(id) = store.hold(&lease, &held).await {
                    assert_eq!(holder.remove(&lease.inbound), Some(lease.claim));
                    places.insert(lease.inbound, Place::Held(id));
                }
            }
            Event::Approve | Event::RemoveHeld | Event::Unpark => {
                let wanted = |place: &Place| match event {
                    Event::Unpark => *place == Place::Parked,
                    _ => matches!(place, Place::Held(_)),
                };
                let Some((id, place)) = places.iter().find(|(_, place)| wanted(place)) else { continue };
                let (id, place) = (*id, *place);
                match (event, place) {
                    (Event::Approve, Place::Held(held)) => {
                        assert_eq!(store.approve_held(held, "alice", now).await.unwrap(), id);
                        places.insert(id, Place::Waiting);
                    }
                    (Event::RemoveHeld, Place::Held(held)) => {
                        store.remove_held(held).await.unwrap();
                        places.remove(&id);
                    }
                    _ => {
                        store.unpark_inbound(id, now).await.unwrap();
                        places.insert(id, Place::Waiting);
                    }
                }
            }
        }
        let counts = store.queue_counts(None).await.unwrap();
        let count = |wanted: fn(&Place) -> bool| places.values().filter(|place| wanted(place)).count() as u64;
        assert_eq!(counts.inbound, count(|place| *place == Place::Waiting));
        assert_eq!(counts.parked, count(|place| *place == Place::Parked));
        assert_eq!(counts.held, count(|place| matches!(place, Place::Held(_))));
    }
}
