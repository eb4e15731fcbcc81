// SPDX-License-Identifier: GPL-3.0-or-later
//! The walk of a message, from the handler that takes it in to the sink that gets the copies, with
//! people who have keys, a database in a file, a clock that is set by hand and a relay of our own.
//!
//! `support` builds the house; each other module is about one stretch of the walk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "helpers of tests are tests, and a test reads what a reader would"
)]

mod support;

mod acceptance;
mod addresses;
mod author;
mod enrolling;
mod findings;
mod formats;
mod header;
mod held;
mod importing;
mod keys;
mod leaving;
mod meanwhile;
mod parked;
mod permissions;
mod protection;
mod relay;
mod replay;
mod settings;
mod tampering;
