// SPDX-License-Identifier: GPL-3.0-or-later
//! How much waits where.

use chancery_mail::Instant;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::ListId;
use crate::transaction::{Transaction, also_on_database, sql};

/// What waits, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Messages received that are to be worked on or are being worked on.
    pub inbound: u64,
    /// Messages that wait for a person.
    pub parked: u64,
    /// Posts that wait for an owner's word.
    pub held: u64,
    /// Copies that are to be sent or are being sent.
    pub outgoing: u64,
    /// Of those, the ones that were tried in vain.
    pub failing: u64,
    /// When the next of the failing ones is tried.
    pub next_retry_at: Option<Instant>,
    /// Since when the oldest of what moves by itself (inbound and outgoing) has been here.
    pub oldest: Option<Instant>,
}

impl QueueCounts {
    /// Whether nothing is left that moves by itself.
    pub fn is_still(&self) -> bool {
        self.inbound == 0 && self.outgoing == 0
    }
}

impl Transaction {
    /// How much waits, of a list or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn queue_counts(&mut self, list: Option<ListId>) -> Result<QueueCounts, StoreError> {
        const ACT: &str = "count what waits";
        let list = list.map(|list| list.0);
        let inbound = self
            .one(
                ACT,
                sql("SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END) AS waiting,
                            COUNT(CASE WHEN state = 'parked' THEN 1 END) AS parked,
                            MIN(CASE WHEN state = 'waiting' THEN received_at END) AS oldest
                     FROM inbound WHERE ($1 IS NULL OR list = $1)")
                .bind(list),
            )
            .await?;
        let held = self
            .one(ACT, sql("SELECT COUNT(*) AS n FROM held WHERE ($1 IS NULL OR list = $1)").bind(list))
            .await?;
        let outgoing = self
            .one(
                ACT,
                sql("SELECT COUNT(*) AS waiting,
                            COUNT(CASE WHEN d.last_reply <> '' THEN 1 END) AS failing,
                            MIN(CASE WHEN d.last_reply <> '' THEN d.next_attempt_at END) AS next_retry_at,
                            MIN(o.created) AS oldest
                     FROM deliveries d JOIN departures o ON o.id = d.departure
                     WHERE d.state = 'waiting' AND ($1 IS NULL OR o.list = $1)")
                .bind(list),
            )
            .await?;
        let oldest = [inbound.instant_or_none("oldest")?, outgoing.instant_or_none("oldest")?];
        Ok(QueueCounts {
            inbound: inbound.count("waiting")?,
            parked: inbound.count("parked")?,
            held: held.count("n")?,
            outgoing: outgoing.count("waiting")?,
            failing: outgoing.count("failing")?,
            next_retry_at: outgoing.instant_or_none("next_retry_at")?,
            oldest: oldest.into_iter().flatten().min(),
        })
    }
}

also_on_database! {
    read queue_counts(list: Option<ListId>) -> QueueCounts;
}
