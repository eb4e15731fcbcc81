// SPDX-License-Identifier: GPL-3.0-or-later
//! What arrives at the end of the wire: the test kit's sink, asked by recipient.

use std::time::Duration;

pub(crate) use chancery_testkit::{Fault, MailSink, Received};

use super::wait::until;

/// Questions that these tests ask a sink.
pub(crate) trait Arrivals {
    /// Waits until there are this many messages, and gives them all.
    fn arrived(&self, count: usize) -> Vec<Received>;
    /// All messages so far for one recipient.
    fn so_far_for(&self, address: &str) -> Vec<Received>;
    /// Waits for the newest message for one recipient when there are at least `count`.
    fn nth_for(&self, address: &str, count: usize) -> Received;
}

impl Arrivals for MailSink {
    fn arrived(&self, count: usize) -> Vec<Received> {
        self.wait_for_blocking(count, Duration::from_secs(60)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn so_far_for(&self, address: &str) -> Vec<Received> {
        let mut messages = self.messages();
        messages.retain(|message| recipients(message).iter().any(|each| each == address));
        messages
    }

    fn nth_for(&self, address: &str, count: usize) -> Received {
        until(&format!("message {count} for {address}"), || {
            self.so_far_for(address).into_iter().nth(count - 1)
        })
    }
}

/// The envelope's recipients as text.
pub(crate) fn recipients(message: &Received) -> Vec<String> {
    message.envelope.forward_paths.iter().map(ToString::to_string).collect()
}

/// The envelope's sender as text; empty if there is none.
pub(crate) fn reverse_path(message: &Received) -> String {
    message.envelope.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default()
}
