// SPDX-License-Identifier: GPL-3.0-or-later
//! For tests only: a sink for mail, a clock that is set by hand, and seeded mutations.
//!
//! It depends on `chancery-mail` alone among the rooms, so that what a test sees does not pass
//! through the code under test: [`MailSink`] is its own tiny SMTP server.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected is to stop there"
)]

mod clock;
mod mail_sink;
pub mod mutate;

pub use clock::SettableClock;
pub use mail_sink::{Fault, MailSink, Received, TooFew};
