// SPDX-License-Identifier: GPL-3.0-or-later
//! Chancery: a mailing-list server for groups whose mail must stay private.

mod allocator;
mod cli;
mod clock;
mod config;
mod demo;
mod guard;
mod passphrase;
mod serve;
mod site;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::give_large_blocks_back();
    guard::keep_memory_private();
    guard::keep_panics_silent();
    cli::run()
}
