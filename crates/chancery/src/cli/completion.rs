// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery completion`: completion for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for your shell: `chancery completion bash > /etc/bash_completion.d/chancery`.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(&self) {
        let mut command = super::Cli::command();
        clap_complete::generate(self.shell, &mut command, "chancery", &mut std::io::stdout());
    }
}
