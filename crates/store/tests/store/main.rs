// SPDX-License-Identifier: GPL-3.0-or-later
//! The store's suite. Every test asks `support` for a fresh database and speaks only to the public
//! face, so that the suite runs unchanged on another database.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod crash;
mod database;
mod deliveries;
mod erasure;
mod held;
mod inbound;
mod lists;
mod nothing_is_lost;
mod owner_log;
mod pins;
mod queue;
mod seen;
mod subscriptions;
mod support;
