// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of fuzz targets. They take any octets, and panic when a promise of this room is broken;
//! the test-suite runs them on a stable compiler.

use chancery_mail::Envelope;

use crate::session::{Session, Step};
use crate::{Limits, Protocol, Reply};

/// What came of a dialogue: all that was said, and the messages that were handed over.
type Outcome = (Vec<u8>, Vec<(Envelope, Vec<u8>)>);

/// A session fed with arbitrary octets, whole, one by one, and in pieces that the data choose: no
/// panic, and the same outcome however the octets are cut.
///
/// The first octet chooses the protocol and the size of the pieces.
pub fn session(data: &[u8]) {
    let (first, octets) = data.split_first().unwrap_or((&0, &[]));
    let protocol = if first & 1 == 0 { Protocol::Lmtp } else { Protocol::Smtp };
    let whole = outcome(protocol, octets, usize::MAX);
    for piece in [1, usize::from(*first / 2).saturating_add(2)] {
        assert!(whole == outcome(protocol, octets, piece), "pieces of {piece} octets change the outcome");
    }
    for (envelope, text) in &whole.1 {
        assert!(!envelope.forward_paths.is_empty(), "a message for nobody");
        assert!(text.len() <= limits().message_octets, "a message over the limit");
        let broken = text.iter().zip(text.iter().skip(1)).any(|(a, b)| (*a == b'\r') != (*b == b'\n'));
        assert!(!broken && text.first() != Some(&b'\n'), "a lone CR or LF");
    }
}

/// Small, so that a short input reaches every limit.
fn limits() -> Limits {
    Limits {
        message_octets: 200,
        recipients: 3,
        command_octets: 80,
        line_octets: 60,
        errors: 5,
        ..Limits::default()
    }
}

/// Recipients whose name begins with `no` are unknown, with `later` refused for now.
fn known(local: &str) -> Reply {
    match local {
        local if local.starts_with("no") => Reply::no_such_recipient(),
        local if local.starts_with("later") => Reply::new(450, (4, 2, 1), "later"),
        _ => Reply::recipient_ok(),
    }
}

fn outcome(protocol: Protocol, octets: &[u8], piece: usize) -> Outcome {
    let mut session = Session::new(protocol, "lists.example.org", &limits(), None);
    let mut messages = Vec::new();
    let mut said = Vec::new();
    for chunk in octets.chunks(piece.min(octets.len()).max(1)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let (used, step) = session.receive(rest);
            rest = rest.get(used..).unwrap_or_default();
            match step {
                Step::Feed => assert!(used > 0, "a session that stands still"),
                Step::Recipient { forward_path, .. } => {
                    session.recipient_answered(&known(forward_path.local()));
                }
                Step::Message { envelope, octets, .. } => {
                    let replies = envelope.forward_paths.iter().map(|_| Reply::message_accepted());
                    session.message_answered(&replies.collect::<Vec<_>>());
                    messages.push((envelope, octets.to_vec()));
                }
                Step::Close => {
                    said.append(&mut session.take_output());
                    return (said, messages);
                }
            }
            said.append(&mut session.take_output());
        }
    }
    said.append(&mut session.take_output());
    (said, messages)
}
