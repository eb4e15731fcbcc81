// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery queue`: what is on its way.

use std::process::ExitCode;
use std::time::{Duration, Instant as Stopwatch};

use anyhow::Result;
use chancery_mediator::{QueueView, drop_parked, queue, retry_now, retry_parked};
use clap::{Args, Subcommand};

use super::Global;
use super::output::Output;
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Show what is inbound, held, outgoing and parked.
///
/// With --wait it waits until nothing moves any more (all is delivered, held or parked) and exits
/// with 0, or with 1 when the time is up.
#[derive(Debug, Args)]
pub(crate) struct Queue {
    /// Wait so long for everything to be still
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    #[command(subcommand)]
    act: Option<Act>,
}

/// What to do with what is queued.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Handle a parked message once more; without a number: try all delayed copies now
    Retry {
        /// Its number, from `chancery queue`
        id: Option<i64>,
    },
    /// Delete a parked message
    Drop {
        /// Its number, from `chancery queue`
        id: i64,
    },
}

impl Queue {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<ExitCode> {
        let config = Config::read(global.config.as_deref())?;
        let site = open_site(&config, Secrets::NotNeeded, None).await?;
        let actor = global.actor();
        match self.act {
            Some(Act::Retry { id: Some(id) }) => retry_parked(&site, &actor, id).await?,
            Some(Act::Retry { id: None }) => retry_now(&site, &actor).await?,
            Some(Act::Drop { id }) => drop_parked(&site, &actor, id).await?,
            None => {}
        }
        let mut view = queue(&site, &actor).await?;
        if let Some(seconds) = self.wait {
            let begun = Stopwatch::now();
            while !view.is_still() && begun.elapsed() < Duration::from_secs(seconds) {
                tokio::time::sleep(Duration::from_millis(100)).await;
                view = queue(&site, &actor).await?;
            }
        }
        output.show(&view, words);
        let late = self.wait.is_some() && !view.is_still();
        Ok(if late { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn words(view: &QueueView) -> Vec<String> {
    let mut lines = vec![
        format!("inbound   {}", view.inbound),
        format!("held      {}", view.held),
        format!("outgoing  {}", view.outgoing),
    ];
    if view.retrying > 0 {
        let next = view.next_retry.map_or(String::new(), |at| format!(", the next at {at}"));
        lines.push(format!("          {} of them delayed{next}", view.retrying));
    }
    lines.push(format!("parked    {}", view.parked.len()));
    for parked in &view.parked {
        lines.push(format!(
            "  {}  {}  {} ({}): {}",
            parked.id, parked.received_at, parked.list, parked.part, parked.why
        ));
    }
    lines.extend(view.warnings.iter().map(|warning| format!("! {warning}")));
    lines
}
