// SPDX-License-Identifier: GPL-3.0-or-later
//! What every operation and every step of the walk needs: the database, the clock, chance, the
//! configuration, and the vault if it is unlocked.

use std::sync::{Arc, Mutex};

use chancery_mail::{Clock, Instant};
use chancery_smtp::Relay;
use chancery_store::Database;
use rand::RngCore;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::Notify;

use crate::{OperationError, Vault};

/// What the configuration says, as far as operations and the walk need it.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    /// The mail domain of the site's lists.
    pub domain: String,
    /// Where outgoing mail is handed over.
    pub relay: Relay,
    /// How many connections to the relay are kept warm.
    pub relay_connections: usize,
    /// How many `Received` fields a message may carry before it is taken for a loop.
    pub received_limit: usize,
}

/// One running site. Cheap to share behind an `Arc`; holds no state that the database does not.
pub struct Site {
    /// Everything durable.
    pub database: Database,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What the configuration says.
    pub config: SiteConfig,
    /// The secrets, when they are unlocked.
    vault: Option<Arc<Vault>>,
    chance: Mutex<StdRng>,
    /// Rung when there is new work for the worker or the delivery in this process.
    pub(crate) bell: Notify,
}

impl Site {
    /// Wires a site together. `seed` feeds ids, boundaries and jitter, never a key.
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        config: SiteConfig,
        vault: Option<Vault>,
        seed: [u8; 32],
    ) -> Self {
        Self {
            database,
            clock,
            config,
            vault: vault.map(Arc::new),
            chance: Mutex::new(StdRng::from_seed(seed)),
            bell: Notify::new(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The unlocked secrets.
    ///
    /// # Errors
    /// [`OperationError::Locked`] when no passphrase was given.
    pub fn vault(&self) -> Result<&Arc<Vault>, OperationError> {
        self.vault.as_ref().ok_or(OperationError::Locked)
    }

    /// A generator of its own for one act, drawn from the site's seed.
    pub(crate) fn chance(&self) -> StdRng {
        let mut seed = [0_u8; 32];
        match self.chance.lock() {
            Ok(mut chance) => chance.fill_bytes(&mut seed),
            Err(poisoned) => poisoned.into_inner().fill_bytes(&mut seed),
        }
        StdRng::from_seed(seed)
    }
}
