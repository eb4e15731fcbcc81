// SPDX-License-Identifier: GPL-3.0-or-later
//! session
use crate::{Limits, Protocol, Reply};
use chancery_mail::{Address, Envelope};
use zeroize::Zeroizing;

/// One dialogue with one client, without its socket.
#[derive(Debug)]
pub struct Session {}

/// What the caller of a [`Session`] does next.
#[derive(Debug)]
pub enum Step {
    /// Feed more.
    Feed,
    /// Ask the handler about this recipient, then call [`Session::recipient_answered`].
    Recipient(Address),
    /// Give the message to the handler, then call [`Session::message_answered`].
    Message(Envelope, Zeroizing<Vec<u8>>),
    /// Close.
    Close,
}
impl Session {
    /// new
    pub fn new(_protocol: Protocol, _hostname: &str, _limits: &Limits) -> Self {
        Self {}
    }
    /// x
    pub fn recipient_answered(&mut self, _reply: Reply) {}
    /// x
    pub fn message_answered(&mut self, _replies: Vec<Reply>) {}
}
