// SPDX-License-Identifier: GPL-3.0-or-later
//! Where outgoing mail is handed over, and how.

use std::path::PathBuf;
use std::time::Duration;

/// The next mail server, to which everything is handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// A domain name or an IP address; with TLS, the name that its certificate must bear.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// With TLS: trust the certificates of this PEM file, and only these, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The name that we give ourselves in `EHLO`.
    pub hello: String,
}

/// How a connection to the relay is protected. Never negotiated down: a relay that does not do
/// what is configured here gets no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all: for a relay on the same machine.
    None,
    /// RFC 3207, required and verified.
    StartTls,
    /// TLS from the first octet (RFC 8314, section 3.3), verified.
    Smtps,
}

/// How long the client waits for the relay (RFC 5321, section 4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection to be made, and for a TLS handshake.
    pub connect: Duration,
    /// For the greeting and for the reply to each command.
    pub command: Duration,
    /// For the relay to take the next piece of a message.
    pub data_block: Duration,
    /// For the reply to the final dot.
    pub completion: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(5 * 60),
            data_block: Duration::from_secs(3 * 60),
            completion: Duration::from_secs(10 * 60),
        }
    }
}
