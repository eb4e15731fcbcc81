// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery key`: the key of a list.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chancery_crypto::{KeyAlgorithm, RevocationReason};
use chancery_mail::Address;
use chancery_mediator::{
    Rollover, export_key, export_revocation, import_key, revoke_key, rollover_key, show_keys,
};
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::Global;
use super::output::Output;
use crate::config::Config;
use crate::site::{Secrets, open_site};

/// Export, import, show, roll over and revoke the key of a list.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Print the public key, to be given to people
    Export(Export),
    /// Take a secret key that was made elsewhere; the present one retires
    Import(Import),
    /// Show the keys of a list and their state
    Show(Named),
    /// Make a new key; the old one opens mail for another 90 days
    Rollover(RollOver),
    /// Revoke the key for good, because somebody else may have it
    Revoke(Revoke),
}

/// A list.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The address of the list
    list: Address,
}

/// A key to print.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The address of the list
    list: Address,
    /// Print the revocation certificate instead, to be kept apart from the server: whoever publishes it ends the key
    #[arg(long)]
    revocation: bool,
}

/// A secret key.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The address of the list
    list: Address,
    /// The secret key, armored or binary
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the passphrase of that key, if it has one
    #[arg(long, value_name = "FILE")]
    key_passphrase_file: Option<PathBuf>,
}

/// A rollover.
#[derive(Debug, Args)]
pub(crate) struct RollOver {
    /// The address of the list
    list: Address,
    /// The algorithm of the new key: ed25519 (v4), ed25519-v6, rsa3072, rsa4096, p256
    #[arg(long, default_value = "ed25519")]
    algorithm: KeyAlgorithm,
}

/// A revocation.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The address of the list
    list: Address,
    /// compromised, superseded or retired
    #[arg(long, default_value = "compromised")]
    reason: RevocationReason,
}

impl Key {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        let config = Config::read(global.config.as_deref())?;
        let secrets = match self {
            Self::Export(Export { revocation: false, .. }) | Self::Show(_) => Secrets::NotNeeded,
            Self::Export(_) | Self::Import(_) | Self::Rollover(_) | Self::Revoke(_) => Secrets::Needed,
        };
        let site = open_site(&config, secrets, global.passphrase_file.as_deref()).await?;
        let actor = global.actor();
        match self {
            Self::Export(export) => {
                let armored = if export.revocation {
                    let octets = export_revocation(&site, &actor, &export.list).await?;
                    String::from_utf8_lossy(&octets).into_owned()
                } else {
                    export_key(&site, &export.list).await?
                };
                output.show(&serde_json::json!({ "key": armored }), |_| vec![armored.trim_end().to_owned()]);
            }
            Self::Show(named) => output.show(&show_keys(&site, &actor, &named.list).await?, |keys| {
                keys.iter()
                    .flat_map(|key| {
                        let until = key.opens_until.map(|at| format!(", opens mail until {at}"));
                        [
                            key.fingerprint.to_string(),
                            format!("  {}, {}{}", key.algorithm, key.state, until.unwrap_or_default()),
                            format!(
                                "  made {}, valid until {}",
                                key.created,
                                key.expires.map_or("for ever".to_owned(), |at| at.to_string())
                            ),
                        ]
                    })
                    .collect()
            }),
            Self::Import(import) => {
                let read = |file: &PathBuf| {
                    std::fs::read(file)
                        .map(Zeroizing::new)
                        .with_context(|| format!("cannot read {}; check the path", file.display()))
                };
                let secret = read(&import.file)?;
                let passphrase = import.key_passphrase_file.as_ref().map(read).transpose()?;
                let passphrase = passphrase.as_ref().map(|octets| octets.trim_ascii_end());
                let rollover = import_key(&site, &actor, &import.list, &secret, passphrase).await?;
                output.show(&rollover, words);
            }
            Self::Rollover(rollover) => {
                output.show(&rollover_key(&site, &actor, &rollover.list, rollover.algorithm).await?, words);
            }
            Self::Revoke(revoke) => {
                output.show(&revoke_key(&site, &actor, &revoke.list, revoke.reason).await?, |revoked| {
                    vec![
                        format!(
                            "Revoked {}. Publish this, then run `chancery key rollover {}`:",
                            revoked.fingerprint, revoke.list
                        ),
                        revoked.armored.clone(),
                    ]
                });
            }
        }
        Ok(())
    }
}

fn words(rollover: &Rollover) -> Vec<String> {
    vec![
        format!("New key  {}", rollover.new),
        format!("Old key  {}  opens mail for another 90 days", rollover.old),
        String::new(),
        "Publish this statement and the new key (`chancery key export`):".to_owned(),
        String::new(),
        rollover.statement.clone(),
    ]
}
