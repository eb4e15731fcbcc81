// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery member`: the people of a list and their keys.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chancery_lists::{Disposition, Role};
use chancery_mail::Address;
use chancery_mediator::{
    MemberChange, MemberImport, MemberView, NewMember, add_member, import_members, list_members,
    remove_member, set_member, show_member,
};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::Global;
use super::output::Output;
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Add, import, show, change and remove the people of a list.
///
/// A member whose key is not confirmed gets no copy and cannot post. Confirm a key when you have
/// compared its fingerprint with the person.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Add one person
    Add(Add),
    /// Add many from a CSV file with the columns address, name, role, fingerprint
    Import(Import),
    /// Name the people of a list with the state of their keys
    List(Everybody),
    /// Show one person
    Show(Person),
    /// Change delivery, moderation or key of one person
    Set(Set),
    /// Take a person off the list and destroy their key here
    Remove(Remove),
}

/// Somebody new.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The address of the list
    list: Address,
    /// The person's address
    address: Address,
    /// member, owner, moderator or nonmember
    #[arg(long, default_value = "member")]
    role: Role,
    /// A name for people to read
    #[arg(long, default_value = "")]
    name: String,
    /// Their public key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// You have made sure that the key is theirs
    #[arg(long)]
    confirmed: bool,
    /// Take the key although none of its user IDs names the address
    #[arg(long)]
    any_user_id: bool,
}

/// Many people.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The address of the list
    list: Address,
    /// CSV with a header line: address, and if wanted name, role, fingerprint
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// A file of public keys, one after the other; each person gets the one that names them
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// You have made sure that the keys are theirs
    #[arg(long)]
    confirmed: bool,
}

/// All people of a list.
#[derive(Debug, Args)]
pub(crate) struct Everybody {
    /// The address of the list
    list: Address,
    /// Only those in this role
    #[arg(long)]
    role: Option<Role>,
}

/// One person.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// The address of the list
    list: Address,
    /// The person's address
    address: Address,
}

/// What to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The address of the list
    list: Address,
    /// The person's address
    address: Address,
    /// Another public key in place of theirs
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// You have made sure that the (new or present) key is theirs
    #[arg(long)]
    confirmed: bool,
    /// Take the key although none of its user IDs names the address
    #[arg(long)]
    any_user_id: bool,
    /// Deliver copies, or not
    #[arg(long, value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::Set)]
    delivery: Option<bool>,
    /// accept, hold, reject or discard their posts whatever the list's default; `default` takes it again
    #[arg(long, value_parser = disposition_or_default)]
    moderation: Option<Choice<Disposition>>,
    /// hidden or shown: whether their copies name their key (some programs need it); `default` takes the list's
    #[arg(long, value_parser = key_id_or_default)]
    recipient_key_id: Option<Choice<String>>,
}

/// A value of their own, or the list's default.
#[derive(Clone, Debug)]
pub(crate) enum Choice<T> {
    /// The list's default.
    Default,
    /// This.
    Own(T),
}

impl<T: Clone> Choice<T> {
    fn own(&self) -> Option<T> {
        match self {
            Self::Default => None,
            Self::Own(value) => Some(value.clone()),
        }
    }
}

fn disposition_or_default(text: &str) -> Result<Choice<Disposition>, String> {
    match text {
        "default" => Ok(Choice::Default),
        word => word.parse().map(Choice::Own).map_err(|error| format!("{error}")),
    }
}

fn key_id_or_default(text: &str) -> Result<Choice<String>, String> {
    match text {
        "default" => Ok(Choice::Default),
        "hidden" | "shown" => Ok(Choice::Own(text.to_owned())),
        _ => Err("use hidden, shown or default".to_owned()),
    }
}

/// Who is to go.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The address of the list
    list: Address,
    /// The person's address
    address: Address,
    /// Only from this role
    #[arg(long)]
    role: Option<Role>,
}

