// SPDX-License-Identifier: GPL-3.0-or-later
//! Which key counts for an address on a list. At most one at a time; those before it are history.
//!
//! Beside the certificate lies what was chosen from it when it was last looked at: the encryption
//! subkey's packet, the body format, the state and the expiry. So a fan-out parses no certificate.
//! Whether that choice is still good is not decided here.

use chancery_mail::{Address, Fingerprint, Instant};
use sqlx::any::AnyRow;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::{ListId, PinId};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// A key to pin to an address.
#[derive(Clone)]
pub struct NewPin {
    /// Of its primary key.
    pub fingerprint: Fingerprint,
    /// The whole public certificate.
    pub certificate: Vec<u8>,
    /// The ids of every (sub)key that may sign, for looking up: hints, no proofs.
    pub key_ids: Vec<[u8; 8]>,
    /// Whether somebody vouched that it is that person's.
    pub confirmed: bool,
    /// The chosen encryption subkey; `None` when there is none that can be used.
    pub recipient_key: Option<Vec<u8>>,
    /// The body format that it takes; `None` when there is no key.
    pub format: Option<String>,
    /// `usable`, `expired`, `revoked`, `weak`, `incapable`.
    pub key_state: String,
    /// When the chosen subkey ends; `None` when it never does.
    pub key_expires: Option<Instant>,
    /// When; also when it was last looked at.
    pub pinned_at: Instant,
}

/// What a fresh look at a certificate gave.
#[derive(Clone)]
pub struct PinRefresh {
    /// A newer form of the same certificate with its key ids; `None` leaves it as it is.
    pub certificate: Option<(Vec<u8>, Vec<[u8; 8]>)>,
    /// As in [`NewPin`].
    pub recipient_key: Option<Vec<u8>>,
    /// As in [`NewPin`].
    pub format: Option<String>,
    /// As in [`NewPin`].
    pub key_state: String,
    /// As in [`NewPin`].
    pub key_expires: Option<Instant>,
    /// When it was looked at.
    pub checked_at: Instant,
}

/// A pinned key.
#[derive(Clone, PartialEq, Eq)]
pub struct PinRow {
    /// Its id.
    pub id: PinId,
    /// The list.
    pub list: ListId,
    /// Whose key it is.
    pub address: Address,
    /// The whole public certificate.
    pub certificate: Vec<u8>,
    /// The chosen encryption subkey.
    pub recipient_key: Option<Vec<u8>>,
    /// What is known of it.
    pub facts: PinFacts,
    /// When the certificate was last looked at.
    pub checked_at: Instant,
    /// When it stopped counting; `None` while it counts.
    pub ended: Option<Instant>,
}

/// What is known of a pinned key, without the octets of its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinFacts {
    /// The pin.
    pub pin: PinId,
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// Whether somebody vouched that it is that person's.
    pub confirmed: bool,
    /// The body format that it takes.
    pub format: Option<String>,
    /// Its state when it was last looked at.
    pub key_state: String,
    /// When the chosen subkey ends; compare it with the present before using it.
    pub key_expires: Option<Instant>,
    /// When it was pinned.
    pub pinned_at: Instant,
}

debug_shows! {
    NewPin { fingerprint, confirmed, format, key_state, key_expires, pinned_at }
    PinRefresh { format, key_state, key_expires, checked_at }
    PinRow { id, list, facts, checked_at, ended }
}

impl Transaction {
    /// Pins a key to an address on a list. The key that counted before becomes history.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn pin(&mut self, list: ListId, address: &Address, new: &NewPin) -> Result<PinId, StoreError> {
        self.unpin(list, address, new.pinned_at).await?;
        let pin = self
            .one(
                "pin a key",
                sql("INSERT INTO pins (list, address, written, fingerprint, certificate, confirmed,
                        recipient_key, format, key_state, key_expires, checked_at, pinned_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id")
                .bind(list.0)
                .bind(address.canonical())
                .bind(address.to_string())
                .bind(new.fingerprint.octets())
                .bind(new.certificate.as_slice())
                .bind(i64::from(new.confirmed))
                .bind(new.recipient_key.as_deref())
                .bind(new.format.as_deref())
                .bind(new.key_state.as_str())
                .bind(new.key_expires.map(Instant::unix))
                .bind(new.pinned_at.unix()),
            )
            .await?
            .integer("id")?;
        self.set_key_ids(list, PinId(pin), &new.key_ids).await?;
        Ok(PinId(pin))
    }

