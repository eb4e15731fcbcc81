// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server needs to know from above: who is known here, and whether a message was taken.

use std::future::Future;
use std::net::IpAddr;

use chancery_mail::{Address, Envelope};
use zeroize::Zeroizing;

use crate::Reply;

/// Who stands behind a [`Listener`](crate::Listener). One handler serves all connections at once.
///
/// The implementer may assume: addresses are strictly parsed; `message` is called only after the
/// whole text has arrived and ended with `CRLF.CRLF`, within all limits, with at least one
/// recipient for whom `recipient` gave a positive reply, and with nobody else in the envelope.
/// The client hears a 2xx only if the handler said so.
pub trait Handler: Send + Sync + 'static {
    /// Whether mail for this recipient is taken: a 2xx reply, or why not.
    fn recipient(
        &self,
        reverse_path: Option<&Address>,
        forward_path: &Address,
    ) -> impl Future<Output = Reply> + Send;

    /// Takes a message. Answers with one reply per forward path, in their order. A positive reply
    /// means that the message will survive a crash; a missing one is sent as 451.
    ///
    /// LMTP passes each reply on. SMTP has one reply for all: the first temporary one, else the
    /// first permanent one, else the first. So that nothing is delivered twice, a handler should
    /// take a message of an SMTP client for all recipients or for none.
    ///
    /// It runs to its end even when the client has gone or the server is told to stop.
    fn message(
        &self,
        peer: &Peer,
        envelope: Envelope,
        octets: Zeroizing<Vec<u8>>,
    ) -> impl Future<Output = Vec<Reply>> + Send;
}

/// Who handed a message in, as a `Received` field tells it (RFC 5321, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address; `None` on a Unix socket.
    pub address: Option<IpAddr>,
    /// The name that it gave itself. Only letters, digits and `.-_:[]`: safe inside a header field.
    pub hello: String,
    /// The keyword for the `with` clause (RFC 3848, RFC 6531): `LMTP`, `UTF8LMTP`, `ESMTP`,
    /// `UTF8SMTP` or `SMTP`.
    pub with: &'static str,
}
