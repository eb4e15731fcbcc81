// SPDX-License-Identifier: GPL-3.0-or-later
//! For tests only: a sink for mail and a clock that is set by hand.
//!
//! It depends on `chancery-mail` alone among the rooms, so that what a test sees does not pass
//! through the code under test: [`MailSink`] is its own tiny SMTP server.

mod clock;
mod mail_sink;

pub use clock::SettableClock;
pub use mail_sink::{Fault, MailSink, Received, TooFew};
