// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line: one file a subcommand. Each names an operation and an actor, and shows what
//! comes back; none holds a policy.

mod completion;
mod demo;
mod held;
mod init;
mod key;
mod list;
mod log;
mod member;
mod output;
mod queue;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use chancery_mail::Address;
use chancery_mediator::{Actor, OperationError};
use clap::{Args, Parser, Subcommand};

pub(crate) use output::Output;

/// A mailing-list server for groups whose mail must stay private.
///
/// Members write to a list as they write to a person, encrypted to the list's key. Chancery opens
/// each letter, checks whose seal it bears, applies the list's rules, and seals a copy for every
/// member.
///
/// Begin with `chancery demo`, which shows all of it in a minute and leaves nothing behind, or with
/// `chancery init`, which makes a site.
#[derive(Debug, Parser)]
#[command(name = "chancery", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The configuration [default: ./chancery.toml, then /etc/chancery/chancery.toml]
    #[arg(long, global = true, env = "CHANCERY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file with the passphrase of the site key (only commands that touch secrets need it)
    #[arg(long, global = true, env = "CHANCERY_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// One JSON document on standard output, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Ask as this person instead of as the operator: to see what they may do
    #[arg(long = "as", global = true, value_name = "ADDRESS")]
    person: Option<Address>,
}

impl Global {
    fn actor(&self) -> Actor {
        self.person.clone().map_or(Actor::Operator, Actor::Person)
    }
}

/// What each does stands with its arguments, in its own file.
#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    #[command(subcommand)]
    List(list::List),
    #[command(subcommand)]
    Member(member::Member),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Held(held::Held),
    Queue(queue::Queue),
    Log(log::Log),
    Demo(demo::Demo),
    Completion(completion::Completion),
}

/// Parses, runs, and says how it ended: 0 done, 1 failed, 2 wrong use, 3 not there or not allowed.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&error.into(), 1),
    };
    match runtime.block_on(dispatch(&cli, &output)) {
        Ok(code) => code,
        Err(error) => {
            let code = exit_code(&error);
            output.failure(&error, code)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<OperationError>() {
        Some(OperationError::Invalid { .. }) => 2,
        Some(OperationError::NotFound(_) | OperationError::Conflict(_) | OperationError::Forbidden) => 3,
        Some(_) => 1,
        None if error.is::<WrongUse>() => 2,
        None => 1,
    }
}

/// The command line itself is wrong, beyond what the parser sees.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUse(String);

async fn dispatch(cli: &Cli, output: &Output) -> Result<ExitCode> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(command) => command.run(global, output).await?,
        Command::Serve(command) => command.run(global, output).await?,
        Command::List(command) => command.run(global, output).await?,
        Command::Member(command) => command.run(global, output).await?,
        Command::Key(command) => command.run(global, output).await?,
        Command::Held(command) => command.run(global, output).await?,
        Command::Queue(command) => return command.run(global, output).await,
        Command::Log(command) => command.run(global, output).await?,
        Command::Demo(command) => return command.run(output).await,
        Command::Completion(command) => command.run(),
    }
    Ok(ExitCode::SUCCESS)
}
