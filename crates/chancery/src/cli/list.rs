// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery list`: create, show, change and delete lists.

use anyhow::Result;
use chancery_crypto::KeyAlgorithm;
use chancery_mail::Address;
use chancery_mediator::{ListView, NewList, create_list, delete_list, list_lists, set_list, show_list};
use clap::{Args, Subcommand};

use super::output::Output;
use super::{Global, WrongUse};
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Create, show, change and delete lists.
#[derive(Debug, Subcommand)]
pub(crate) enum List {
    /// Create a list with a key of its own
    Create(Create),
    /// Name the lists of the site
    #[command(name = "list")]
    All,
    /// Show what a poster may do, the list's key, its people and settings
    Show(Named),
    /// Change settings: name=value, as many as you like; all or none
    Set(Set),
    /// Explain every setting
    Settings,
    /// Delete a list with its keys, its people and all that is held or queued
    Delete(Delete),
}

/// A list.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The address of the list
    list: Address,
}

/// A new list. Without settings it takes only posts that are encrypted to it and signed by a member.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The address of the list, such as friends@lists.example.org
    list: Address,
    /// A setting that differs from the default; `chancery list settings` explains them
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    settings: Vec<(String, String)>,
    /// The algorithm of its key: ed25519 (v4), ed25519-v6, rsa3072, rsa4096, p256
    #[arg(long, default_value = "ed25519")]
    algorithm: KeyAlgorithm,
}

/// Settings to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The address of the list
    list: Address,
    /// What to change
    #[arg(value_name = "NAME=VALUE", value_parser = name_and_value, required = true)]
    settings: Vec<(String, String)>,
}

/// A list to delete.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The address of the list
    list: Address,
    /// Do it: what is deleted cannot be brought back
    #[arg(long)]
    yes: bool,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or("write it as name=value, such as sign_policy=mandatory")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

impl List {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        if let Self::Settings = self {
            explain_settings(output);
            return Ok(());
        }
        let config = Config::read(global.config.as_deref())?;
        let secrets = if let Self::Create(_) = self { Secrets::Needed } else { Secrets::NotNeeded };
        let site = open_site(&config, secrets, global.passphrase_file.as_deref()).await?;
        let actor = global.actor();
        match self {
            Self::Create(new) => {
                let new = NewList {
                    address: new.list.clone(),
                    settings: new.settings.clone(),
                    algorithm: new.algorithm,
                };
                output.show(&create_list(&site, &actor, new).await?, words);
            }
            Self::All => output.show(&list_lists(&site, &actor).await?, |lines| {
                lines
                    .iter()
                    .map(|line| {
                        let key = line.fingerprint.as_ref().map(ToString::to_string).unwrap_or_default();
                        format!("{}  {} members  {key}", line.address, line.members)
                    })
                    .collect()
            }),
            Self::Show(named) => output.show(&show_list(&site, &actor, &named.list).await?, words),
            Self::Set(set) => {
                output.show(&set_list(&site, &actor, &set.list, &set.settings).await?, words);
            }
            Self::Delete(delete) => {
                if !delete.yes {
                    return Err(WrongUse(format!(
                        "this destroys the keys, people and queued posts of {} for good; add --yes if you mean it",
                        delete.list
                    ))
                    .into());
                }
                delete_list(&site, &actor, &delete.list).await?;
                output.show(&serde_json::json!({ "deleted": delete.list }), |_| {
                    vec![format!("Deleted {} with its keys and everything that belonged to it.", delete.list)]
                });
            }
            Self::Settings => {}
        }
        Ok(())
    }
}

fn words(view: &ListView) -> Vec<String> {
    let mut lines = vec![
        view.address.to_string(),
        format!("  key          {}", view.fingerprint),
        format!(
            "  valid until  {}",
            view.key_expires.map_or("for ever".to_owned(), |at| format!("{at} (extended each year)"))
        ),
    ];
    let people: Vec<String> = view.people.iter().map(|(role, count)| format!("{count} {role}")).collect();
    lines.push(format!("  people       {}", people.join(", ")));
    lines.push(String::new());
    lines.extend(view.plain_words.iter().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.push("Settings:".to_owned());
    lines.extend(view.settings.iter().map(|(name, value)| format!("  {name} = {value}")));
    if !view.without_copies.is_empty() {
        lines.push(String::new());
        lines.push("Members whom no copy reaches:".to_owned());
        lines
            .extend(view.without_copies.iter().map(|member| format!("  {}: {}", member.address, member.why)));
    }
    if !view.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(view.warnings.iter().map(|warning| format!("! {warning}")));
    }
    lines
}

fn explain_settings(output: &Output) {
    let declared: Vec<serde_json::Value> = chancery_lists::settings()
        .iter()
        .map(|setting| {
            serde_json::json!({
                "name": setting.name,
                "default": setting.default,
                "accepted": setting.accepted,
                "words": setting.plain_words,
            })
        })
        .collect();
    output.show(&declared, |_| {
        chancery_lists::settings()
            .iter()
            .flat_map(|setting| {
                let accepted = setting.accepted.join("|");
                let accepted = if accepted.is_empty() { "text".to_owned() } else { accepted };
                [
                    format!("{} = {}   ({accepted})", setting.name, setting.default),
                    format!("    {}", setting.plain_words),
                ]
            })
            .collect()
    });
}
