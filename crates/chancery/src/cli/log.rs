// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery log`: the owner's log of a list.

use anyhow::Result;
use chancery_mail::Address;
use chancery_mediator::read_log;
use clap::Args;

use super::Global;
use super::output::Output;
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Show the owner's log of a list: every judgement with all findings, why a post went out, was held,
/// or was refused, and whom no copy reached.
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// The address of the list
    list: Address,
    /// How many of the newest entries
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl Log {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        let config = Config::read(global.config.as_deref())?;
        let site = open_site(&config, Secrets::NotNeeded, None).await?;
        let lines = read_log(&site, &global.actor(), &self.list, self.limit).await?;
        output.show(&lines, |lines| {
            lines
                .iter()
                .map(|line| {
                    let decided = line.disposition.as_deref().unwrap_or("-");
                    format!("{}  {}: {decided}  {}  {}", line.at, line.event, line.findings, line.detail)
                })
                .collect()
        });
        Ok(())
    }
}
