// SPDX-License-Identifier: GPL-3.0-or-later
//! Where the copies of the demonstration arrive: an SMTP server that keeps them in memory.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use chancery_mail::{Address, Envelope};
use chancery_smtp::{Handler, Limits, Listener, Peer, Protocol, Reply, serve};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// A message that arrived, and for whom.
type Arrived = (Address, Vec<u8>);

/// The sink; it ends when it is dropped.
pub(super) struct Sink {
    pub(super) port: u16,
    kept: Arc<Kept>,
    /// Kept alive: when it goes, the server stops.
    _stop: watch::Sender<bool>,
}

#[derive(Default)]
struct Kept(Mutex<Vec<Arrived>>);

impl Sink {
    pub(super) async fn start() -> Result<Self> {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen on a loopback port")?;
        let address = listener.local_address();
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = port.with_context(|| format!("no port in {address}"))?;
        let (stop, stopped) = watch::channel(false);
        let kept = Arc::new(Kept::default());
        let handler = Arc::clone(&kept);
        tokio::spawn(async move {
            serve(
                listener,
                Protocol::Smtp,
                "sink.example.org".to_owned(),
                Limits::default(),
                handler,
                stopped,
            )
            .await;
        });
        Ok(Self { port, kept, _stop: stop })
    }

    /// How many messages arrived.
    pub(super) fn count(&self) -> usize {
        self.kept.0.lock().map_or(0, |kept| kept.len())
    }

    /// The newest message to somebody.
    pub(super) fn message_to(&self, address: &Address) -> Option<Vec<u8>> {
        let kept = self.kept.0.lock().ok()?;
        kept.iter().rev().find(|(to, _)| to == address).map(|(_, octets)| octets.clone())
    }
}

impl Handler for Kept {
    async fn recipient(&self, _reverse_path: Option<&Address>, _forward_path: &Address) -> Reply {
        Reply::recipient_ok()
    }

    async fn message(&self, _peer: &Peer, envelope: Envelope, octets: Zeroizing<Vec<u8>>) -> Vec<Reply> {
        let Ok(mut kept) = self.0.lock() else { return vec![Reply::local_error()] };
        kept.extend(envelope.forward_paths.iter().map(|to| (to.clone(), octets.to_vec())));
        envelope.forward_paths.iter().map(|_| Reply::message_accepted()).collect()
    }
}
