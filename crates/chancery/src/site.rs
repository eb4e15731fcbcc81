// SPDX-License-Identifier: GPL-3.0-or-later
//! From a configuration to a site: the database opened, the secrets unlocked when they are needed.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use chancery_mediator::{Site, Vault};
use chancery_store::Database;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::passphrase::passphrase;

/// Whether an act touches private keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// It needs them: the passphrase is asked for.
    Needed,
    /// It does not.
    NotNeeded,
}

/// Opens the site of a configuration.
///
/// # Errors
/// When the database is not there or does not open, or the passphrase is wrong.
pub(crate) async fn open_site(
    config: &Config,
    secrets: Secrets,
    passphrase_file: Option<&Path>,
) -> Result<Arc<Site>> {
    let database = Database::open(&config.database()).await.with_context(|| {
        format!("cannot open the database {}; `chancery init` makes one", config.database().display())
    })?;
    let vault = match secrets {
        Secrets::Needed => {
            let passphrase = passphrase(passphrase_file, config.passphrase_file.as_deref())?;
            Some(Vault::unlock(&database, &passphrase).await?)
        }
        Secrets::NotNeeded => None,
    };
    Ok(Arc::new(Site::new(database, Arc::new(SystemClock), config.site()?, vault, seed())))
}

/// A seed for ids, boundaries and jitter.
#[expect(clippy::disallowed_methods, reason = "the wiring is where chance comes from")]
pub(crate) fn seed() -> [u8; 32] {
    let mut seed = [0_u8; 32];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut seed);
    seed
}
