// SPDX-License-Identifier: GPL-3.0-or-later
//! The client: hands one message after the other to one relay over one warm connection.
//!
//! A transaction takes two round trips where the relay offers PIPELINING (RFC 2920): the envelope
//! and `DATA` leave in one write, the message with its final dot in another. A warm connection that
//! the relay has closed meanwhile is replaced before anything of the message was sent.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use chancery_mail::{Address, Envelope};

use crate::command::is_hello_name;
use crate::connection::Connection;
use crate::stuffing::Letter;
use crate::tls::Verification;
use crate::{Relay, Reply, Security, Submit, SubmitError, Timeouts};

/// Recipients named before the replies are read: neither side's buffers fill up by so few lines
/// (RFC 2920, section 3.1), which could end in both waiting for each other.
const RECIPIENTS_AT_ONCE: usize = 100;
/// How long a relay that stopped reading is given to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One relay and the warm connection to it. For several connections, have several.
#[derive(Debug)]
pub struct Transport {
    relay: Relay,
    timeouts: Timeouts,
    verification: Option<Verification>,
    connection: Option<Connection>,
}

impl Transport {
    /// For this relay. Reads the trusted certificates now, connects at the first message.
    ///
    /// # Errors
    /// [`SubmitError::Tls`] when the CA file cannot be read or the host cannot stand in a
    /// certificate; [`SubmitError::Connect`] when `hello` is not a name.
    pub fn new(relay: Relay, timeouts: Timeouts) -> Result<Self, SubmitError> {
        if !is_hello_name(&relay.hello) {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "our own name for EHLO is malformed");
            return Err(SubmitError::Connect(error));
        }
        let verification = match relay.security {
            Security::None => None,
            Security::StartTls | Security::Smtps => {
                Some(Verification::new(&relay.host, relay.ca_file.as_deref())?)
            }
        };
        Ok(Self { relay, timeouts, verification, connection: None })
    }

    /// Says `QUIT` and closes the connection, if there is one.
    pub async fn quit(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            if connection.write(b"QUIT\r\n").await.is_ok() {
                // Nothing depends on the answer.
                let _ = connection.reply_within(LAST_WORDS, "to say goodbye").await;
            }
            connection.close().await;
        }
    }

    async fn connect(&self) -> Result<Connection, SubmitError> {
        Connection::open(&self.relay, self.verification.as_ref(), self.timeouts).await
    }
}

impl Submit for Transport {
    async fn submit(&mut self, envelope: &Envelope, message: &[&[u8]]) -> Result<Vec<Reply>, SubmitError> {
        let letter = Letter::inspect(message).map_err(SubmitError::Unsendable)?;
        if envelope.forward_paths.is_empty() {
            return Ok(Vec::new());
        }
        // It is taken out: if this future is dropped half-way, so is the connection.
        if let Some(mut connection) = self.connection.take() {
            match transaction(&mut connection, envelope, &letter).await {
                Err(Failure::Stale(_)) => {}
                done => return self.keep(connection, done),
            }
        }
        let mut connection = self.connect().await?;
        let done = transaction(&mut connection, envelope, &letter).await;
        self.keep(connection, done)
    }
}

impl Transport {
    fn keep(
        &mut self,
        connection: Connection,
        done: Result<Done, Failure>,
    ) -> Result<Vec<Reply>, SubmitError> {
        match done {
            Ok(done) => {
                self.connection = done.usable.then_some(connection);
                Ok(done.replies)
            }
            Err(Failure::Refused(reply)) => {
                self.connection = Some(connection);
                Err(SubmitError::Refused(reply))
            }
            Err(Failure::Stale(error) | Failure::Broken(error)) => Err(error),
        }
    }
}

/// A transaction that came to its end.
struct Done {
    replies: Vec<Reply>,
    /// Whether the connection can serve another.
    usable: bool,
}

/// A transaction that did not.
enum Failure {
    /// The connection was lost or closed by the relay, and nothing of the message was sent.
    Stale(SubmitError),
    /// The connection is of no more use.
    Broken(SubmitError),
    /// The relay refused, and can be asked for the next message.
    Refused(Reply),
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        Self::Broken(error)
    }
}

/// One mail transaction (RFC 5321, section 3.3).
async fn transaction(
    connection: &mut Connection,
    envelope: &Envelope,
    letter: &Letter<'_>,
) -> Result<Done, Failure> {
    let mail = mail_command(connection, envelope, letter)?;
    let (recipients, go) = announce(connection, &mail, &envelope.forward_paths).await?;
    let accepted = any_accepted(&recipients);
    if go.code != 354 {
        if go.is_positive() {
            return Err(SubmitError::Protocol("its answer to DATA is neither 354 nor a refusal").into());
        }
        // Each accepted recipient was refused after all; the others have their own reply already.
        connection.needs_reset = true;
        let replies = or_instead(recipients, &go);
        return Ok(Done { replies, usable: go.code != 421 });
    }
    if !accepted {
        // It wants a text for nobody: it gets an empty one (RFC 2920, section 3.1).
        connection.write(b".\r\n").await?;
        let usable = connection.final_reply().await?.code != 421;
        return Ok(Done { replies: recipients, usable });
    }
    let outcome = match connection.write_letter(letter).await {
        Ok(()) => connection.final_reply().await?,
        Err(error) => return last_words(connection, error, recipients).await,
    };
    if outcome.code / 100 == 3 {
        return Err(SubmitError::Protocol("its answer to the message is no answer").into());
    }
    Ok(Done { replies: or_instead(recipients, &outcome), usable: outcome.code != 421 })
}

