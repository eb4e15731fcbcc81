// SPDX-License-Identifier: GPL-3.0-or-later
//! Handing a message over, seen from those who only want it gone.

use std::future::Future;
use std::io;

use chancery_mail::Envelope;

use crate::Reply;

/// Hands messages over to the next mail server.
pub trait Submit {
    /// Sends one message, given as slices that follow one another. Its lines end with CRLF, and so
    /// does the message. Dots are stuffed on the way; no slice is copied.
    ///
    /// Answers with one reply per forward path, in their order: a recipient's own where it was
    /// refused, else the one that the message got.
    ///
    /// # Errors
    /// When no recipient got an answer of its own: see [`SubmitError`]. After
    /// [`Connect`](SubmitError::Connect), [`Timeout`](SubmitError::Timeout) or
    /// [`Protocol`](SubmitError::Protocol) the relay may have taken the message nevertheless, if
    /// the connection broke just then (RFC 1047): to send it again can make a duplicate, and not to
    /// would lose it.
    fn submit(
        &mut self,
        envelope: &Envelope,
        message: &[&[u8]],
    ) -> impl Future<Output = Result<Vec<Reply>, SubmitError>> + Send;
}

/// Why a message was handed to nobody.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The relay cannot be reached, or the connection broke.
    #[error("the relay cannot be reached or hung up")]
    Connect(#[source] io::Error),
    /// The connection could not be protected as configured. Nothing was sent.
    #[error("no verified TLS with the relay: {0}")]
    Tls(String),
    /// The relay took too long.
    #[error("the relay took too long {0}")]
    Timeout(&'static str),
    /// The relay said something that is not SMTP.
    #[error("the relay does not speak SMTP: {0}")]
    Protocol(&'static str),
    /// The relay refused the whole transaction, or cannot do what this message needs.
    #[error("the relay refused: {0}")]
    Refused(Reply),
    /// The message itself cannot be sent over SMTP: a lone CR or LF, a NUL, or no final CRLF.
    #[error("the message cannot be sent: {0}")]
    Unsendable(&'static str),
}

impl SubmitError {
    /// Whether the same may succeed later. What depends on the relay's state or configuration
    /// (and TLS does) is temporary; what is about this message is not.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Tls(_) | Self::Timeout(_) | Self::Protocol(_) => true,
            Self::Refused(reply) => !reply.is_permanent(),
            Self::Unsendable(_) => false,
        }
    }
}
