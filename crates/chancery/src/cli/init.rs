// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery init`: a commented configuration, the database, the site key.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use chancery_crypto::PassphraseCost;
use chancery_mediator::Vault;
use chancery_store::Database;
use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::{Global, WrongUse};
use crate::config::host_and_port;
use crate::passphrase::new_passphrase;

/// Make a site: a directory with a commented chancery.toml, the database, and the site key, which
/// seals every private key under your passphrase.
///
/// Without --passphrase-file you are asked for the passphrase, and `chancery serve` asks for it each
/// time. Nobody can recover it.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The directory to make the site in; it must not hold one yet
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The mail domain of the lists, such as lists.example.org
    #[arg(long)]
    domain: String,
    /// Where the MTA hands mail in by LMTP: host:port, or unix:/path
    #[arg(long, default_value = "127.0.0.1:8024")]
    lmtp: String,
    /// Where copies are handed over by SMTP
    #[arg(long, default_value = "127.0.0.1:25")]
    relay: String,
    /// Make the site key cheap to open: for tests and small machines only
    #[arg(long, hide = true)]
    cheap_passphrase: bool,
}

#[derive(Serialize)]
struct Made {
    config: PathBuf,
    database: PathBuf,
    domain: String,
}

impl Init {
    pub(crate) async fn run(&self, global: &Global, output: &Output) -> Result<()> {
        let probe = format!("list@{}", self.domain).parse::<chancery_mail::Address>();
        if let Err(error) = probe {
            return Err(WrongUse(format!("--domain {}: {error}", self.domain)).into());
        }
        host_and_port(&self.relay).map_err(|error| WrongUse(format!("--relay: {error}")))?;
        let config = self.data.join("chancery.toml");
        let database = self.data.join("chancery.db");
        if let Some(there) = [&config, &database].into_iter().find(|path| path.exists()) {
            return Err(WrongUse(format!(
                "{} is there already; nothing was changed. Choose another directory, or remove it if you mean to lose \
                 that site",
                there.display()
            ))
            .into());
        }
        let passphrase = new_passphrase(global.passphrase_file.as_deref())?;
        fs::create_dir_all(&self.data)
            .with_context(|| format!("cannot make the directory {}", self.data.display()))?;
        private(&self.data, 0o700)?;
        let store = Database::create(&database)
            .await
            .with_context(|| format!("cannot make the database {}", database.display()))?;
        let cost = if self.cheap_passphrase { PassphraseCost::cheap() } else { PassphraseCost::default() };
        let made = async {
            Vault::create(&store, &passphrase, cost).await?;
            fs::write(&config, self.text(global)?)
                .with_context(|| format!("cannot write {}", config.display()))?;
            private(&config, 0o600)
        };
        if let Err(error) = made.await {
            // Half a site would be in the way of the next try.
            store.close().await;
            let _ = (fs::remove_file(&database), fs::remove_file(&config));
            return Err(error);
        }
        let config = config.canonicalize().unwrap_or(config);
        let made = Made { config, database, domain: self.domain.to_lowercase() };
        output.show(&made, |made| {
            let config = made.config.display();
            vec![
                format!("Made the site {} in {}.", made.domain, self.data.display()),
                format!("  configuration  {config}"),
                format!("  database       {}", made.database.display()),
                String::new(),
                "Next:".to_owned(),
                format!("  export CHANCERY_CONFIG={config}"),
                format!("  chancery list create friends@{}", made.domain),
                format!(
                    "  chancery member add friends@{} you@example.org --role owner --key FILE --confirmed",
                    made.domain
                ),
                "  chancery serve".to_owned(),
            ]
        });
        Ok(())
    }

    fn text(&self, global: &Global) -> Result<String> {
        let passphrase = match &global.passphrase_file {
            Some(file) => {
                let file = file.canonicalize().with_context(|| format!("no file {}", file.display()))?;
                format!("passphrase_file = {}", quoted(&file.display().to_string()))
            }
            None => "# passphrase_file = \"/etc/chancery/passphrase\"".to_owned(),
        };
        Ok(format!(
            r#"# Chancery: the configuration of one site. Lists have settings of their own: `chancery list show`.

# The mail domain of the lists.
domain = {domain}

# The directory of the database, relative to this file.
data = "."

# The passphrase of the site key, if the server is to start by itself. Better is a systemd credential named
# chancery-passphrase; without either you are asked at the terminal.
{passphrase}

[intake]
# Where the MTA hands mail in: host:port, or unix:/path; "" for nowhere. Only the MTA should reach it.
lmtp = {lmtp}
# The same by SMTP.
# smtp = "127.0.0.1:8025"
# The largest message, in octets.
message_octets = 41943040
# The most recipients of one transaction, and connections at a time.
recipients = 100
connections = 64
# The most Received fields before a message is taken for a loop.
received_limit = 50

[relay]
# Where copies are handed over.
address = {relay}
# none, starttls or smtps. The last two are required and verified: no copy goes out without.
security = "none"
# The CAs that the relay's certificate must come from, instead of the system's.
# ca_file = "relay-ca.pem"
# How many connections are kept warm.
connections = 4
"#,
            domain = quoted(&self.domain.to_lowercase()),
            lmtp = quoted(&self.lmtp),
            relay = quoted(&self.relay),
        ))
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn private(path: &std::path::Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the permissions of {}", path.display()))
}
