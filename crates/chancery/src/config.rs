// SPDX-License-Identifier: GPL-3.0-or-later
//! `chancery.toml`: what the operator decides. Lists have their own settings, in the database.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use chancery_mail::Address;
use chancery_mediator::SiteConfig;
use chancery_smtp::{Limits, Protocol, Relay, Security, Timeouts, Transport};
use serde::Deserialize;

/// Where a configuration is looked for when none is named.
const PLACES: &[&str] = &["chancery.toml", "/etc/chancery/chancery.toml"];

/// The configuration of one site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The mail domain of the lists.
    pub(crate) domain: String,
    /// The directory of the database; relative to the file.
    #[serde(default = "here")]
    pub(crate) data: PathBuf,
    /// A file with the passphrase of the site key, if the server is to start by itself.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Taking mail in.
    #[serde(default)]
    pub(crate) intake: IntakeConfig,
    /// Handing mail over.
    #[serde(default)]
    pub(crate) relay: RelayConfig,
}

fn here() -> PathBuf {
    PathBuf::from(".")
}

/// Taking mail in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IntakeConfig {
    /// Where LMTP is listened for: `127.0.0.1:8024`, or `unix:/run/chancery/lmtp.sock`.
    pub(crate) lmtp: Option<String>,
    /// Where SMTP is listened for.
    pub(crate) smtp: Option<String>,
    /// The largest message, in octets.
    pub(crate) message_octets: usize,
    /// The most recipients of one transaction.
    pub(crate) recipients: usize,
    /// The most connections at a time.
    pub(crate) connections: usize,
    /// The most `Received` fields before a message is taken for a loop.
    pub(crate) received_limit: usize,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self {
            lmtp: Some("127.0.0.1:8024".to_owned()),
            smtp: None,
            message_octets: 40 * 1024 * 1024,
            recipients: 100,
            connections: 64,
            received_limit: 50,
        }
    }
}

/// Handing mail over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RelayConfig {
    /// Host and port of the relay.
    pub(crate) address: String,
    /// `none`, `starttls` or `smtps`; the last two are required and verified, never downgraded.
    pub(crate) security: String,
    /// The CAs that the relay's certificate must come from, instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// How many connections are kept warm.
    pub(crate) connections: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:25".to_owned(),
            security: "none".to_owned(),
            ca_file: None,
            connections: 4,
        }
    }
}

impl Config {
    /// Reads the named file, or the first that is found.
    ///
    /// # Errors
    /// Says which file and which field, and what to do.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => PLACES.iter().map(PathBuf::from).find(|path| path.exists()).with_context(|| {
                format!(
                    "there is no configuration ({}). Run `chancery init --data DIR --domain DOMAIN` first, or name \
                     one with --config FILE or CHANCERY_CONFIG",
                    PLACES.join(", ")
                )
            })?,
        };
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("cannot read the configuration {}; check the path and its permissions", path.display())
        })?;
        let mut config: Self = toml::from_str(&text).with_context(|| {
            format!("{} is not as it should be; correct the line it names", path.display())
        })?;
        config.domain = config.domain.to_lowercase();
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        config.data = folder.join(&config.data);
        config.passphrase_file = config.passphrase_file.map(|file| folder.join(file));
        config.relay.ca_file = config.relay.ca_file.map(|file| folder.join(file));
        config.check().with_context(|| format!("{}: correct it", path.display()))?;
        Ok(config)
    }

    /// What would fail later, and in the dark, is said at once.
    fn check(&self) -> Result<()> {
        if let Err(error) = format!("list@{}", self.domain).parse::<Address>() {
            bail!("domain: `{}`: {error}", self.domain);
        }
        let numbers = [
            ("intake.message_octets", self.intake.message_octets),
            ("intake.recipients", self.intake.recipients),
            ("intake.connections", self.intake.connections),
            ("intake.received_limit", self.intake.received_limit),
            ("relay.connections", self.relay.connections),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|(_, number)| *number == 0) {
            bail!("{name}: 0 would let nothing through");
        }
        // Reads the file of CAs, and says what is wrong with it.
        Transport::new(self.relay()?, Timeouts::default()).map_err(|error| anyhow!("relay: {error}"))?;
        Ok(())
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("chancery.db")
    }

    /// What operations and the walk need to know.
    ///
    /// # Errors
    /// When the relay is not written as it should be.
    pub(crate) fn site(&self) -> Result<SiteConfig> {
        Ok(SiteConfig {
            domain: self.domain.clone(),
            relay: self.relay()?,
            relay_connections: self.relay.connections,
            received_limit: self.intake.received_limit,
        })
    }

    /// What the doors allow.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            message_octets: self.intake.message_octets,
            recipients: self.intake.recipients,
            connections: self.intake.connections,
            ..Limits::default()
        }
    }

    /// The doors for mail.
    pub(crate) fn doors(&self) -> Vec<(Protocol, String)> {
        let lmtp = self.intake.lmtp.iter().map(|address| (Protocol::Lmtp, address.clone()));
        let smtp = self.intake.smtp.iter().map(|address| (Protocol::Smtp, address.clone()));
        // An empty address switches a door off.
        lmtp.chain(smtp).filter(|(_, address)| !address.is_empty()).collect()
    }

    fn relay(&self) -> Result<Relay> {
        let (host, port) = host_and_port(&self.relay.address).context("relay.address")?;
        let security = match self.relay.security.as_str() {
            "none" => Security::None,
            "starttls" => Security::StartTls,
            "smtps" => Security::Smtps,
            other => bail!("relay.security: `{other}` is none of none, starttls, smtps"),
        };
        Ok(Relay { host, port, security, ca_file: self.relay.ca_file.clone(), hello: self.domain.clone() })
    }
}

/// `host:port`, also `[::1]:25`.
pub(crate) fn host_and_port(text: &str) -> Result<(String, u16)> {
    let wrong = || format!("`{text}` is not host:port, such as 127.0.0.1:25");
    let (host, port) = text.rsplit_once(':').with_context(wrong)?;
    let port = port.parse().with_context(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        bail!(wrong());
    }
    Ok((host.to_owned(), port))
}
