// SPDX-License-Identifier: GPL-3.0-or-later
//! Alice, bob, carol and mallory: an address and a key each.

use std::time::Duration;

use chancery_crypto::{Certificate, KeyAlgorithm, KeyPair, Keyring, NewKey};
use chancery_mail::{Address, Instant};

/// 2026-01-01T00:00:00Z: when the tests begin.
pub(crate) const NOW: Instant = Instant::from_unix(1_767_225_600);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Somebody with a key that was made thirty days ago.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) address: Address,
    pub(crate) pair: KeyPair,
    pub(crate) ring: Keyring,
}

impl Person {
    pub(crate) fn new(name: &'static str) -> Self {
        Self::with_key(name, KeyAlgorithm::Ed25519V4, None)
    }

    pub(crate) fn with_key(name: &'static str, algorithm: KeyAlgorithm, lifetime: Option<Duration>) -> Self {
        let address: Address = format!("{name}@example.org").parse().unwrap();
        let new = NewKey { address: address.clone(), name: name.to_owned(), algorithm, lifetime };
        let (pair, _) = KeyPair::generate(&new, NOW.before(30 * DAY)).unwrap();
        let ring = Keyring::new(pair.clone(), Vec::new());
        Self { name, address, pair, ring }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.pair.certificate()
    }
}
