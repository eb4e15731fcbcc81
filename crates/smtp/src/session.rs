// SPDX-License-Identifier: GPL-3.0-or-later
//! One dialogue with one client, without its socket, clock or handler.
//!
//! The caller feeds what it reads with [`Session::receive`], writes what [`Session::take_output`]
//! gives, and does what each [`Step`] asks. How the octets are cut into pieces changes nothing.
//!
//! The session does not know who is known here or whether a message was taken: both are answers
//! given to it.

use std::net::IpAddr;

use chancery_mail::{Address, Envelope};
use zeroize::Zeroizing;

use crate::collected::{Collected, Progress, too_large};
use crate::command::{self, Command, Hello, Mail, Misunderstood, Recipient};
use crate::reply::write_reply;
use crate::{Limits, Peer, Protocol, Reply};

/// `RCPT` commands in one transaction, over the accepted ones, that are answered at all.
const EXCESS_RECIPIENTS: usize = 1000;
/// Commands that move nothing (`NOOP`, `RSET`, greetings, begun transactions), one after the other.
const IDLE_COMMANDS: usize = 1000;

/// One dialogue with one client.
#[derive(Debug)]
pub struct Session {
    protocol: Protocol,
    hostname: String,
    limits: Limits,
    address: Option<IpAddr>,
    output: Vec<u8>,
    line: Zeroizing<Vec<u8>>,
    lines: u64,
    hello: Option<(Hello, String)>,
    transaction: Option<Transaction>,
    state: State,
    errors: usize,
    /// Commands since the last accepted message that move nothing.
    idle: usize,
    data_refused: bool,
}

/// What the caller of a [`Session`] does next.
#[derive(Debug)]
pub enum Step {
    /// Write the output, read more, feed it.
    Feed,
    /// Ask the handler about this recipient, then call [`Session::recipient_answered`].
    Recipient {
        /// The transaction's sender; `None` is the null reverse path.
        reverse_path: Option<Address>,
        /// The recipient asked about.
        forward_path: Address,
    },
    /// Give this message to the handler, then call [`Session::message_answered`].
    Message {
        /// Who hands it in.
        peer: Peer,
        /// The accepted recipients, in order; one named twice is there twice.
        envelope: Envelope,
        /// The text, unstuffed.
        octets: Zeroizing<Vec<u8>>,
    },
    /// Write the output and close the connection.
    Close,
}

/// From `MAIL` to the answer after the text.
#[derive(Debug)]
struct Transaction {
    mail: Mail,
    forward_paths: Vec<Address>,
    refused: usize,
    excess: usize,
}

#[derive(Debug)]
enum State {
    Command,
    /// The handler is being asked about this recipient.
    Recipient(Address),
    Text(Collected),
    /// The handler has the message for so many recipients.
    Message(usize),
    Closed,
}

impl Session {
    /// A new dialogue; the greeting is its first output. `hostname` is the name that this server
    /// gives itself, `address` the client's for the [`Peer`].
    pub fn new(protocol: Protocol, hostname: &str, limits: &Limits, address: Option<IpAddr>) -> Self {
        let mut session = Self {
            protocol,
            hostname: hostname.to_owned(),
            limits: limits.clone(),
            address,
            output: Vec::new(),
            line: Zeroizing::new(Vec::new()),
            lines: 0,
            hello: None,
            transaction: None,
            state: State::Command,
            errors: 0,
            idle: 0,
            data_refused: false,
        };
        let service = match protocol {
            Protocol::Lmtp => "LMTP",
            Protocol::Smtp => "ESMTP",
        };
        session.output.extend_from_slice(format!("220 {hostname} {service} ready\r\n").as_bytes());
        session
    }

    /// Reads on: how many of the octets were used, and what to do now. What was not used is fed
    /// again after that. While an answer is due, nothing is used.
    pub fn receive(&mut self, octets: &[u8]) -> (usize, Step) {
        match &mut self.state {
            State::Command => self.receive_line(octets),
            State::Text(text) => match text.receive(octets) {
                Progress::More => (octets.len(), Step::Feed),
                Progress::Complete(used) => (used, self.text_complete()),
                Progress::Endless => {
                    self.answer(&too_large());
                    (octets.len(), self.close())
                }
            },
            State::Recipient(_) | State::Message(_) => (0, Step::Feed),
            State::Closed => (octets.len(), Step::Close),
        }
    }

