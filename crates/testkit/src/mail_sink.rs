// SPDX-License-Identifier: GPL-3.0-or-later
//! A receiver of mail for tests: a tiny SMTP server on a loopback port that remembers what it got
//! and misbehaves on demand.
//!
//! It runs on threads of its own, so that synchronous tests of the true binary use it like
//! asynchronous ones. It is deliberately simple-minded (one read line, one written reply) and
//! shares no code with `chancery-smtp`.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chancery_mail::Envelope;
use tokio::sync::watch;

/// One message as the sink got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The envelope, with the accepted recipients only.
    pub envelope: Envelope,
    /// The message, unstuffed, with its CRLF line ends.
    pub octets: Vec<u8>,
    /// The connection that it came over, counted from 1.
    pub connection: usize,
}

/// One way in which the sink misbehaves. Several may be set at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every `RCPT` for this address (case ignored) hears this reply, for example
    /// `450 4.2.1 try later`.
    RefuseRecipient {
        /// The address without brackets.
        address: String,
        /// The whole reply line.
        reply: String,
    },
    /// The n-th `RCPT` of every transaction, counted from 1, hears this reply.
    RefuseNthRecipient {
        /// Counted from 1.
        nth: usize,
        /// The whole reply line.
        reply: String,
    },
    /// The next so many messages hear this reply after their final dot and are not kept.
    RefuseMessages {
        /// How many are left.
        left: usize,
        /// The whole reply line.
        reply: String,
    },
    /// The next so many `MAIL` commands hear this reply.
    RefuseMail {
        /// How many are left.
        left: usize,
        /// The whole reply line.
        reply: String,
    },
    /// The next so many messages are cut: after this many octets of text the connection is closed.
    CutMidData {
        /// How many are left.
        left: usize,
        /// Octets read before the cut.
        after: usize,
    },
    /// The next so many messages are kept, but the connection is closed instead of an answer.
    CutAfterDot {
        /// How many are left.
        left: usize,
    },
    /// Every connection is closed after its first kept message, without a word.
    CloseAfterMessage,
    /// Nothing is answered any more (commands are read and ignored) until the faults are cleared.
    Hang,
    /// These words are left out of the answer to `EHLO`, such as `PIPELINING`.
    Without(&'static str),
}

/// The deadline passed with fewer messages than were waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFew {
    /// How many there were.
    pub received: usize,
    /// How many were waited for.
    pub awaited: usize,
}

impl std::fmt::Display for TooFew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the sink got {} of {} messages before the deadline", self.received, self.awaited)
    }
}
impl std::error::Error for TooFew {}

/// The sink. Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct MailSink {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    messages: Mutex<Vec<Received>>,
    arrived: Condvar,
    count: watch::Sender<usize>,
    faults: Mutex<Vec<Fault>>,
    streams: Mutex<Vec<(usize, TcpStream)>>,
    connections: AtomicUsize,
    commands: Mutex<Vec<String>>,
    closed: AtomicBool,
}

