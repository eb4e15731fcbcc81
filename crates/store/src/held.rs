// SPDX-License-Identifier: GPL-3.0-or-later
//! Posts that wait for an owner's word. Their sealed octets move as they are, from the messages
//! received to here and, approved, back again under the same id.

use chancery_mail::Instant;
use sqlx::any::AnyRow;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::{HeldId, InboundId, ListId};
use crate::inbound::InboundLease;
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// Why and how a message is held.
#[derive(Clone)]
pub struct NewHeld {
    /// The author's address if it could be read.
    pub from: Option<String>,
    /// What was found, in words separated by spaces.
    pub findings: String,
    /// When.
    pub held_at: Instant,
}

/// A held post.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// Its id.
    pub id: HeldId,
    /// The list.
    pub list: ListId,
    /// The message that it was.
    pub inbound: InboundId,
    /// Which address of the list it came to.
    pub part: String,
    /// The author's address if it could be read.
    pub from: Option<String>,
    /// What was found.
    pub findings: String,
    /// When it was received.
    pub received_at: Instant,
    /// When it was held.
    pub held_at: Instant,
    /// How many octets are kept.
    pub octets: u64,
    /// The octets as received, sealed to the list's storage key; empty in lists of held posts.
    pub sealed: Vec<u8>,
}

debug_shows! {
    NewHeld { findings, held_at }
    HeldRow { id, list, inbound, part, findings, received_at, held_at, octets }
}

impl Transaction {
    /// Holds a claimed message; it is no longer among those received.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`]: then this transaction must not be committed.
    pub async fn hold(&mut self, lease: &InboundLease, new: &NewHeld) -> Result<HeldId, StoreError> {
        const ACT: &str = "hold a message";
        let row = self
            .optional(
                ACT,
                sql("INSERT INTO held (list, inbound, part, token, claim, from_address, findings, sealed, received_at, held_at)
                     SELECT list, id, part, token, claim, $4, $5, sealed, received_at, $6 FROM inbound
                     WHERE id = $1 AND lease_owner = $2 AND claim = $3 AND state = 'waiting'
                     RETURNING id")
                .bind(lease.inbound.0)
                .bind(lease.worker.as_str())
                .bind(lease.claim)
                .bind(new.from.as_deref())
                .bind(new.findings.as_str())
                .bind(new.held_at.unix()),
            )
            .await?
            .ok_or(StoreError::LeaseLost { act: ACT })?;
        self.finish_inbound(lease).await?;
        row.integer("id").map(HeldId)
    }

    /// The held posts of a list or of all, oldest first, without their octets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(&mut self, list: Option<ListId>, limit: u32) -> Result<Vec<HeldRow>, StoreError> {
        self.all(
            "list held posts",
            sql("SELECT id, list, inbound, part, from_address, findings, received_at, held_at,
                        LENGTH(sealed) AS octets, NULL AS sealed
                 FROM held WHERE ($1 IS NULL OR list = $1) ORDER BY id LIMIT $2")
            .bind(list.map(|list| list.0))
            .bind(i64::from(limit)),
        )
        .await?
        .iter()
        .map(held)
        .collect()
    }

    /// A held post with its octets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_by_id(&mut self, id: HeldId) -> Result<Option<HeldRow>, StoreError> {
        self.optional(
            "read a held post",
            sql("SELECT id, list, inbound, part, from_address, findings, received_at, held_at,
                        LENGTH(sealed) AS octets, sealed
                 FROM held WHERE id = $1")
            .bind(id.0),
        )
        .await?
        .map(|row| held(&row))
        .transpose()
    }

    /// A held post is refused or thrown away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when somebody else has decided already.
    pub async fn remove_held(&mut self, id: HeldId) -> Result<(), StoreError> {
        self.run_one("remove a held post", sql("DELETE FROM held WHERE id = $1").bind(id.0)).await
    }

    /// A held post may pass: it is judged again, under the id that it had, with the approval.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when somebody else has decided already.
    pub async fn approve_held(&mut self, id: HeldId, by: &str, at: Instant) -> Result<InboundId, StoreError> {
        const ACT: &str = "approve a held post";
        let inbound = self
            .one(
                ACT,
                sql("INSERT INTO inbound (id, list, part, token, claim, sealed, received_at, approved_by, approved_at,
                        next_attempt_at)
                     SELECT inbound, list, part, token, claim, sealed, received_at, $2, $3, $3 FROM held WHERE id = $1
                     RETURNING id")
                .bind(id.0)
                .bind(by)
                .bind(at.unix()),
            )
            .await?
            .integer("id")?;
        self.remove_held(id).await?;
        Ok(InboundId(inbound))
    }
}

also_on_database! {
    write hold(lease: &InboundLease, new: &NewHeld) -> HeldId;
    read held(list: Option<ListId>, limit: u32) -> Vec<HeldRow>;
    read held_by_id(id: HeldId) -> Option<HeldRow>;
    write remove_held(id: HeldId) -> ();
    write approve_held(id: HeldId, by: &str, at: Instant) -> InboundId;
}

fn held(row: &AnyRow) -> Result<HeldRow, StoreError> {
    Ok(HeldRow {
        id: HeldId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        inbound: InboundId(row.integer("inbound")?),
        part: row.text("part")?,
        from: row.text_or_none("from_address")?,
        findings: row.text("findings")?,
        received_at: row.instant("received_at")?,
        held_at: row.instant("held_at")?,
        octets: row.count("octets")?,
        sealed: row.octets_or_none("sealed")?.unwrap_or_default(),
    })
}
