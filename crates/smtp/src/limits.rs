// SPDX-License-Identifier: GPL-3.0-or-later
//! What one listener allows its clients.

use std::time::Duration;

/// What one listener allows its clients. Whatever passes a limit is refused with a reply that
/// says so; nothing is cut short silently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in octets as received and unstuffed; announced by `SIZE` (RFC 1870).
    pub message_octets: usize,
    /// Accepted recipients in one transaction; RFC 5321, section 4.5.3.1.8 asks for at least 100.
    pub recipients: usize,
    /// The longest command line, in octets with its CRLF.
    pub command_octets: usize,
    /// The longest line of a message, in octets without its CRLF. RFC 5322 says 998; programs in
    /// use send longer ones.
    pub line_octets: usize,
    /// How long a client may take for one command, to read our replies, or between two pieces of
    /// a message.
    pub command_timeout: Duration,
    /// How long a client may take for the text of one message, from the 354 to the final dot.
    pub data_timeout: Duration,
    /// Connections at once; one more hears 421.
    pub connections: usize,
    /// Bad commands and refused recipients since the last accepted message, after which the
    /// connection is closed with 421.
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_octets: 25 * 1024 * 1024,
            recipients: 100,
            command_octets: 2048,
            line_octets: 64 * 1024,
            command_timeout: Duration::from_secs(5 * 60),
            data_timeout: Duration::from_secs(30 * 60),
            connections: 100,
            errors: 50,
        }
    }
}