impl MailSink {
    /// Starts a sink on a free loopback port.
    ///
    /// # Errors
    /// When no port can be opened.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            messages: Mutex::default(),
            arrived: Condvar::new(),
            count: watch::Sender::new(0),
            faults: Mutex::default(),
            streams: Mutex::default(),
            connections: AtomicUsize::new(0),
            commands: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || accept_all(&listener, &accepting));
        Ok(Self { address, state })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds a fault; it acts from the next command on.
    pub fn set(&self, fault: Fault) {
        lock(&self.state.faults).push(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// Closes every open connection, as a relay that restarts does. New ones are accepted.
    pub fn close_connections(&self) {
        for (_, stream) in lock(&self.state.streams).drain(..) {
            // A connection that is gone already is closed enough.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// All messages so far, in the order in which they were complete.
    pub fn messages(&self) -> Vec<Received> {
        lock(&self.state.messages).clone()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// All command lines so far, of all connections, without their line ends.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state.commands).clone()
    }

    /// Forgets the messages and commands so far.
    pub fn forget(&self) {
        lock(&self.state.messages).clear();
        lock(&self.state.commands).clear();
        self.state.count.send_replace(0);
    }

    /// Waits until there are at least `n` messages and gives them all.
    ///
    /// # Errors
    /// [`TooFew`] when `deadline` has passed before.
    pub async fn wait_for(&self, n: usize, deadline: Duration) -> Result<Vec<Received>, TooFew> {
        let mut count = self.state.count.subscribe();
        let waited = tokio::time::timeout(deadline, count.wait_for(|count| *count >= n)).await;
        self.at_least(n, waited.is_ok())
    }

    /// The same for tests without a runtime: blocks the thread.
    ///
    /// # Errors
    /// [`TooFew`] when `deadline` has passed before.
    pub fn wait_for_blocking(&self, n: usize, deadline: Duration) -> Result<Vec<Received>, TooFew> {
        let waited = self
            .state
            .arrived
            .wait_timeout_while(lock(&self.state.messages), deadline, |messages| messages.len() < n)
            .unwrap_or_else(PoisonError::into_inner);
        let in_time = !waited.1.timed_out();
        drop(waited);
        self.at_least(n, in_time)
    }

    fn at_least(&self, n: usize, in_time: bool) -> Result<Vec<Received>, TooFew> {
        let messages = self.messages();
        if in_time || messages.len() >= n {
            Ok(messages)
        } else {
            Err(TooFew { received: messages.len(), awaited: n })
        }
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.close_connections();
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept_all(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let number = state.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let Ok(kept) = stream.try_clone() else { continue };
        lock(&state.streams).push((number, kept));
        let state = Arc::clone(state);
        thread::spawn(move || {
            // A client that hangs up, and a cut that was ordered, both end here.
            let _ = Dialogue::new(stream, number, Arc::clone(&state)).and_then(|mut dialogue| dialogue.run());
            // The last handle of the socket goes, so that the client sees it closed.
            lock(&state.streams).retain(|(kept, _)| *kept != number);
        });
    }
}

/// One connection.
struct Dialogue {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    number: usize,
    state: Arc<State>,
    mail: Option<Envelope>,
    named: usize,
}

/// The connection shall be closed.
fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut")
}

impl Dialogue {
    fn new(stream: TcpStream, number: usize, state: Arc<State>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let writer = stream.try_clone()?;
        Ok(Self { reader: BufReader::new(stream), writer, number, state, mail: None, named: 0 })
    }

    fn run(&mut self) -> io::Result<()> {
        let outcome = self.converse();
        // What was said is still delivered, and the client sees the end of it.
        let _ = self.writer.shutdown(Shutdown::Both);
        outcome
    }

    fn converse(&mut self) -> io::Result<()> {
        self.say("220 sink.example ESMTP")?;
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            lock(&self.state.commands).push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.hello()?,
                "HELO" => self.say("250 sink.example")?,
                "MAIL" => self.mail(&line)?,
                "RCPT" => self.recipient(&line)?,
                "DATA" => self.data()?,
                "RSET" => {
                    self.mail = None;
                    self.say("250 2.0.0 reset")?;
                }
                "NOOP" => self.say("250 2.0.0 ok")?,
                "QUIT" => {
                    self.say("221 2.0.0 bye")?;
                    return Ok(());
                }
                _ => self.say("502 5.5.1 not known")?,
            }
        }
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        while lock(&self.state.faults).contains(&Fault::Hang) {
            if self.state.closed.load(Ordering::SeqCst) {
                return Err(cut());
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.writer.write_all(format!("{line}\r\n").as_bytes())
    }

    fn hello(&mut self) -> io::Result<()> {
        let faults = lock(&self.state.faults).clone();
        self.mail = None;
        for word in ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
            if !faults.contains(&Fault::Without(word)) {
                self.say(&format!("250-{word}"))?;
            }
        }
        self.say("250 HELP")
    }

    /// The first fault that answers, with one of its uses taken away.
    fn fault<T>(&self, mut answer: impl FnMut(&mut Fault) -> Option<T>) -> Option<T> {
        lock(&self.state.faults).iter_mut().find_map(&mut answer)
    }

    fn mail(&mut self, line: &str) -> io::Result<()> {
        let refusal = self.fault(|fault| match fault {
            Fault::RefuseMail { left, reply } if *left > 0 => {
                *left -= 1;
                Some(reply.clone())
            }
            _ => None,
        });
        if let Some(reply) = refusal {
            return self.say(&reply);
        }
        if self.mail.is_some() {
            return self.say("503 5.5.1 nested MAIL");
        }
        let path = path(line);
        let reverse_path = path.parse().ok();
        if reverse_path.is_none() && !path.is_empty() {
            return self.say("501 5.1.7 bad sender");
        }
        self.mail = Some(Envelope { reverse_path, forward_paths: Vec::new() });
        self.named = 0;
        self.say("250 2.1.0 ok")
    }

    fn recipient(&mut self, line: &str) -> io::Result<()> {
        if self.mail.is_none() {
            return self.say("503 5.5.1 no MAIL");
        }
        self.named += 1;
        let (named, path) = (self.named, path(line));
        let refusal = self.fault(|fault| match fault {
            Fault::RefuseRecipient { address, reply } if address.eq_ignore_ascii_case(&path) => {
                Some(reply.clone())
            }
            Fault::RefuseNthRecipient { nth, reply } if *nth == named => Some(reply.clone()),
            _ => None,
        });
        if let Some(reply) = refusal {
            return self.say(&reply);
        }
        match (path.parse(), &mut self.mail) {
            (Ok(address), Some(mail)) => {
                mail.forward_paths.push(address);
                self.say("250 2.1.5 ok")
            }
            _ => self.say("501 5.1.3 bad recipient"),
        }
    }

    fn data(&mut self) -> io::Result<()> {
        let Some(envelope) = self.mail.take_if(|mail| !mail.forward_paths.is_empty()) else {
            return self.say("554 5.5.1 no valid recipients");
        };
        self.say("354 go on")?;
        let octets = self.text()?;
        let refusal = self.fault(|fault| match fault {
            Fault::RefuseMessages { left, reply } if *left > 0 => {
                *left -= 1;
                Some(reply.clone())
            }
            _ => None,
        });
        if let Some(reply) = refusal {
            return self.say(&reply);
        }
        let dumb = self.fault(|fault| match fault {
            Fault::CutAfterDot { left } if *left > 0 => {
                *left -= 1;
                Some(())
            }
            _ => None,
        });
        let closes = lock(&self.state.faults).contains(&Fault::CloseAfterMessage);
        // Kept before it is answered, so that whoever hears the 250 finds it here.
        self.keep(envelope, octets);
        if dumb.is_some() {
            return Err(cut());
        }
        self.say("250 2.0.0 taken")?;
        if closes { Err(cut()) } else { Ok(()) }
    }

    /// The text up to the line with a single dot, unstuffed.
    fn text(&mut self) -> io::Result<Vec<u8>> {
        let cut_after = self.fault(|fault| match fault {
            Fault::CutMidData { left, after } if *left > 0 => {
                *left -= 1;
                Some(*after)
            }
            _ => None,
        });
        let mut octets = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line)? == 0 {
                return Err(cut());
            }
            // A lone LF does not end a line.
            while !line.ends_with(b"\r\n") {
                if self.reader.read_until(b'\n', &mut line)? == 0 {
                    return Err(cut());
                }
            }
            if line == b".\r\n" {
                return Ok(octets);
            }
            octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if cut_after.is_some_and(|after| octets.len() >= after) {
                return Err(cut());
            }
        }
    }

    fn keep(&self, envelope: Envelope, octets: Vec<u8>) {
        let mut messages = lock(&self.state.messages);
        messages.push(Received { envelope, octets, connection: self.number });
        self.state.arrived.notify_all();
        self.state.count.send_replace(messages.len());
    }
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);
    const TRANSACTION: &[u8] = b"EHLO x\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\n\
        DATA\r\n..dot\n.\nstill\r\n.\r\nQUIT\r\n";

    /// Says all this and gives the codes of what is answered until the sink closes.
    fn codes(sink: &MailSink, octets: &[u8]) -> Vec<String> {
        let mut stream = TcpStream::connect(sink.address()).unwrap();
        stream.write_all(octets).unwrap();
        let mut answer = String::new();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // A reset instead of an end is as good.
        let _ = stream.read_to_string(&mut answer);
        let last = |line: &&str| line.get(3..4) != Some("-");
        answer.lines().filter(last).map(|line| line.chars().take(3).collect()).collect()
    }

    #[test]
    fn a_message_is_kept_with_its_envelope() {
        let sink = MailSink::start().unwrap();
        assert_eq!(codes(&sink, TRANSACTION), ["220", "250", "250", "250", "354", "250", "221"]);
        let received = sink.wait_for_blocking(1, DEADLINE).unwrap();
        assert_eq!(received[0].octets, b".dot\n.\nstill\r\n");
        assert_eq!(received[0].envelope.reverse_path, Some("alice@example.org".parse().unwrap()));
        assert_eq!(received[0].envelope.forward_paths, ["bob@example.org".parse().unwrap()]);
        assert_eq!(received[0].connection, 1);
    }

    #[test]
    fn faults_act_and_wear_off() {
        let sink = MailSink::start().unwrap();
        sink.set(Fault::RefuseMessages { left: 1, reply: "451 4.3.0 busy".to_owned() });
        assert_eq!(codes(&sink, TRANSACTION), ["220", "250", "250", "250", "354", "451", "221"]);
        assert_eq!(codes(&sink, TRANSACTION), ["220", "250", "250", "250", "354", "250", "221"]);
        sink.set(Fault::RefuseNthRecipient { nth: 1, reply: "550 5.1.1 nobody".to_owned() });
        assert_eq!(codes(&sink, TRANSACTION).get(3..5).unwrap(), ["550", "554"]);
        sink.clear_faults();
        sink.set(Fault::CutMidData { left: 1, after: 1 });
        assert_eq!(codes(&sink, TRANSACTION).last().unwrap(), "354");
        sink.set(Fault::CutAfterDot { left: 1 });
        assert_eq!(codes(&sink, TRANSACTION).last().unwrap(), "354");
        assert_eq!(sink.messages().len(), 2);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_deadline() {
        let sink = MailSink::start().unwrap();
        let soon = Duration::from_millis(20);
        assert_eq!(sink.wait_for(1, soon).await, Err(TooFew { received: 0, awaited: 1 }));
        assert_eq!(sink.wait_for_blocking(2, soon), Err(TooFew { received: 0, awaited: 2 }));
        assert!(sink.wait_for(0, soon).await.unwrap().is_empty());
    }

    #[test]
    fn a_sink_that_hangs_says_nothing_until_it_may() {
        let sink = MailSink::start().unwrap();
        sink.set(Fault::Hang);
        let address = sink.address();
        let client = thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(TRANSACTION).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        assert!(sink.wait_for_blocking(1, Duration::from_millis(50)).is_err());
        sink.clear_faults();
        assert_eq!(sink.wait_for_blocking(1, DEADLINE).unwrap().len(), 1);
        assert!(client.join().unwrap().ends_with("221 2.0.0 bye\r\n"));
    }
}
