// SPDX-License-Identifier: GPL-3.0-or-later
//! A running server: doors for mail, the worker, the delivery, the upkeep of keys; and their end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chancery_mediator::{Intake, Site, deliver_outgoing, judge_inbound, look_after_site};
use chancery_smtp::{Limits, Listener, Protocol, serve as serve_mail};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// When a copy is tried again at which the server may have died several times.
const AFTER_CRASHES: Duration = Duration::from_secs(3600);

/// A server with its doors open.
pub(crate) struct Server {
    /// Each door with the address it really has (port 0 was replaced).
    pub(crate) doors: Vec<(Protocol, String)>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens the doors and starts the work.
    ///
    /// # Errors
    /// When a door cannot be opened: which, and why.
    pub(crate) async fn start(
        site: &Arc<Site>,
        doors: &[(Protocol, String)],
        limits: &Limits,
    ) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut open = Vec::new();
        let intake = Arc::new(Intake::new(Arc::clone(site)));
        // One SQLite database has one server: what another left in the middle is free again.
        site.database.release_all(site.now().after(AFTER_CRASHES)).await?;
        for (protocol, address) in doors {
            let listener = Listener::bind(address).with_context(|| {
                format!("cannot listen on {address} (host:port, or unix:/path, where nothing else listens)")
            })?;
            open.push((*protocol, listener.local_address()));
            let (intake, limits, stopped) = (Arc::clone(&intake), limits.clone(), stopped.clone());
            let (protocol, hello) = (*protocol, site.config.domain.clone());
            tasks.spawn(async move {
                serve_mail(listener, protocol, hello, limits, intake, stopped).await;
            });
        }
        let name = format!("{}", std::process::id());
        tasks.spawn(judge_inbound(Arc::clone(site), name.clone(), stopped.clone()));
        tasks.spawn(deliver_outgoing(Arc::clone(site), name, stopped.clone()));
        tasks.spawn(look_after_site(Arc::clone(site), stopped));
        Ok(Self { doors: open, stop, tasks })
    }

    /// Waits until one of its parts ends by itself, which none should.
    pub(crate) async fn part_ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Lets what is under way end, then ends.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more only when every task has ended already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
