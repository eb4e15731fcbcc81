// SPDX-License-Identifier: GPL-3.0-or-later
//! LMTP and SMTP in, SMTP out.
//!
//! *In*: [`serve`] listens on a [`Listener`] and speaks RFC 5321 or RFC 2033 for a [`Handler`],
//! which says who is known here and takes the message. What is said when is decided by
//! [`Session`], a state machine without sockets, so that every dialogue can be tested as a table.
//!
//! *Out*: [`Transport`] hands messages to one relay over one warm connection. Whoever only wants a
//! message gone asks for [`Submit`].
//!
//! This room knows no list, no key and no database. It never says that a message was taken unless
//! the handler said so, and it never sends a message in clear where the relay was configured with
//! TLS.

mod collected;
mod command;
mod connection;
pub mod fuzz;
mod handler;
mod limits;
mod listener;
mod protocol;
mod relay;
mod reply;
mod server;
mod session;
mod stuffing;
mod submit;
mod tls;
mod transport;

pub use handler::{Handler, Peer};
pub use limits::Limits;
pub use listener::Listener;
pub use protocol::Protocol;
pub use relay::{Relay, Security, Timeouts};
pub use reply::Reply;
pub use server::serve;
pub use session::{Session, Step};
pub use submit::{Submit, SubmitError};
pub use transport::Transport;
