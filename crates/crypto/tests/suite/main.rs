// SPDX-License-Identifier: GPL-3.0-or-later
//! The room's face, with people and with programs that are not ours.
//!
//! GnuPG must be there: its tests fail without it. Those with `sq` need it too.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the helpers of tests, which are not tests themselves, may take the short way too"
)]

mod support;

mod fuzzing;
mod gpg;
mod keys;
mod malformed;
mod round_trip;
mod sq;
mod verdicts;
