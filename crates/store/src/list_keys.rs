// SPDX-License-Identifier: GPL-3.0-or-later
//! The keys of lists: posting keys, which members encrypt to, and storage keys, which nobody else
//! ever sees. Secrets are sealed by the site key; what seals them is not known here.

use chancery_mail::{Fingerprint, Instant};
use sqlx::any::AnyRow;

use crate::column::{Columns as _, corrupt};
use crate::error::StoreError;
use crate::id::{ListId, ListKeyId};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// What a key of a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Members encrypt to it, and it signs what the list sends.
    Posting,
    /// Held, parked and waiting mail lies sealed to it.
    Storage,
}

impl KeyPurpose {
    /// The word in SQL, JSON and help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posting => "posting",
            Self::Storage => "storage",
        }
    }
}

/// What a key of a list may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKeyState {
    /// It does everything.
    Active,
    /// A newer one took its place: it opens what comes in, until then, and nothing else.
    Retiring {
        /// When it stops opening.
        until: Instant,
    },
    /// It is revoked.
    Revoked,
}

/// A key to keep.
#[derive(Clone)]
pub struct NewListKey {
    /// Whose it is.
    pub list: ListId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Of its primary key.
    pub fingerprint: Fingerprint,
    /// The public certificate.
    pub public: Vec<u8>,
    /// The secret key under the site key.
    pub sealed_secret: Vec<u8>,
    /// The revocation certificate under the site key.
    pub sealed_revocation: Option<Vec<u8>>,
    /// When it was made.
    pub created: Instant,
    /// When it stops opening, if that is known already.
    pub opens_until: Option<Instant>,
}

/// A key that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ListKeyRow {
    /// Its id.
    pub id: ListKeyId,
    /// Whose it is.
    pub list: ListId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Of its primary key.
    pub fingerprint: Fingerprint,
    /// The public certificate.
    pub public: Vec<u8>,
    /// The secret key under the site key.
    pub sealed_secret: Vec<u8>,
    /// The revocation certificate under the site key.
    pub sealed_revocation: Option<Vec<u8>>,
    /// When it was made.
    pub created: Instant,
    /// What it may still do.
    pub state: ListKeyState,
    /// When it stops opening, if that is known.
    pub opens_until: Option<Instant>,
}

debug_shows! {
    NewListKey { list, purpose, fingerprint, created, opens_until }
    ListKeyRow { id, list, purpose, fingerprint, created, state, opens_until }
}

impl Transaction {
    /// Keeps a key, active.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the list has a key of that fingerprint.
    pub async fn add_list_key(&mut self, key: &NewListKey) -> Result<ListKeyId, StoreError> {
        self.one(
            "keep a key of a list",
            sql("INSERT INTO list_keys
                    (list, purpose, fingerprint, public, sealed_secret, sealed_revocation, created, opens_until)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id")
            .bind(key.list.0)
            .bind(key.purpose.as_str())
            .bind(key.fingerprint.octets())
            .bind(key.public.as_slice())
            .bind(key.sealed_secret.as_slice())
            .bind(key.sealed_revocation.as_deref())
            .bind(key.created.unix())
            .bind(key.opens_until.map(Instant::unix)),
        )
        .await?
        .integer("id")
        .map(ListKeyId)
    }

    /// The keys of a list for a purpose, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_keys(
        &mut self,
        list: ListId,
        purpose: KeyPurpose,
    ) -> Result<Vec<ListKeyRow>, StoreError> {
        self.all(
            "read the keys of a list",
            sql("SELECT id, list, purpose, fingerprint, public, sealed_secret, sealed_revocation, created,
                        state, opens_until
                 FROM list_keys WHERE list = $1 AND purpose = $2 ORDER BY id DESC")
            .bind(list.0)
            .bind(purpose.as_str()),
        )
        .await?
        .iter()
        .map(list_key)
        .collect()
    }

    /// Says what a key may still do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such key.
    pub async fn set_key_state(&mut self, key: ListKeyId, state: ListKeyState) -> Result<(), StoreError> {
        let (word, until) = match state {
            ListKeyState::Active => ("active", None),
            ListKeyState::Retiring { until } => ("retiring", Some(until.unix())),
            ListKeyState::Revoked => ("revoked", None),
        };
        self.run_one(
            "change the state of a list's key",
            sql("UPDATE list_keys SET state = $2, opens_until = $3 WHERE id = $1")
                .bind(key.0)
                .bind(word)
                .bind(until),
        )
        .await
    }

    /// Puts newer material of the same key in place (its expiry moved, it was revoked).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such key.
    pub async fn replace_key_material(
        &mut self,
        key: ListKeyId,
        public: &[u8],
        sealed_secret: &[u8],
    ) -> Result<(), StoreError> {
        self.run_one(
            "replace the material of a list's key",
            sql("UPDATE list_keys SET public = $2, sealed_secret = $3 WHERE id = $1")
                .bind(key.0)
                .bind(public)
                .bind(sealed_secret),
        )
        .await
    }

    /// Destroys a key. Its secret is out of all files only after [`Database::scrub`](crate::Database::scrub).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such key.
    pub async fn destroy_key(&mut self, key: ListKeyId) -> Result<(), StoreError> {
        self.run_one("destroy a list's key", sql("DELETE FROM list_keys WHERE id = $1").bind(key.0)).await
    }
}

also_on_database! {
    write add_list_key(key: &NewListKey) -> ListKeyId;
    read list_keys(list: ListId, purpose: KeyPurpose) -> Vec<ListKeyRow>;
    write set_key_state(key: ListKeyId, state: ListKeyState) -> ();
    write replace_key_material(key: ListKeyId, public: &[u8], sealed_secret: &[u8]) -> ();
    write destroy_key(key: ListKeyId) -> ();
}

fn list_key(row: &AnyRow) -> Result<ListKeyRow, StoreError> {
    let opens_until = row.instant_or_none("opens_until")?;
    Ok(ListKeyRow {
        id: ListKeyId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        purpose: match row.text("purpose")?.as_str() {
            "posting" => KeyPurpose::Posting,
            "storage" => KeyPurpose::Storage,
            _ => return Err(corrupt("purpose")),
        },
        fingerprint: row.fingerprint("fingerprint")?,
        public: row.octets("public")?,
        sealed_secret: row.octets("sealed_secret")?,
        sealed_revocation: row.octets_or_none("sealed_revocation")?,
        created: row.instant("created")?,
        state: match (row.text("state")?.as_str(), opens_until) {
            ("active", _) => ListKeyState::Active,
            ("retiring", Some(until)) => ListKeyState::Retiring { until },
            ("revoked", _) => ListKeyState::Revoked,
            _ => return Err(corrupt("state")),
        },
        opens_until,
    })
}