/// The relay stopped reading in the middle of the message: perhaps it has said why.
async fn last_words(
    connection: &mut Connection,
    error: SubmitError,
    recipients: Vec<Reply>,
) -> Result<Done, Failure> {
    match connection.reply_within(LAST_WORDS, "to say why it hung up").await {
        Ok(reply) if reply.is_temporary() || reply.is_permanent() => {
            Ok(Done { replies: or_instead(recipients, &reply), usable: false })
        }
        _ => Err(error.into()),
    }
}

/// The refused recipients' own replies, and `outcome` for the accepted ones.
fn or_instead(recipients: Vec<Reply>, outcome: &Reply) -> Vec<Reply> {
    let reply = |reply: Reply| if reply.is_positive() { outcome.clone() } else { reply };
    recipients.into_iter().map(reply).collect()
}

/// `MAIL` with what this message needs, or why this relay cannot have it.
fn mail_command(
    connection: &Connection,
    envelope: &Envelope,
    letter: &Letter<'_>,
) -> Result<String, Failure> {
    let refused = |code, enhanced, text: &str| Err(Failure::Refused(Reply::new(code, enhanced, text)));
    let offers = connection.offers;
    let octets = u64::try_from(letter.octets).unwrap_or(u64::MAX);
    if offers.size.flatten().is_some_and(|limit| octets > limit) {
        return refused(552, (5, 3, 4), "the message is larger than the relay takes");
    }
    let international = envelope.reverse_path.iter().chain(&envelope.forward_paths);
    let international = international.into_iter().any(Address::is_internationalized);
    if international && !offers.smtputf8 {
        return refused(550, (5, 6, 7), "the relay does not take international addresses");
    }
    let mut command = match &envelope.reverse_path {
        Some(address) => format!("MAIL FROM:<{address}>"),
        None => "MAIL FROM:<>".to_owned(),
    };
    if offers.size.is_some() {
        // Writing to a string cannot fail.
        let _ = write!(command, " SIZE={octets}");
    }
    // Without 8BITMIME it is sent as it is: to encode it anew would break every signature in it,
    // and no relay in use cuts the eighth bit off.
    if letter.eight_bit && offers.eight_bit {
        command.push_str(" BODY=8BITMIME");
    }
    if international {
        command.push_str(" SMTPUTF8");
    }
    command.push_str("\r\n");
    Ok(command)
}

/// `MAIL`, every `RCPT`, and `DATA`: the replies to the recipients and to `DATA`. Whatever breaks
/// here breaks before the message, so that it can be tried again elsewhere.
async fn announce(
    connection: &mut Connection,
    mail: &str,
    forward_paths: &[Address],
) -> Result<(Vec<Reply>, Reply), Failure> {
    let mut commands = Vec::new();
    if std::mem::take(&mut connection.needs_reset) {
        commands.push(Command::Reset);
    }
    commands.push(Command::Mail(mail));
    commands.extend(forward_paths.iter().map(Command::Recipient));
    commands.push(Command::Data);
    let at_once = if connection.offers.pipelining { RECIPIENTS_AT_ONCE } else { 1 };

    let mut recipients = Vec::with_capacity(forward_paths.len());
    let mut refused = None;
    let mut go = None;
    for group in commands.chunks(at_once) {
        // Without PIPELINING there is no need to go on after a refusal.
        if refused.is_some() {
            break;
        }
        if at_once == 1 && matches!(group, [Command::Data]) && !any_accepted(&recipients) {
            // Nobody is left to send it to.
            connection.needs_reset = true;
            return Ok((recipients, Reply::new(503, (5, 5, 1), "no valid recipients")));
        }
        let text = lines(group);
        connection.write(text.as_bytes()).await.map_err(lost)?;
        for command in group {
            let reply = connection.reply().await.map_err(lost)?;
            if reply.code == 421 {
                return Err(Failure::Stale(SubmitError::Refused(reply)));
            }
            match command {
                Command::Reset if !reply.is_positive() => {
                    return Err(SubmitError::Protocol("it refuses RSET").into());
                }
                Command::Reset => {}
                Command::Mail(_) if reply.is_positive() => {}
                Command::Mail(_) => refused = Some(reply),
                Command::Recipient(_) => recipients.push(reply),
                Command::Data => go = Some(reply),
            }
        }
    }
    match (refused, go) {
        (None, Some(go)) => Ok((recipients, go)),
        (Some(reply), go) => {
            if !(reply.is_temporary() || reply.is_permanent()) || go.is_some_and(|go| go.code == 354) {
                return Err(SubmitError::Protocol("it goes on with a transaction that it refused").into());
            }
            Err(Failure::Refused(reply))
        }
        (None, None) => Err(SubmitError::Protocol("it did not answer DATA").into()),
    }
}

fn any_accepted(recipients: &[Reply]) -> bool {
    recipients.iter().any(Reply::is_positive)
}

fn lines(commands: &[Command<'_>]) -> String {
    commands.iter().map(Command::line).collect()
}

/// The connection broke before the message.
fn lost(error: SubmitError) -> Failure {
    match error {
        SubmitError::Connect(_) => Failure::Stale(error),
        error => Failure::Broken(error),
    }
}

enum Command<'a> {
    Reset,
    Mail(&'a str),
    Recipient(&'a Address),
    Data,
}

impl Command<'_> {
    fn line(&self) -> String {
        match self {
            Self::Reset => "RSET\r\n".to_owned(),
            Self::Mail(mail) => (*mail).to_owned(),
            Self::Recipient(address) => format!("RCPT TO:<{address}>\r\n"),
            Self::Data => "DATA\r\n".to_owned(),
        }
    }
}