impl Member {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        let config = Config::read(global.config.as_deref())?;
        let site = open_site(&config, Secrets::NotNeeded, None).await?;
        let actor = global.actor();
        match self {
            Self::Add(add) => {
                let new = NewMember {
                    address: add.address.clone(),
                    role: add.role,
                    display_name: add.name.clone(),
                    key: read(add.key.as_ref())?,
                    confirmed: add.confirmed,
                    any_user_id: add.any_user_id,
                };
                output.show(&add_member(&site, &actor, &add.list, new).await?, words);
            }
            Self::Import(import) => {
                let csv = read(Some(&import.file))?.unwrap_or_default();
                let new = MemberImport { csv, keys: read(import.key.as_ref())?, confirmed: import.confirmed };
                let bar = ProgressBar::new(0);
                bar.set_style(
                    ProgressStyle::with_template("{wide_bar} {pos} of {len} people, {eta} left")
                        .unwrap_or_else(|_| ProgressStyle::default_bar()),
                );
                let mut progress = |done: usize, all: usize| {
                    bar.set_length(all as u64);
                    bar.set_position(done as u64);
                };
                let report = import_members(&site, &actor, &import.list, new, &mut progress).await?;
                bar.finish_and_clear();
                output.show(&report, |report| {
                    vec![format!(
                        "Subscribed {} people, {} of them with a key; {} were there already.",
                        report.subscribed,
                        report.with_key,
                        report.already.len()
                    )]
                });
            }
            Self::List(everybody) => {
                let mut views = Vec::new();
                let mut each = |view: MemberView| {
                    if output.is_json() { views.push(view) } else { output.raw(line(&view).as_bytes()) }
                };
                list_members(&site, &actor, &everybody.list, everybody.role, &mut each).await?;
                if output.is_json() {
                    output.show(&views, |_| Vec::new());
                }
            }
            Self::Show(person) => {
                output.show(&show_member(&site, &actor, &person.list, &person.address).await?, words);
            }
            Self::Set(set) => {
                let change = MemberChange {
                    enabled: set.delivery,
                    moderation: set.moderation.as_ref().map(Choice::own),
                    recipient_key_id: set.recipient_key_id.as_ref().map(Choice::own),
                    key: read(set.key.as_ref())?,
                    confirmed: set.confirmed,
                    any_user_id: set.any_user_id,
                };
                output.show(&set_member(&site, &actor, &set.list, &set.address, change).await?, words);
            }
            Self::Remove(remove) => {
                remove_member(&site, &actor, &remove.list, &remove.address, remove.role).await?;
                output.show(&serde_json::json!({ "removed": remove.address }), |_| {
                    vec![format!("Removed {} from {}.", remove.address, remove.list)]
                });
            }
        }
        Ok(())
    }
}

fn read(file: Option<&PathBuf>) -> Result<Option<Vec<u8>>> {
    match file {
        Some(file) => {
            let octets = std::fs::read(file)
                .with_context(|| format!("cannot read {}; check the path", file.display()))?;
            Ok(Some(octets))
        }
        None => Ok(None),
    }
}

fn line(view: &MemberView) -> String {
    let key = match &view.key {
        Some(key) => {
            let confirmed = if key.confirmed { "confirmed" } else { "not confirmed" };
            format!("{} {}, {confirmed}", key.fingerprint, key.state)
        }
        None => "no key".to_owned(),
    };
    format!("{}  {}  copies: {}  {key}\n", view.address, view.roles.join(","), view.copies)
}

fn words(view: &MemberView) -> Vec<String> {
    let mut lines = vec![
        view.address.to_string(),
        format!("  roles     {}", view.roles.join(", ")),
        format!("  delivery  {}", if view.enabled { "on" } else { "off" }),
        format!("  copies    {}", view.copies),
    ];
    if let Some(moderation) = &view.moderation {
        lines.push(format!("  posts     {moderation}"));
    }
    match &view.key {
        Some(key) => {
            lines.push(format!("  key       {}", key.fingerprint));
            lines.push(format!("            {}", key.state));
            lines.push(format!(
                "            {}",
                if key.confirmed {
                    "confirmed"
                } else {
                    "not confirmed: no copies, no posts; `chancery member set --confirmed`"
                }
            ));
            if let Some(expires) = key.expires {
                lines.push(format!("            until {expires}"));
            }
        }
        None => lines.push("  key       none".to_owned()),
    }
    lines
}
