// SPDX-License-Identifier: GPL-3.0-or-later
//! One connection to the relay, from its greeting on: sends commands, reads replies.
//!
//! It knows what the relay offers, but not what a transaction is.

use std::io::{self, IoSlice};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stuffing::{Letter, Pieces};
use crate::tls::Verification;
use crate::{Relay, Reply, Security, SubmitError, Timeouts};

/// What is read at once.
const READ_OCTETS: usize = 4096;
/// A whole reply of a relay, in octets; RFC 5321 knows lines of 512.
const REPLY_OCTETS: usize = 64 * 1024;
/// Slices given to the kernel at once.
const SLICES: usize = 64;

/// A byte stream, protected or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Wire for T {}

/// A connection on which the relay has answered our `EHLO`.
pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    unread: Vec<u8>,
    timeouts: Timeouts,
    pub(crate) offers: Offers,
    /// The relay still has a transaction open that came to nothing.
    pub(crate) needs_reset: bool,
}

/// What the relay said after `EHLO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    pub(crate) pipelining: bool,
    pub(crate) eight_bit: bool,
    pub(crate) smtputf8: bool,
    pub(crate) starttls: bool,
    /// Whether `SIZE` is known; with a limit, if one is told.
    pub(crate) size: Option<Option<u64>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("offers", &self.offers).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, protects the connection as configured, and introduces us.
    pub(crate) async fn open(
        relay: &Relay,
        verification: Option<&Verification>,
        timeouts: Timeouts,
    ) -> Result<Self, SubmitError> {
        let stream = timeout(timeouts.connect, TcpStream::connect((relay.host.as_str(), relay.port)))
            .await
            .map_err(|_| SubmitError::Timeout("to be connected to"))?
            .map_err(SubmitError::Connect)?;
        // Without it, Nagle's algorithm and delayed acknowledgements cost 40 ms for each message.
        stream.set_nodelay(true).map_err(SubmitError::Connect)?;
        match (relay.security, verification) {
            (Security::None, _) => Self::new(Box::new(stream), timeouts).introduced(relay).await,
            (Security::Smtps, Some(verification)) => {
                let secured = secure(verification, stream, timeouts.connect).await?;
                Self::new(secured, timeouts).introduced(relay).await
            }
            (Security::StartTls, Some(verification)) => {
                let stream = start_tls(stream, relay, timeouts).await?;
                let secured = secure(verification, stream, timeouts.connect).await?;
                // All that was said before is forgotten (RFC 3207, section 4.2), and the relay does
                // not greet again.
                let mut connection = Self::new(secured, timeouts);
                connection.hello(relay).await?;
                Ok(connection)
            }
            (_, None) => Err(SubmitError::Tls("TLS is configured but was not set up".to_owned())),
        }
    }

    fn new(wire: Box<dyn Wire>, timeouts: Timeouts) -> Self {
        Self { wire, unread: Vec::new(), timeouts, offers: Offers::default(), needs_reset: false }
    }

    async fn introduced(mut self, relay: &Relay) -> Result<Self, SubmitError> {
        self.greeting().await?;
        self.hello(relay).await?;
        Ok(self)
    }

    async fn greeting(&mut self) -> Result<(), SubmitError> {
        match self.reply().await? {
            reply if reply.code == 220 => Ok(()),
            reply if reply.is_temporary() || reply.is_permanent() => Err(unwelcome(reply)),
            _ => Err(SubmitError::Protocol("its greeting is not 220")),
        }
    }

    async fn hello(&mut self, relay: &Relay) -> Result<(), SubmitError> {
        self.write(format!("EHLO {}\r\n", relay.hello).as_bytes()).await?;
        let reply = self.reply().await?;
        if reply.code == 250 {
            self.offers = Offers::read(&reply.text);
            return Ok(());
        }
        if reply.is_temporary() || reply.code == 421 {
            return Err(unwelcome(reply));
        }
        self.write(format!("HELO {}\r\n", relay.hello).as_bytes()).await?;
        match self.reply().await? {
            reply if reply.code == 250 => Ok(()),
            reply if reply.is_temporary() || reply.is_permanent() => Err(unwelcome(reply)),
            _ => Err(SubmitError::Protocol("its answer to HELO is not 250")),
        }
    }

    /// Sends commands.
    pub(crate) async fn write(&mut self, octets: &[u8]) -> Result<(), SubmitError> {
        let written = timeout(self.timeouts.command, async {
            self.wire.write_all(octets).await?;
            self.wire.flush().await
        });
        written.await.map_err(|_| SubmitError::Timeout("to take a command"))?.map_err(SubmitError::Connect)
    }

    /// Sends a message and the final dot.
    pub(crate) async fn write_letter(&mut self, letter: &Letter<'_>) -> Result<(), SubmitError> {
        let mut pieces = letter.pieces();
        loop {
            let mut batch = [IoSlice::new(&[]); SLICES];
            let filled = fill(&mut batch, &mut pieces);
            let mut batch = batch.get_mut(..filled).unwrap_or_default();
            if batch.is_empty() {
                break;
            }
            while !batch.is_empty() {
                let written = timeout(self.timeouts.data_block, self.wire.write_vectored(batch)).await;
                let written = written.map_err(|_| SubmitError::Timeout("to take a message"))?;
                match written.map_err(SubmitError::Connect)? {
                    0 => return Err(SubmitError::Connect(io::ErrorKind::WriteZero.into())),
                    written => IoSlice::advance_slices(&mut batch, written),
                }
            }
        }
        let flushed = timeout(self.timeouts.data_block, self.wire.flush()).await;
        flushed.map_err(|_| SubmitError::Timeout("to take a message"))?.map_err(SubmitError::Connect)
    }

    /// The reply to a command.
    pub(crate) async fn reply(&mut self) -> Result<Reply, SubmitError> {
        self.reply_within(self.timeouts.command, "to answer a command").await
    }

    /// The reply to the final dot.
    pub(crate) async fn final_reply(&mut self) -> Result<Reply, SubmitError> {
        self.reply_within(self.timeouts.completion, "to answer the end of a message").await
    }

    /// The next reply, if it comes in time.
    pub(crate) async fn reply_within(
        &mut self,
        span: Duration,
        what: &'static str,
    ) -> Result<Reply, SubmitError> {
        let reply = read_reply(&mut self.wire, &mut self.unread);
        timeout(span, reply).await.map_err(|_| SubmitError::Timeout(what))?
    }

    /// Closes in both directions.
    pub(crate) async fn close(mut self) {
        // It is of no use any more, whatever the relay thinks of it.
        let _ = timeout(Duration::from_secs(1), self.wire.shutdown()).await;
    }
}

