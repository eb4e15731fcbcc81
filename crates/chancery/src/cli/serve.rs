// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery serve`: the running server.

use std::fs::{File, TryLockError};
use std::io::IsTerminal as _;

use anyhow::{Context, Result, anyhow, bail};
use chancery_smtp::Protocol;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::output::Output;
use super::{Global, WrongUse};
use crate::config::Config;
use crate::serve::Server;
use crate::site::{Secrets, open_site};

/// Run the server: take mail in, judge it, deliver copies.
///
/// It ends on SIGTERM or Ctrl-C after what is under way; a killed server goes on where it was when
/// it is started again.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where LMTP is listened for, instead of what the configuration says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    lmtp: Option<String>,
    /// Where SMTP is listened for, instead of what the configuration says
    #[arg(long, value_name = "ADDRESS")]
    smtp: Option<String>,
    /// What is logged: error, warn, info, debug
    #[arg(long, default_value = "info", env = "CHANCERY_LOG")]
    log: String,
}

impl Serve {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        start_logging(&self.log, output.is_json())?;
        let mut config = Config::read(global.config.as_deref())?;
        if self.lmtp.is_some() {
            config.intake.lmtp.clone_from(&self.lmtp);
        }
        if self.smtp.is_some() {
            config.intake.smtp.clone_from(&self.smtp);
        }
        if config.hands_over_in_clear() {
            output.note(
                "warning: relay.security is none and the relay is another machine: who gets mail from which list can be \
                 read on the way; set starttls or smtps",
            );
        }
        let _alone = alone(&config)?;
        let site = open_site(&config, Secrets::Needed, global.passphrase_file.as_deref()).await?;
        let mut server = Server::start(&site, &config.doors(), &config.limits()).await?;
        for (protocol, address) in &server.doors {
            let protocol = match protocol {
                Protocol::Lmtp => "lmtp",
                Protocol::Smtp => "smtp",
            };
            output.note(&format!("listening {protocol} {address}"));
        }
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let crashed = tokio::select! {
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
            () = server.part_ended() => true,
        };
        output.note("ending what is under way");
        server.stop().await;
        site.database.close().await;
        if crashed {
            // Half a server must not look like a whole one: whoever watches it starts it again.
            bail!("a part of the server crashed; nothing is lost, start it again");
        }
        Ok(())
    }
}

/// Two servers on one SQLite database would take each other's work: the second does not start.
fn alone(config: &Config) -> Result<File> {
    let path = config.data.join("serve.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another server runs on {}; stop it first", config.data.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

fn start_logging(filter: &str, json: bool) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| WrongUse(format!("--log: {error}. Use error, warn, info or debug")))?;
    let colours = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = if json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))
}
