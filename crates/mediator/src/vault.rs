// SPDX-License-Identifier: GPL-3.0-or-later
//! The secrets of the site: every private key lies in the database sealed under the site key, and
//! is opened here, for as long as one act needs it.

use chancery_crypto::{KeyPair, Keyring, PassphraseCost, SiteKey};
use chancery_store::{Database, KeyPurpose, ListId, ListKeyRow, ListKeyState};
use zeroize::Zeroizing;

use crate::OperationError;

/// The name under which the sealed site key lies in the database.
const SITE_KEY: &str = "site_key";

/// The unlocked site key.
pub struct Vault {
    site_key: SiteKey,
}

impl Vault {
    /// Makes a site key and stores it sealed under a passphrase.
    ///
    /// # Errors
    /// When there is one already, or the database fails.
    pub async fn create(
        database: &Database,
        passphrase: &[u8],
        cost: PassphraseCost,
    ) -> Result<Self, OperationError> {
        if database.site_value(SITE_KEY).await?.is_some() {
            return Err(OperationError::Conflict(
                "this data directory has a site key already; choose another directory".to_owned(),
            ));
        }
        let site_key = SiteKey::generate().map_err(crypto)?;
        let sealed = site_key.seal_with_passphrase(passphrase, cost).map_err(crypto)?;
        database.put_site_value(SITE_KEY, &sealed).await?;
        Ok(Self { site_key })
    }

    /// Opens the site key with the passphrase.
    ///
    /// # Errors
    /// When the passphrase is wrong or there is no site key.
    pub async fn unlock(database: &Database, passphrase: &[u8]) -> Result<Self, OperationError> {
        let sealed = database.site_value(SITE_KEY).await?.ok_or_else(|| {
            OperationError::NotFound("this database has no site key; run `chancery init` first".to_owned())
        })?;
        let site_key = SiteKey::open_with_passphrase(&sealed, passphrase).map_err(|_| {
            OperationError::invalid(
                "passphrase",
                "it does not open the site key",
                "Check the file or type it again; without it no secret of this site can be read",
            )
        })?;
        Ok(Self { site_key })
    }

    /// The secret of a list key, sealed for the database. The context binds it to its place: a row
    /// that somebody moves to another list or purpose does not open there.
    pub(crate) fn seal_key(
        &self,
        list: ListId,
        purpose: KeyPurpose,
        key: &KeyPair,
    ) -> Result<Vec<u8>, OperationError> {
        let context = key_context(list, purpose, &key.certificate().fingerprint().to_string());
        self.site_key.seal_secret(&context, &key.octets()).map_err(crypto)
    }

    /// Opens the secret of a list key.
    pub(crate) fn open_key(
        &self,
        list: ListId,
        purpose: KeyPurpose,
        row: &ListKeyRow,
    ) -> Result<KeyPair, OperationError> {
        let context = key_context(list, purpose, &row.fingerprint.to_string());
        let octets = self.site_key.open_secret(&context, &row.sealed_secret).map_err(crypto)?;
        KeyPair::parse(&octets, None).map_err(crypto)
    }

    /// Seals some other secret (a revocation certificate) for the database.
    pub(crate) fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, OperationError> {
        self.site_key.seal_secret(context, secret).map_err(crypto)
    }

    /// Opens what [`Vault::seal`] sealed.
    pub(crate) fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OperationError> {
        self.site_key.open_secret(context, sealed).map_err(crypto)
    }

    /// The token of a copy's return path: unforgeable and unreadable without the site key.
    pub(crate) fn bounce_token(&self, list: ListId, delivery: i64) -> Result<String, OperationError> {
        self.site_key.bounce_token(list.0, delivery).map_err(crypto)
    }

    /// A key of its own for one purpose, for authentication codes.
    pub(crate) fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; 32]>, OperationError> {
        self.site_key.derive(purpose).map_err(crypto)
    }

    /// The keys that mail to the list is opened with: those in use and those that a rollover keeps
    /// opening for a while. The first signs.
    pub(crate) async fn keyring(
        &self,
        database: &Database,
        list: ListId,
        purpose: KeyPurpose,
        now: chancery_mail::Instant,
    ) -> Result<Keyring, OperationError> {
        let mut pairs = Vec::new();
        let rows = database.list_keys(list, purpose).await?;
        // An older key must not sign in the place of a revoked one.
        if rows.first().is_some_and(|newest| newest.state == ListKeyState::Revoked) {
            return Err(OperationError::Conflict(
                "the list's key is revoked; `chancery key rollover` makes a new one".to_owned(),
            ));
        }
        for row in rows {
            if row.opens_until.is_none_or(|until| until > now) && row.state != ListKeyState::Revoked {
                pairs.push(self.open_key(list, purpose, &row)?);
            }
        }
        let mut pairs = pairs.into_iter();
        let newest = pairs.next().ok_or_else(|| {
            OperationError::Conflict(format!("the list has no usable {} key", purpose.as_str()))
        })?;
        Ok(Keyring::new(newest, pairs.collect()))
    }
}

fn key_context(list: ListId, purpose: KeyPurpose, fingerprint: &str) -> String {
    format!("list key {} {} {fingerprint}", list.0, purpose.as_str())
}

pub(crate) fn crypto(error: impl std::fmt::Display) -> OperationError {
    OperationError::Crypto(error.to_string())
}