/// Puts the next pieces into a batch; how many there were.
fn fill<'a>(batch: &mut [IoSlice<'a>], pieces: &mut Pieces<'a>) -> usize {
    let mut filled = 0_usize;
    for slot in batch {
        let Some(piece) = pieces.next() else { break };
        *slot = IoSlice::new(piece);
        filled = filled.saturating_add(1);
    }
    filled
}

/// The relay refuses to talk to us at all. Even with a 5xx that is about the relay and not about
/// any message: none may be given up for it.
fn unwelcome(reply: Reply) -> SubmitError {
    let code = if reply.is_permanent() { 421 } else { reply.code };
    SubmitError::Refused(Reply { code, enhanced: (4, 3, 2), text: format!("the relay said: {reply}") })
}

async fn secure(
    verification: &Verification,
    stream: TcpStream,
    span: Duration,
) -> Result<Box<dyn Wire>, SubmitError> {
    let handshake = timeout(span, verification.secure(stream)).await;
    Ok(Box::new(handshake.map_err(|_| SubmitError::Timeout("to set up TLS"))??))
}

/// Asks for TLS; nothing else is said in clear but our name.
async fn start_tls(stream: TcpStream, relay: &Relay, timeouts: Timeouts) -> Result<TcpStream, SubmitError> {
    let mut dialogue = ClearDialogue { stream, unread: Vec::new(), timeouts };
    match dialogue.reply().await? {
        reply if reply.code == 220 => {}
        reply if reply.is_temporary() || reply.is_permanent() => return Err(unwelcome(reply)),
        _ => return Err(SubmitError::Protocol("its greeting is not 220")),
    }
    let hello = dialogue.say(&format!("EHLO {}\r\n", relay.hello)).await?;
    // Mallory on the path can take the word out of the answer: then there is no mail, rather than
    // mail in clear.
    if hello.code != 250 || !Offers::read(&hello.text).starttls {
        return Err(SubmitError::Tls("the relay does not offer STARTTLS".to_owned()));
    }
    let go = dialogue.say("STARTTLS\r\n").await?;
    if go.code != 220 {
        return Err(SubmitError::Tls(format!("the relay refused STARTTLS: {go}")));
    }
    // What came along with the 220 was not protected, but would be read as if it were
    // (CVE-2021-38371 and its kin).
    if !dialogue.unread.is_empty() {
        return Err(SubmitError::Tls("something was put in before TLS".to_owned()));
    }
    Ok(dialogue.stream)
}

