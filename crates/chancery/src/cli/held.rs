// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery held`: the posts that wait for a decision.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chancery_mail::Address;
use chancery_mediator::{HeldDecision, decide_held, list_held, show_held};
use clap::{Args, Subcommand};

use super::Global;
use super::output::Output;
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Show posts that wait for a decision, and decide.
#[derive(Debug, Subcommand)]
pub(crate) enum Held {
    /// Name them, with why each waits
    List(Named),
    /// A held post, encrypted to an owner's or moderator's key: open it with your mail program or gpg
    Show(Show),
    /// Let a post through
    Accept(Numbered),
    /// Refuse a post
    Reject(Numbered),
    /// Drop a post
    Discard(Numbered),
}

/// A list.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The address of the list
    list: Address,
}

/// One held post.
#[derive(Debug, Args)]
pub(crate) struct Numbered {
    /// The address of the list
    list: Address,
    /// Its number, from `chancery held list`
    id: i64,
}

/// One held post, for somebody's eyes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The address of the list
    list: Address,
    /// Its number, from `chancery held list`
    id: i64,
    /// The owner or moderator it is encrypted to [default: the only owner]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    /// Write it there instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Held {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        let config = Config::read(global.config.as_deref())?;
        let secrets = if let Self::Show(_) = self { Secrets::Needed } else { Secrets::NotNeeded };
        let site = open_site(&config, secrets, global.passphrase_file.as_deref()).await?;
        let actor = global.actor();
        let (numbered, decision) = match self {
            Self::List(named) => {
                output.show(&list_held(&site, &actor, &named.list).await?, |held| {
                    held.iter()
                        .map(|post| {
                            let from = post.from.as_ref().map_or("nobody".to_owned(), ToString::to_string);
                            format!(
                                "{}  {}  from {from}  {} octets  {}",
                                post.id, post.held_at, post.octets, post.findings
                            )
                        })
                        .collect()
                });
                return Ok(());
            }
            Self::Show(show) => {
                let message = show_held(&site, &actor, &show.list, show.id, show.to.as_ref()).await?;
                match &show.output {
                    Some(file) => std::fs::write(file, &message)
                        .with_context(|| format!("cannot write {}", file.display()))?,
                    None if output.is_json() => {
                        let message = String::from_utf8_lossy(&message);
                        output.show(&serde_json::json!({ "message": message }), |_| Vec::new());
                    }
                    None => output.raw(&message),
                }
                return Ok(());
            }
            Self::Accept(numbered) => (numbered, HeldDecision::Accept),
            Self::Reject(numbered) => (numbered, HeldDecision::Reject),
            Self::Discard(numbered) => (numbered, HeldDecision::Discard),
        };
        decide_held(&site, &actor, &numbered.list, numbered.id, decision).await?;
        let document = serde_json::json!({ "id": numbered.id, "decision": decision.as_str() });
        output.show(&document, |_| {
            let done = match decision {
                HeldDecision::Accept => "Accepted; it goes out as soon as the server takes it up.",
                HeldDecision::Reject => "Refused; it goes to nobody.",
                HeldDecision::Discard => "Dropped.",
            };
            vec![done.to_owned()]
        });
        Ok(())
    }
}
