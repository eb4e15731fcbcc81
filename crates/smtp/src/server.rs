// SPDX-License-Identifier: GPL-3.0-or-later
//! The sockets around [`Session`]: accepts connections, reads, writes, watches the clock.

use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use crate::listener::Accepted;
use crate::session::{Session, Step};
use crate::{Handler, Limits, Listener, Protocol};

/// What is read at once.
const READ_OCTETS: usize = 32 * 1024;
/// How long a client that was told to go may go on talking before the socket is closed on it.
const LINGER: Duration = Duration::from_secs(1);
/// A pause when the machine has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a listener until `shutdown` becomes true: no new connection is taken then, idle clients
/// hear 421, transactions that are begun are finished (within the limits' times). Returns when the
/// last connection is closed. Dropping the future instead cuts everything at once.
pub async fn serve<H: Handler>(
    listener: Listener,
    protocol: Protocol,
    hostname: String,
    limits: Limits,
    handler: Arc<H>,
    shutdown: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut stop = shutdown.clone();
    loop {
        let accepted = tokio::select! {
            () = told(&mut stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            warn!(limit = limits.connections, "too many connections; one was turned away");
            turn_away(accepted);
            continue;
        };
        let (hostname, limits) = (hostname.clone(), limits.clone());
        let (handler, shutdown) = (Arc::clone(&handler), shutdown.clone());
        connections.spawn(async move {
            let _slot = slot;
            let conversation = match accepted {
                Accepted::Tcp(stream, address) => {
                    let session = Session::new(protocol, &hostname, &limits, Some(address));
                    // Without it the worst is a delay.
                    let _ = stream.set_nodelay(true);
                    converse(stream, session, &limits, &*handler, shutdown).await
                }
                Accepted::Unix(stream) => {
                    let session = Session::new(protocol, &hostname, &limits, None);
                    converse(stream, session, &limits, &*handler, shutdown).await
                }
            };
            if let Err(error) = conversation {
                debug!(%error, "a client's connection broke");
            }
        });
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        // The client heard no reply and will try again.
        error!("a connection's task panicked");
    }
}

/// Resolves when the flag is true. A sender that went away never sets it any more.
async fn told(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}

/// Says 421 to a connection for which there is no room, without waiting for anything.
fn turn_away(accepted: Accepted) {
    let words = b"421 4.3.2 too many connections; try again later\r\n";
    // Whether the client hears it is its own affair.
    let _ = match accepted {
        Accepted::Tcp(stream, _) => stream.into_std().and_then(|mut stream| stream.write(words)),
        Accepted::Unix(stream) => stream.into_std().and_then(|mut stream| stream.write(words)),
    };
}

/// One connection from greeting to close.
async fn converse<S, H>(
    mut stream: S,
    mut session: Session,
    limits: &Limits,
    handler: &H,
    mut shutdown: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    let mut buffer = Zeroizing::new(vec![0; READ_OCTETS]);
    // A command is due as a whole by then: octets that trickle in do not buy time.
    let mut command_due = Instant::now() + limits.command_timeout;
    let mut text_due = command_due;
    loop {
        write(&mut stream, &mut session, limits).await?;
        let due = if session.in_text() {
            text_due.min(Instant::now() + limits.command_timeout)
        } else {
            command_due
        };
        let read = tokio::select! {
            biased;
            () = told(&mut shutdown), if !session.in_transaction() => {
                session.shut_down();
                break;
            }
            read = timeout_at(due, stream.read(&mut buffer)) => read,
        };
        let Ok(read) = read else {
            session.timed_out();
            break;
        };
        let read = read?;
        if read == 0 {
            return Ok(());
        }
        let (lines, was_in_text) = (session.lines(), session.in_text());
        if consume(buffer.get(..read).unwrap_or_default(), &mut session, handler, &shutdown).await {
            break;
        }
        let now = Instant::now();
        if session.lines() != lines || was_in_text {
            command_due = now + limits.command_timeout;
        }
        if session.in_text() && (!was_in_text || session.lines() != lines) {
            text_due = now + limits.data_timeout;
        }
    }
    write(&mut stream, &mut session, limits).await?;
    part(stream).await
}

/// Feeds what was read and does what the session asks; true when the connection is to be closed.
async fn consume<H: Handler>(
    octets: &[u8],
    session: &mut Session,
    handler: &H,
    shutdown: &watch::Receiver<bool>,
) -> bool {
    let mut rest = octets;
    while !rest.is_empty() {
        let (used, step) = session.receive(rest);
        rest = rest.get(used..).unwrap_or_default();
        match step {
            Step::Feed => {}
            Step::Recipient { reverse_path, forward_path } => {
                let reply = handler.recipient(reverse_path.as_ref(), &forward_path).await;
                session.recipient_answered(&reply);
            }
            Step::Message { peer, envelope, octets } => {
                let replies = handler.message(&peer, envelope, octets).await;
                session.message_answered(&replies);
                if *shutdown.borrow() {
                    session.shut_down();
                    return true;
                }
            }
            Step::Close => return true,
        }
    }
    false
}

async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    session: &mut Session,
    limits: &Limits,
) -> io::Result<()> {
    let output = session.take_output();
    if output.is_empty() {
        return Ok(());
    }
    timeout(limits.command_timeout, stream.write_all(&output)).await?
}

/// Closes so that the client can read our last words: a socket closed with unread input resets
/// the connection, and the words are lost with it.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut ignored = Zeroizing::new(vec![0; READ_OCTETS]);
    let drained = timeout(LINGER, async { while stream.read(&mut ignored).await.is_ok_and(|n| n > 0) {} });
    // Whoever still talks after that is cut.
    let _ = drained.await;
    Ok(())
}