/// What is said before TLS.
struct ClearDialogue {
    stream: TcpStream,
    unread: Vec<u8>,
    timeouts: Timeouts,
}

impl ClearDialogue {
    async fn say(&mut self, command: &str) -> Result<Reply, SubmitError> {
        let written = timeout(self.timeouts.command, self.stream.write_all(command.as_bytes())).await;
        written.map_err(|_| SubmitError::Timeout("to take a command"))?.map_err(SubmitError::Connect)?;
        self.reply().await
    }

    async fn reply(&mut self) -> Result<Reply, SubmitError> {
        let reply = read_reply(&mut self.stream, &mut self.unread);
        let reply = timeout(self.timeouts.command, reply).await;
        reply.map_err(|_| SubmitError::Timeout("to answer a command"))?
    }
}

impl Offers {
    /// Reads the lines after the first (RFC 5321, section 4.1.1.1).
    fn read(text: &str) -> Self {
        let mut offers = Self::default();
        for line in text.lines().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => offers.pipelining = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "STARTTLS" => offers.starttls = true,
                "SIZE" => {
                    let limit = words.next().and_then(|limit| limit.parse().ok());
                    // Zero means that there is no fixed limit (RFC 1870, section 4).
                    offers.size = Some(limit.filter(|limit| *limit != 0));
                }
                _ => {}
            }
        }
        offers
    }
}

/// Reads one reply (RFC 5321, section 4.2), of one line or more.
async fn read_reply<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut Vec<u8>,
) -> Result<Reply, SubmitError> {
    let mut reply: Option<Reply> = None;
    let mut octets = 0_usize;
    loop {
        let line = read_line(stream, unread).await?;
        octets = octets.saturating_add(line.len());
        if octets > REPLY_OCTETS {
            return Err(SubmitError::Protocol("its reply is too long"));
        }
        let (code, last, text) = reply_line(&line).ok_or(SubmitError::Protocol("its reply has no code"))?;
        let (enhanced, text) = enhanced(code, text);
        match &mut reply {
            None => reply = Some(Reply { code, enhanced, text }),
            Some(reply) if reply.code == code => {
                reply.text.push('\n');
                reply.text.push_str(&text);
            }
            Some(_) => return Err(SubmitError::Protocol("its reply has two codes")),
        }
        if last && let Some(reply) = reply {
            return Ok(reply);
        }
    }
}