    /// What is to be written to the client; empty if nothing is.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The handler's answer to [`Step::Recipient`].
    pub fn recipient_answered(&mut self, reply: &Reply) {
        if let State::Recipient(address) = std::mem::replace(&mut self.state, State::Command) {
            // A 3xx from a handler means nothing.
            let sensible = reply.is_positive() || reply.is_temporary() || reply.is_permanent();
            let reply = if sensible { reply } else { &Reply::local_error() };
            if let Some(transaction) = &mut self.transaction {
                if reply.is_positive() {
                    transaction.forward_paths.push(address);
                } else {
                    transaction.refused = transaction.refused.saturating_add(1);
                }
            }
            self.answer(reply);
        }
    }

    /// The handler's answer to [`Step::Message`], one reply per forward path.
    pub fn message_answered(&mut self, replies: &[Reply]) {
        if let State::Message(recipients) = std::mem::replace(&mut self.state, State::Command) {
            self.answer_message(recipients, replies);
            self.transaction = None;
        }
    }

    /// Whether a client has begun a transaction that a server told to stop should finish.
    pub fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Whether the text of a message is being received.
    pub fn in_text(&self) -> bool {
        matches!(self.state, State::Text(_))
    }

    /// How many command lines were read so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The client took too long: says so and closes.
    pub fn timed_out(&mut self) {
        self.farewell(&Reply::new(421, (4, 4, 2), "timeout; closing connection"));
    }

    /// The server stops: says so and closes.
    pub fn shut_down(&mut self) {
        self.farewell(&Reply::new(421, (4, 3, 2), "shutting down; closing connection"));
    }

    fn receive_line(&mut self, octets: &[u8]) -> (usize, Step) {
        let room = self.limits.command_octets.saturating_sub(self.line.len());
        let within = octets.get(..room).unwrap_or(octets);
        let Some(end) = within.iter().position(|octet| *octet == b'\n') else {
            if octets.len() >= room {
                return (octets.len(), self.hang_up(&Reply::new(500, (5, 5, 6), "line too long")));
            }
            self.line.extend_from_slice(octets);
            return (octets.len(), Step::Feed);
        };
        let used = end.saturating_add(1);
        self.line.extend_from_slice(within.get(..used).unwrap_or(within));
        let line = std::mem::take(&mut self.line);
        self.lines = self.lines.wrapping_add(1);
        let step = match line.strip_suffix(b"\r\n") {
            // Whoever takes a lone LF for a line end sees other commands than we do.
            None => self.hang_up(&Reply::new(500, (5, 5, 2), "lines end with CRLF")),
            Some(line) => match command::parse(line) {
                Ok(command) => {
                    self.data_refused = false;
                    self.obey(command)
                }
                // A client that sends its message without waiting for the 354: its text is not
                // commands.
                Err(Misunderstood::Refuse(reply) | Misunderstood::HangUp(reply)) if self.data_refused => {
                    self.hang_up(&reply)
                }
                Err(Misunderstood::Refuse(reply)) => self.refuse(&reply),
                Err(Misunderstood::HangUp(reply)) => self.hang_up(&reply),
            },
        };
        (used, step)
    }

    fn obey(&mut self, command: Command) -> Step {
        if !matches!(command, Command::Rcpt(_) | Command::Data | Command::Quit) {
            self.idle = self.idle.saturating_add(1);
            if self.idle > IDLE_COMMANDS {
                return self.hang_up(&Reply::new(
                    421,
                    (4, 7, 0),
                    "nothing comes of this; closing connection",
                ));
            }
        }
        match command {
            Command::Hello(kind, name) => self.greeted(kind, name),
            Command::Mail(mail) => self.mail(mail),
            Command::Rcpt(recipient) => self.rcpt(recipient),
            Command::Data => self.data(),
            Command::Rset => {
                self.end_transaction();
                self.answer(&Reply::new(250, (2, 0, 0), "reset"));
                self.bear()
            }
            Command::Noop => self.fine(Reply::new(250, (2, 0, 0), "ok")),
            Command::Help => self.fine(Reply::new(214, (2, 0, 0), "see RFC 5321 and RFC 2033")),
            // Who is known here is said to `RCPT` alone.
            Command::Vrfy => self.refuse(&Reply::new(252, (2, 5, 2), "send mail to find out")),
            Command::Quit => {
                self.answer(&Reply::new(221, (2, 0, 0), "bye"));
                self.close()
            }
        }
    }