    /// The key that counts for an address on a list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pin_of(&mut self, list: ListId, address: &Address) -> Result<Option<PinRow>, StoreError> {
        self.optional(
            "look up a pinned key",
            sql("SELECT id, id AS pin, list, written, fingerprint, certificate, confirmed, recipient_key, format,
                        key_state, key_expires, checked_at, pinned_at, ended
                 FROM pins WHERE list = $1 AND address = $2 AND ended IS NULL")
            .bind(list.0)
            .bind(address.canonical()),
        )
        .await?
        .map(|row| pin(&row))
        .transpose()
    }

    /// All keys that ever counted for an address on a list, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pin_history(&mut self, list: ListId, address: &Address) -> Result<Vec<PinRow>, StoreError> {
        self.all(
            "read the history of a pinned key",
            sql("SELECT id, id AS pin, list, written, fingerprint, certificate, confirmed, recipient_key, format,
                        key_state, key_expires, checked_at, pinned_at, ended
                 FROM pins WHERE list = $1 AND address = $2 ORDER BY id DESC")
            .bind(list.0)
            .bind(address.canonical()),
        )
        .await?
        .iter()
        .map(pin)
        .collect()
    }

    /// The keys that count on a list and claim a key id. An enemy can make as many keys of one id
    /// as he likes, but not pin them; at most 16 are given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pins_by_key_id(
        &mut self,
        list: ListId,
        key_id: &[u8; 8],
    ) -> Result<Vec<PinRow>, StoreError> {
        self.all(
            "look up pinned keys by a key id",
            sql("SELECT p.id, p.id AS pin, p.list, p.written, p.fingerprint, p.certificate, p.confirmed,
                        p.recipient_key, p.format, p.key_state, p.key_expires, p.checked_at, p.pinned_at, p.ended
                 FROM pin_key_ids k JOIN pins p ON p.id = k.pin
                 WHERE k.list = $1 AND k.key_id = $2 AND p.ended IS NULL ORDER BY p.id LIMIT 16")
            .bind(list.0)
            .bind(key_id.as_slice()),
        )
        .await?
        .iter()
        .map(pin)
        .collect()
    }

    /// The keys that count on a list and have this fingerprint: one for each address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pins_by_fingerprint(
        &mut self,
        list: ListId,
        fingerprint: &Fingerprint,
    ) -> Result<Vec<PinRow>, StoreError> {
        self.all(
            "look up pinned keys by a fingerprint",
            sql("SELECT id, id AS pin, list, written, fingerprint, certificate, confirmed, recipient_key, format,
                        key_state, key_expires, checked_at, pinned_at, ended
                 FROM pins WHERE list = $1 AND fingerprint = $2 AND ended IS NULL ORDER BY id")
            .bind(list.0)
            .bind(fingerprint.octets()),
        )
        .await?
        .iter()
        .map(pin)
        .collect()
    }

    /// Says that somebody vouched for the key of that fingerprint. Naming the fingerprint keeps a
    /// key that was exchanged meanwhile from being confirmed unseen.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when that is not the key that counts for the address.
    pub async fn confirm_pin(
        &mut self,
        list: ListId,
        address: &Address,
        fingerprint: &Fingerprint,
    ) -> Result<(), StoreError> {
        self.run_one(
            "confirm a pinned key",
            sql("UPDATE pins SET confirmed = 1
                 WHERE list = $1 AND address = $2 AND fingerprint = $3 AND ended IS NULL")
            .bind(list.0)
            .bind(address.canonical())
            .bind(fingerprint.octets()),
        )
        .await
    }

    /// The key of an address does not count any more; it stays as history. Says whether there was
    /// one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unpin(&mut self, list: ListId, address: &Address, at: Instant) -> Result<bool, StoreError> {
        let ended = self
            .run(
                "end a pinned key",
                sql("UPDATE pins SET ended = $3 WHERE list = $1 AND address = $2 AND ended IS NULL")
                    .bind(list.0)
                    .bind(address.canonical())
                    .bind(at.unix()),
            )
            .await?;
        Ok(ended > 0)
    }

    /// Keeps what a fresh look at a pinned key gave.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the pin is gone or does not count any more.
    pub async fn refresh_pin(&mut self, pin: PinId, refresh: &PinRefresh) -> Result<(), StoreError> {
        const ACT: &str = "refresh a pinned key";
        let list = self
            .one(
                ACT,
                sql("UPDATE pins SET recipient_key = $2, format = $3, key_state = $4, key_expires = $5,
                        checked_at = $6, certificate = COALESCE($7, certificate)
                     WHERE id = $1 AND ended IS NULL RETURNING list")
                .bind(pin.0)
                .bind(refresh.recipient_key.as_deref())
                .bind(refresh.format.as_deref())
                .bind(refresh.key_state.as_str())
                .bind(refresh.key_expires.map(Instant::unix))
                .bind(refresh.checked_at.unix())
                .bind(refresh.certificate.as_ref().map(|(octets, _)| octets.as_slice())),
            )
            .await?
            .integer("list")?;
        if let Some((_, key_ids)) = &refresh.certificate {
            self.run(ACT, sql("DELETE FROM pin_key_ids WHERE pin = $1").bind(pin.0)).await?;
            self.set_key_ids(ListId(list), pin, key_ids).await?;
        }
        Ok(())
    }

    /// Pinned keys to look at again, those that waited longest first: last looked at before
    /// `checked_before`, or ended since then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pins_due(
        &mut self,
        checked_before: Instant,
        now: Instant,
        limit: u32,
    ) -> Result<Vec<PinRow>, StoreError> {
        self.all(
            "look for pinned keys to look at again",
            sql("SELECT id, id AS pin, list, written, fingerprint, certificate, confirmed, recipient_key, format,
                        key_state, key_expires, checked_at, pinned_at, ended
                 FROM pins WHERE ended IS NULL
                    AND (checked_at < $1
                         OR (key_expires IS NOT NULL AND key_expires <= $2 AND checked_at < key_expires))
                 ORDER BY checked_at, id LIMIT $3")
            .bind(checked_before.unix())
            .bind(now.unix())
            .bind(i64::from(limit)),
        )
        .await?
        .iter()
        .map(pin)
        .collect()
    }

    async fn set_key_ids(&mut self, list: ListId, pin: PinId, key_ids: &[[u8; 8]]) -> Result<(), StoreError> {
        for key_id in key_ids {
            self.run(
                "keep the key ids of a pinned key",
                sql("INSERT INTO pin_key_ids (list, key_id, pin) VALUES ($1, $2, $3)
                     ON CONFLICT (list, key_id, pin) DO NOTHING")
                .bind(list.0)
                .bind(key_id.as_slice())
                .bind(pin.0),
            )
            .await?;
        }
        Ok(())
    }
}

also_on_database! {
    write pin(list: ListId, address: &Address, new: &NewPin) -> PinId;
    read pin_of(list: ListId, address: &Address) -> Option<PinRow>;
    read pin_history(list: ListId, address: &Address) -> Vec<PinRow>;
    read pins_by_key_id(list: ListId, key_id: &[u8; 8]) -> Vec<PinRow>;
    read pins_by_fingerprint(list: ListId, fingerprint: &Fingerprint) -> Vec<PinRow>;
    write confirm_pin(list: ListId, address: &Address, fingerprint: &Fingerprint) -> ();
    write unpin(list: ListId, address: &Address, at: Instant) -> bool;
    write refresh_pin(pin: PinId, refresh: &PinRefresh) -> ();
    read pins_due(checked_before: Instant, now: Instant, limit: u32) -> Vec<PinRow>;
}

fn pin(row: &AnyRow) -> Result<PinRow, StoreError> {
    Ok(PinRow {
        id: PinId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        address: row.address("written")?,
        certificate: row.octets("certificate")?,
        recipient_key: row.octets_or_none("recipient_key")?,
        facts: pin_facts(row)?,
        checked_at: row.instant("checked_at")?,
        ended: row.instant_or_none("ended")?,
    })
}

/// The columns `pin, fingerprint, confirmed, format, key_state, key_expires, pinned_at`.
pub(crate) fn pin_facts(row: &AnyRow) -> Result<PinFacts, StoreError> {
    Ok(PinFacts {
        pin: PinId(row.integer("pin")?),
        fingerprint: row.fingerprint("fingerprint")?,
        confirmed: row.flag("confirmed")?,
        format: row.text_or_none("format")?,
        key_state: row.text("key_state")?,
        key_expires: row.instant_or_none("key_expires")?,
        pinned_at: row.instant("pinned_at")?,
    })
}