async fn read_line<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut Vec<u8>,
) -> Result<Vec<u8>, SubmitError> {
    loop {
        if let Some(end) = unread.iter().position(|octet| *octet == b'\n') {
            return Ok(unread.drain(..=end).collect());
        }
        if unread.len() > REPLY_OCTETS {
            return Err(SubmitError::Protocol("its reply is too long"));
        }
        let mut piece = [0; READ_OCTETS];
        match stream.read(&mut piece).await.map_err(SubmitError::Connect)? {
            0 => return Err(SubmitError::Connect(io::ErrorKind::UnexpectedEof.into())),
            read => unread.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
}

/// Splits `250-text` or `250 text`; whether it is the last line. What is not printable does not
/// come into the text: it ends in logs and in the database.
fn reply_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
    if !(200..600).contains(&code) {
        return None;
    }
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    let (last, text) = match rest.split_first() {
        None => (true, &[][..]),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    let text = String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    Some((code, last, text))
}

/// Takes an enhanced code off the text, if there is one that fits the code (RFC 2034, section 4).
fn enhanced(code: u16, text: String) -> ((u8, u8, u8), String) {
    let none = (0, 0, 0);
    let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let mut numbers = word.split('.').map(|number| number.parse::<u8>().ok());
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(class)), Some(Some(subject)), Some(Some(detail)), None)
            if u16::from(class) == code / 100 =>
        {
            ((class, subject, detail), rest.to_owned())
        }
        _ => (none, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(octets: &[u8]) -> Result<(Reply, Vec<u8>), SubmitError> {
        let mut stream = octets;
        let mut unread = Vec::new();
        let reply = read_reply(&mut stream, &mut unread).await?;
        Ok((reply, unread))
    }

    #[tokio::test]
    async fn replies_are_read_as_servers_write_them() {
        for (octets, reply) in [
            (&b"250 2.1.0 ok\r\n"[..], Reply::new(250, (2, 1, 0), "ok")),
            (b"250 ok\n", Reply::new(250, (0, 0, 0), "ok")),
            (b"250\r\n", Reply::new(250, (0, 0, 0), "")),
            (b"550-5.1.1 one\r\n550 5.1.1 two\r\n", Reply::new(550, (5, 1, 1), "one\ntwo")),
            (b"550 2.1.0 odd\r\n", Reply::new(550, (0, 0, 0), "2.1.0 odd")),
            (b"550 5.1.1.1 odd\r\n", Reply::new(550, (0, 0, 0), "5.1.1.1 odd")),
            (b"451 4.7.1\r\n", Reply::new(451, (4, 7, 1), "")),
            (b"450 b\x07ell\x1b[31m\r\n", Reply::new(450, (0, 0, 0), "b?ell?[31m")),
        ] {
            assert_eq!(read(octets).await.unwrap().0, reply, "{octets:?}");
        }
        assert_eq!(read(b"250 a\r\n354 b\r\n").await.unwrap().1, b"354 b\r\n");
    }

    #[tokio::test]
    async fn what_is_no_reply_is_an_error() {
        for octets in [
            &b"\r\n"[..],
            b"ok\r\n",
            b"25\r\n",
            b"999 a\r\n",
            b"100 a\r\n",
            b"250_a\r\n",
            b"+50 a\r\n",
            b"250-a\r\n550 b\r\n",
        ] {
            assert!(matches!(read(octets).await, Err(SubmitError::Protocol(_))), "{octets:?}");
        }
        assert!(matches!(read(b"250-a\r\n").await, Err(SubmitError::Connect(_))));
        assert!(matches!(read(&[b'2'; 200_000]).await, Err(SubmitError::Protocol(_))));
        assert!(matches!(read(&b"250-a\r\n".repeat(20_000)).await, Err(SubmitError::Protocol(_))));
    }

    #[test]
    fn offers_are_read_in_any_case() {
        assert_eq!(
            Offers::read("SIZE 5\nsize 1000\nPipelining\n8BITMIME\nX-ODD y\nSMTPUTF8\nSTARTTLS"),
            Offers {
                pipelining: true,
                eight_bit: true,
                smtputf8: true,
                starttls: true,
                size: Some(Some(1000))
            }
        );
        assert_eq!(Offers::read("h\nSIZE").size, Some(None));
        assert_eq!(Offers::read("h\nSIZE 0").size, Some(None));
        assert_eq!(Offers::read("PIPELINING"), Offers::default());
    }
}