    fn greeted(&mut self, kind: Hello, name: String) -> Step {
        let fits = matches!(
            (self.protocol, kind),
            (Protocol::Lmtp, Hello::Lhlo) | (Protocol::Smtp, Hello::Ehlo | Hello::Helo)
        );
        if !fits {
            let text = match self.protocol {
                Protocol::Lmtp => "this is LMTP; say LHLO",
                Protocol::Smtp => "this is SMTP; say EHLO",
            };
            return self.refuse(&Reply::new(500, (5, 5, 1), text));
        }
        self.end_transaction();
        self.hello = Some((kind, name));
        // No enhanced codes here (RFC 2034, section 3).
        let text = if kind == Hello::Helo {
            format!("250 {}\r\n", self.hostname)
        } else {
            format!(
                "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
                 250 SIZE {}\r\n",
                self.hostname, self.limits.message_octets
            )
        };
        self.output.extend_from_slice(text.as_bytes());
        self.bear()
    }

    fn mail(&mut self, mail: Mail) -> Step {
        let Some((kind, _)) = &self.hello else {
            return self.refuse(&Reply::new(503, (5, 5, 1), "introduce yourself first"));
        };
        if *kind == Hello::Helo && mail.parameters {
            return self.refuse(&Reply::new(555, (5, 5, 4), "no parameters after HELO"));
        }
        if self.transaction.is_some() {
            return self.refuse(&Reply::new(503, (5, 5, 1), "a transaction is already begun"));
        }
        if mail.size.is_some_and(|size| size > u64::try_from(self.limits.message_octets).unwrap_or(u64::MAX))
        {
            // Not an error of the dialogue: the client did well to ask.
            return self.fine(too_large());
        }
        self.transaction = Some(Transaction { mail, forward_paths: Vec::new(), refused: 0, excess: 0 });
        self.fine(Reply::new(250, (2, 1, 0), "sender ok"))
    }

    fn rcpt(&mut self, recipient: Recipient) -> Step {
        let Some(transaction) = &mut self.transaction else {
            return self.refuse(&Reply::new(503, (5, 5, 1), "MAIL comes first"));
        };
        let named = transaction.forward_paths.len().saturating_add(transaction.refused);
        if transaction.forward_paths.len() >= self.limits.recipients || named >= EXCESS_RECIPIENTS {
            transaction.excess = transaction.excess.saturating_add(1);
            if transaction.excess > EXCESS_RECIPIENTS {
                return self.hang_up(&Reply::new(421, (4, 5, 3), "too many recipients; closing connection"));
            }
            return self.fine(Reply::new(452, (4, 5, 3), "too many recipients in one transaction"));
        }
        let address = match recipient {
            Recipient::Address(address) => address,
            Recipient::Postmaster => match format!("postmaster@{}", self.hostname).parse() {
                Ok(address) => address,
                Err(_) => return self.refuse(&Reply::no_such_recipient()),
            },
        };
        if address.is_internationalized() && !transaction.mail.smtputf8 {
            let text = "this recipient's address needs SMTPUTF8";
            return self.refuse(&Reply::new(553, (5, 6, 7), text));
        }
        let reverse_path = transaction.mail.reverse_path.clone();
        self.state = State::Recipient(address.clone());
        Step::Recipient { reverse_path, forward_path: address }
    }

    fn data(&mut self) -> Step {
        let announced = match &self.transaction {
            Some(transaction) if !transaction.forward_paths.is_empty() => transaction.mail.size,
            transaction => {
                let text = if transaction.is_some() { "no valid recipients" } else { "MAIL comes first" };
                self.data_refused = true;
                return self.refuse(&Reply::new(503, (5, 5, 1), text));
            }
        };
        self.state = State::Text(Collected::new(&self.limits, announced));
        self.fine(Reply::new(354, (0, 0, 0), "end with a line of a single dot"))
    }

