// SPDX-License-Identifier: GPL-3.0-or-later
//! A list server's stand-in, and clients that speak line by line.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use chancery_mail::{Address, Envelope};
use chancery_smtp::{Handler, Limits, Listener, Peer, Protocol, Reply, serve};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// What came of asking for one recipient, decided by its local part: `nobody` is unknown, `later`
/// is refused for now; the message fails for `full` (452) and `never` (554) after the text.
pub(crate) fn known(local: &str) -> Reply {
    match local {
        "nobody" => Reply::no_such_recipient(),
        "later" => Reply::new(450, (4, 2, 1), "try later"),
        _ => Reply::recipient_ok(),
    }
}

pub(crate) fn taken(local: &str) -> Reply {
    match local {
        "full" => Reply::new(452, (4, 2, 2), "full"),
        "never" => Reply::new(554, (5, 7, 1), "never"),
        _ => Reply::message_accepted(),
    }
}

#[derive(Default)]
pub(crate) struct Collecting {
    pub(crate) messages: Mutex<Vec<(Peer, Envelope, Vec<u8>)>>,
    /// With a gate, a message is answered only when the test opens it.
    pub(crate) gate: Option<(Notify, Notify)>,
}

impl Collecting {
    pub(crate) fn gated() -> Self {
        Self { gate: Some((Notify::new(), Notify::new())), ..Self::default() }
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let messages = self.messages.lock().unwrap();
        messages.iter().map(|(_, _, octets)| String::from_utf8(octets.clone()).unwrap()).collect()
    }
}

impl Handler for Collecting {
    async fn recipient(&self, _reverse_path: Option<&Address>, forward_path: &Address) -> Reply {
        known(forward_path.local())
    }

    async fn message(&self, peer: &Peer, envelope: Envelope, octets: Zeroizing<Vec<u8>>) -> Vec<Reply> {
        if let Some((arrived, open)) = &self.gate {
            arrived.notify_one();
            open.notified().await;
        }
        let replies = envelope.forward_paths.iter().map(|path| taken(path.local())).collect();
        self.messages.lock().unwrap().push((peer.clone(), envelope, octets.to_vec()));
        replies
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) handler: Arc<Collecting>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(protocol: Protocol, limits: Limits) -> Self {
        Self::start_at("127.0.0.1:0", protocol, limits, Collecting::default())
    }

    pub(crate) fn start_at(at: &str, protocol: Protocol, limits: Limits, handler: Collecting) -> Self {
        let listener = Listener::bind(at).unwrap();
        let address = listener.local_address();
        let handler = Arc::new(handler);
        let (stop, stopped) = watch::channel(false);
        let hostname = "lists.example.org".to_owned();
        let task = tokio::spawn(serve(listener, protocol, hostname, limits, Arc::clone(&handler), stopped));
        Self { address, handler, stop, task }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.address).await
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A client that says exactly what the test says.
pub(crate) struct Client(BufReader<Box<dyn Wire>>);

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream: Box<dyn Wire> = match address.strip_prefix("unix:") {
            Some(path) => Box::new(UnixStream::connect(path).await.unwrap()),
            None => Box::new(TcpStream::connect(address).await.unwrap()),
        };
        Self(BufReader::new(stream))
    }

    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(octets.as_ref()).await.unwrap();
    }

    /// One line without its end; empty when the server has closed.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        tokio::time::timeout(DEADLINE, self.0.read_line(&mut line)).await.unwrap().unwrap();
        line.trim_end().to_owned()
    }

    /// Reads one reply, of any number of lines; its last line.
    pub(crate) async fn reply(&mut self) -> String {
        loop {
            let line = self.line().await;
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    pub(crate) async fn expect(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{reply:?} instead of {start:?}");
    }

    pub(crate) async fn say(&mut self, line: &str, start: &str) {
        self.send(format!("{line}\r\n")).await;
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{line:?} was answered {reply:?} instead of {start:?}");
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        tokio::time::timeout(DEADLINE, self.0.read_to_end(&mut rest)).await.unwrap().unwrap();
        String::from_utf8(rest).unwrap()
    }
}

/// A relay that follows a script: each connection gets one, whose first entry is said at once and
/// each other one after something was heard. At the end of the script it closes.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    task: JoinHandle<Vec<String>>,
}

impl Scripted {
    pub(crate) async fn start(scripts: &[&[&str]]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scripts: Vec<Vec<String>> =
            scripts.iter().map(|script| script.iter().map(|&line| line.to_owned()).collect()).collect();
        let task = tokio::spawn(async move {
            let mut heard = Vec::new();
            for script in scripts {
                let (mut stream, _) = listener.accept().await.unwrap();
                heard.append(&mut follow(&mut stream, &script).await);
            }
            heard
        });
        Self { port, task }
    }

    /// What was heard, in the pieces in which it came.
    pub(crate) async fn heard(self) -> Vec<String> {
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap()
    }
}

/// Follows a script to its end, or until the client has gone.
pub(crate) async fn follow<S>(stream: &mut S, script: &[String]) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut heard = Vec::new();
    for (index, line) in script.iter().enumerate() {
        if index > 0 {
            let mut piece = vec![0; 65536];
            match stream.read(&mut piece).await {
                Ok(read) if read > 0 => {
                    heard.push(String::from_utf8_lossy(&piece[..read]).into_owned());
                }
                _ => return heard,
            }
        }
        if stream.write_all(line.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return heard;
        }
    }
    heard
}
