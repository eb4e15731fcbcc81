// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery demo`: the whole way of a post, told line by line.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::output::Output;

/// Show the whole way of a post on a server of its own: a list, three members with keys made on the
/// spot, a signed and encrypted post handed in over LMTP, every copy opened with one member's key
/// alone, and three refusals. Nothing is left behind.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the server running afterwards, and print its addresses
    #[arg(long)]
    stay: bool,
}

impl Demo {
    pub(crate) async fn run(&self, output: &Output) -> Result<ExitCode> {
        let held = crate::demo::run(output, self.stay).await?;
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