    fn text_complete(&mut self) -> Step {
        let State::Text(text) = std::mem::replace(&mut self.state, State::Command) else {
            return Step::Feed;
        };
        let Some(transaction) = &mut self.transaction else { return Step::Feed };
        let recipients = transaction.forward_paths.len();
        match text.finish() {
            Ok(octets) => {
                let envelope = Envelope {
                    reverse_path: transaction.mail.reverse_path.take(),
                    forward_paths: std::mem::take(&mut transaction.forward_paths),
                };
                let smtputf8 = transaction.mail.smtputf8;
                self.state = State::Message(recipients);
                Step::Message { peer: self.peer(smtputf8), envelope, octets }
            }
            Err(reply) => {
                self.answer_message(recipients, &vec![reply; recipients]);
                self.end_transaction();
                self.bear()
            }
        }
    }

    fn peer(&self, smtputf8: bool) -> Peer {
        let (kind, hello) = match &self.hello {
            Some((kind, name)) => (*kind, name.clone()),
            None => (Hello::Helo, String::new()),
        };
        let with = match (kind, smtputf8) {
            (Hello::Lhlo, false) => "LMTP",
            (Hello::Lhlo, true) => "UTF8LMTP",
            (Hello::Ehlo, false) => "ESMTP",
            (Hello::Ehlo, true) => "UTF8SMTP",
            (Hello::Helo, _) => "SMTP",
        };
        Peer { address: self.address, hello, with }
    }

    /// LMTP answers for each recipient (RFC 2033, section 4.2), SMTP once for all.
    fn answer_message(&mut self, recipients: usize, replies: &[Reply]) {
        // A recipient for whom the handler has no sensible answer must not be lost.
        let local_error = Reply::local_error();
        let replies: Vec<&Reply> = (0..recipients)
            .map(|index| {
                replies.get(index).filter(|reply| (200..600).contains(&reply.code) && reply.code / 100 != 3)
            })
            .map(|reply| reply.unwrap_or(&local_error))
            .collect();
        match self.protocol {
            Protocol::Lmtp => replies.iter().for_each(|reply| self.answer(reply)),
            Protocol::Smtp => {
                let temporary = replies.iter().find(|reply| reply.is_temporary());
                let worst = temporary.or_else(|| replies.iter().find(|reply| reply.is_permanent()));
                self.answer(worst.or_else(|| replies.first()).unwrap_or(&&local_error));
            }
        }
        if replies.iter().any(|reply| reply.is_positive()) {
            self.errors = 0;
            self.idle = 0;
            if let Some(transaction) = &mut self.transaction {
                transaction.refused = 0;
            }
        } else {
            self.errors = self.errors.saturating_add(1);
        }
    }

    /// Forgets the transaction. The recipients that it named in vain count as errors only now: a
    /// client with one good recipient among many bad ones must be able to reach it.
    fn end_transaction(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.errors = self.errors.saturating_add(transaction.refused);
        }
    }

    fn answer(&mut self, reply: &Reply) {
        write_reply(reply, &mut self.output);
    }

    fn fine(&mut self, reply: Reply) -> Step {
        self.answer(&reply);
        Step::Feed
    }

    /// Refuses one command.
    fn refuse(&mut self, reply: &Reply) -> Step {
        self.errors = self.errors.saturating_add(1);
        self.answer(reply);
        self.bear()
    }

    /// Goes on, unless there were too many errors.
    fn bear(&mut self) -> Step {
        if self.errors > self.limits.errors {
            return self.hang_up(&Reply::new(421, (4, 7, 0), "too many errors; closing connection"));
        }
        Step::Feed
    }

    fn hang_up(&mut self, reply: &Reply) -> Step {
        self.answer(reply);
        self.close()
    }

    fn farewell(&mut self, reply: &Reply) {
        if !matches!(self.state, State::Closed) {
            self.hang_up(reply);
        }
    }

    fn close(&mut self) -> Step {
        self.state = State::Closed;
        self.transaction = None;
        Step::Close
    }
}
