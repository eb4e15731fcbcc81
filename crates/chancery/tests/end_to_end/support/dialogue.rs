// SPDX-License-Identifier: GPL-3.0-or-later
//! A client for LMTP and SMTP that says exactly what it is told, line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An open connection after the greeting.
pub(crate) struct Dialogue {
    reader: BufReader<TcpStream>,
    /// How many replies end a DATA: LMTP gives one for each accepted recipient.
    per_recipient: bool,
}

/// One reply, all its lines.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn is_ok(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

impl Dialogue {
    /// Connects to an LMTP server and says LHLO.
    pub(crate) fn lmtp(address: &str) -> Self {
        Self::open(address, "LHLO client.example.net", true)
    }

    /// Connects to an SMTP server and says EHLO.
    pub(crate) fn smtp(address: &str) -> Self {
        Self::open(address, "EHLO client.example.net", false)
    }

    fn open(address: &str, hello: &str, per_recipient: bool) -> Self {
        let stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("nobody listens on {address}: {error}"));
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut dialogue = Self { reader: BufReader::new(stream), per_recipient };
        let greeting = dialogue.reply();
        assert_eq!(greeting.code, 220, "{greeting:?}");
        let reply = dialogue.say(hello);
        assert_eq!(reply.code, 250, "{reply:?}");
        dialogue
    }

    /// Sends one line and reads one reply.
    pub(crate) fn say(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Sends octets as they are.
    pub(crate) fn send(&mut self, octets: &[u8]) {
        self.reader.get_mut().write_all(octets).unwrap();
    }

    /// Reads one reply.
    pub(crate) fn reply(&mut self) -> Reply {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            assert!(line.len() >= 4, "the server hung up after {text:?}");
            text.push_str(&line);
            if line.as_bytes()[3] == b' ' {
                return Reply { code: line[..3].parse().unwrap(), text };
            }
        }
    }

    /// Hands one message in; the replies are those of each recipient, its RCPT's where that was refused.
    pub(crate) fn hand_in(
        &mut self,
        reverse_path: &str,
        forward_paths: &[&str],
        message: &[u8],
    ) -> Vec<Reply> {
        let reply = self.say(&format!("MAIL FROM:<{reverse_path}>"));
        assert!(reply.is_ok(), "{reply:?}");
        let mut replies: Vec<Reply> =
            forward_paths.iter().map(|to| self.say(&format!("RCPT TO:<{to}>"))).collect();
        if !replies.iter().any(Reply::is_ok) {
            self.say("RSET");
            return replies;
        }
        let reply = self.say("DATA");
        assert_eq!(reply.code, 354, "{reply:?}");
        let stuffed = dot_stuffed(message);
        self.send(&stuffed);
        let all = if self.per_recipient { None } else { Some(self.reply()) };
        for reply in replies.iter_mut().filter(|reply| reply.is_ok()) {
            *reply = all.clone().unwrap_or_else(|| self.reply());
        }
        replies
    }
}

/// The message with every line ended by CRLF, leading dots doubled, and the final dot (RFC 5321 4.5.2).
fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len() + 64);
    for line in message.strip_suffix(b"\n").unwrap_or(message).split(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}
