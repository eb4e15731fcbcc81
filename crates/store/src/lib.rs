// SPDX-License-Identifier: GPL-3.0-or-later
//! Everything durable: the only room with SQL.
//!
//! [`Database`] is opened once; [`Database::begin`] gives a [`Transaction`], and every operation is
//! a method of it, in one file per family of tables. What is one act in itself stands on
//! `Database` too. Work is claimed under a lease: the claim is committed, with one attempt more,
//! before the work begins, and whoever ends it does so in the transaction of its results. So a
//! crash may repeat a step, never lose one.
//!
//! This room remembers, and gives sealed things back sealed. It knows no key, no protocol and no
//! rule: roles, settings, findings and formats are words to it.
//!
//! To add a family: a migration that only appends, a file here with its row types and methods, and
//! a file of the same name in `tests/`.

mod column;
mod database;
mod deliveries;
mod departures;
mod dialect;
mod error;
mod formats;
mod held;
mod id;
mod inbound;
mod list_keys;
mod lists;
mod migrate;
mod owner_log;
mod pins;
mod queue;
mod replies;
mod seen;
mod site;
mod startup;
mod subscriptions;
mod transaction;

pub use database::Database;
pub use deliveries::{Audience, DeliveryKey, DeliveryRow, DeliveryState, DeliverySummary, Outcome};
pub use departures::{DepartureKind, DepartureRow, NewDeparture};
pub use error::StoreError;
pub use held::{HeldRow, NewHeld};
pub use id::{DeliveryId, DepartureId, HeldId, InboundId, ListId, ListKeyId, LogId, PinId, SubscriptionId};
pub use inbound::{Approval, InboundLease, InboundRow, InboundState, InboundSummary, NewInbound};
pub use list_keys::{KeyPurpose, ListKeyRow, ListKeyState, NewListKey};
pub use lists::ListRow;
pub use owner_log::{LogRow, NewLogLine};
pub use pins::{NewPin, PinFacts, PinRefresh, PinRow};
pub use queue::QueueCounts;
pub use seen::Seen;
pub use subscriptions::{KeyCount, MemberRow, NewSubscription, SubscriptionChange, SubscriptionRow};
pub use transaction::Transaction;
