// SPDX-License-Identifier: GPL-3.0-or-later
//! One row for each recipient's copy of a departure.
//!
//! A claim takes copies of one departure, so that its sealed body is opened once for all of them.
//! Departures take turns: one with 300,000 recipients gets its next chunk after every other that is
//! due has had one. Which key a copy is for is read at the claim, not when the post was accepted.

use std::time::Duration;

use chancery_mail::{Address, Instant, KeyState};
use sqlx::any::AnyRow;

use crate::column::{Columns as _, corrupt};
use crate::departures::DepartureKind;
use crate::error::StoreError;
use crate::id::{DeliveryId, DepartureId, ListId, SubscriptionId};
use crate::pins::{PinFacts, pin_facts};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// Who of a list gets a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Those in this role whose subscription is enabled.
    pub role: String,
    /// Of them only those with a confirmed key that can be used now.
    pub with_usable_key: bool,
}

/// A claimed copy and what is known of its recipient now.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// Of what it is a copy.
    pub departure: DepartureId,
    /// From which list.
    pub list: ListId,
    /// What kind of mail.
    pub kind: DepartureKind,
    /// To whom.
    pub recipient: Address,
    /// By which subscription; `None` for a notice to an outsider.
    pub subscription: Option<SubscriptionId>,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// Whether the subscription is enabled; true when there is none.
    pub enabled: bool,
    /// Whether this recipient's copies show the key id; `None` for the list's choice.
    pub recipient_key_id: Option<String>,
    /// The key that is pinned to the recipient now.
    pub key: Option<DeliveryKey>,
}

/// The key for a copy.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryKey {
    /// What is known of it.
    pub facts: PinFacts,
    /// The chosen encryption subkey; `None` when there is none that can be used.
    pub recipient_key: Option<Vec<u8>>,
}

/// What became of a claimed copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next server took it.
    Done,
    /// Not now; again at that moment. With the reply.
    RetryAt(Instant, String),
    /// Never. With the reply.
    Failed(String),
    /// We do not send it: the key went bad, the member left. With the reason.
    Dropped(String),
}

/// Where a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent.
    Waiting,
    /// The next server took it.
    Done,
    /// It was refused for good.
    Failed,
    /// We did not send it.
    Dropped,
}

/// A copy as the queue shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliverySummary {
    /// Its id.
    pub id: DeliveryId,
    /// Of what it is a copy.
    pub departure: DepartureId,
    /// From which list.
    pub list: ListId,
    /// To whom.
    pub recipient: Address,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was claimed.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt_at: Instant,
    /// What the next server said last, or why it was dropped.
    pub last_reply: String,
}

debug_shows! {
    DeliveryRow { id, departure, list, kind, subscription, attempts, enabled, recipient_key_id, key }
    DeliveryKey { facts }
    DeliverySummary { id, departure, list, state, attempts, next_attempt_at }
}

impl Transaction {
    /// Makes a copy wait for each of an audience, without reading it into memory; says for how
    /// many. Who has one already gets no second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_deliveries(
        &mut self,
        departure: DepartureId,
        audience: &Audience,
        now: Instant,
    ) -> Result<u64, StoreError> {
        self.run(
            "make copies wait",
            sql("INSERT INTO deliveries (departure, subscription, address, written, next_attempt_at)
                 SELECT $1, s.id, s.address, s.written, $2
                 FROM subscriptions s
                 LEFT JOIN pins p ON p.list = s.list AND p.address = s.address AND p.ended IS NULL
                 WHERE s.list = (SELECT list FROM departures WHERE id = $1) AND s.role = $3 AND s.enabled = 1
                   AND ($4 = 0 OR (p.confirmed = 1 AND p.key_state = $5
                                   AND (p.key_expires IS NULL OR p.key_expires > $2)))
                 ORDER BY s.id
                 ON CONFLICT (departure, subscription) DO NOTHING")
            .bind(departure.0)
            .bind(now.unix())
            .bind(audience.role.as_str())
            .bind(i64::from(audience.with_usable_key))
            .bind(KeyState::Usable.as_str()),
        )
        .await
    }

    /// Makes one copy wait.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when that subscription has one already; [`StoreError::NotFound`] when
    /// there is no such departure or subscription.
    pub async fn add_delivery(
        &mut self,
        departure: DepartureId,
        recipient: &Address,
        subscription: Option<SubscriptionId>,
        now: Instant,
    ) -> Result<DeliveryId, StoreError> {
        self.one(
            "make a copy wait",
            sql("INSERT INTO deliveries (departure, subscription, address, written, next_attempt_at)
                 VALUES ($1, $2, $3, $4, $5) RETURNING id")
            .bind(departure.0)
            .bind(subscription.map(|id| id.0))
            .bind(recipient.canonical())
            .bind(recipient.to_string())
            .bind(now.unix()),
        )
        .await?
        .integer("id")
        .map(DeliveryId)
    }

    /// Claims copies that are due, of the one departure whose turn it is, at most `limit`, for a
    /// span; empty when nothing is due. The claim counts only when it is committed, which must be
    /// before the work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_deliveries(
        &mut self,
        now: Instant,
        lease: Duration,
        worker: &str,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        const ACT: &str = "claim copies";
        let turn = self
            .optional(
                ACT,
                sql("UPDATE departures SET turn = (SELECT MAX(turn) + 1 FROM departures)
                     WHERE id = (SELECT p.id FROM departures p
                                 WHERE EXISTS (SELECT 1 FROM deliveries d
                                               WHERE d.departure = p.id AND d.state = 'waiting'
                                                 AND d.next_attempt_at <= $1 AND d.lease_until <= $1)
                                 ORDER BY p.turn, p.id LIMIT 1)
                     RETURNING id, turn")
                .bind(now.unix()),
            )
            .await?;
        let Some(turn) = turn else { return Ok(Vec::new()) };
        let (departure, turn) = (turn.integer("id")?, turn.integer("turn")?);
        let claimed = self
            .all(
                ACT,
                sql("UPDATE deliveries SET attempts = attempts + 1, lease_owner = $3, lease_until = $2, claim = $6
                     WHERE id IN (SELECT id FROM deliveries
                                  WHERE departure = $4 AND state = 'waiting' AND next_attempt_at <= $1
                                    AND lease_until <= $1
                                  ORDER BY next_attempt_at, id LIMIT $5)
                     RETURNING id")
                .bind(now.unix())
                .bind(now.after(lease).unix())
                .bind(worker)
                .bind(departure)
                .bind(i64::from(limit))
                .bind(turn),
            )
            .await?
            .iter()
            .map(|row| row.integer("id"))
            .collect::<Result<Vec<i64>, _>>()?;
        let (Some(first), Some(last)) = (claimed.iter().min(), claimed.iter().max()) else {
            return Ok(Vec::new());
        };
        self.all(
            ACT,
            sql("SELECT d.id, d.departure, o.list, o.kind, d.written, d.subscription, d.attempts,
                        COALESCE(s.enabled, 1) AS enabled, s.recipient_key_id, p.id AS pin, p.fingerprint,
                        p.confirmed, p.format, p.key_state, p.key_expires, p.pinned_at, p.recipient_key
                 FROM deliveries d
                 JOIN departures o ON o.id = d.departure
                 LEFT JOIN subscriptions s ON s.id = d.subscription
                 LEFT JOIN pins p ON p.list = o.list AND p.address = d.address AND p.ended IS NULL
                 WHERE d.id BETWEEN $1 AND $2 AND d.departure = $3 AND d.claim = $4 AND d.lease_owner = $5
                 ORDER BY d.id")
            .bind(*first)
            .bind(*last)
            .bind(departure)
            .bind(turn)
            .bind(worker),
        )
        .await?
        .iter()
        .map(delivery)
        .collect()
    }

    /// Keeps a worker's claims on the waiting copies of a departure for longer; says on how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn extend_deliveries(
        &mut self,
        departure: DepartureId,
        worker: &str,
        until: Instant,
    ) -> Result<u64, StoreError> {
        self.run(
            "extend the lease on copies",
            sql("UPDATE deliveries SET lease_until = $3
                 WHERE departure = $1 AND state = 'waiting' AND lease_owner = $2")
            .bind(departure.0)
            .bind(worker)
            .bind(until.unix()),
        )
        .await
    }

    /// Keeps what became of claimed copies, and deletes departures of which nothing waits any more:
    /// those are returned. A copy that is gone (its member left) is passed over, and so is one that
    /// somebody else has claimed since, unless this worker did deliver it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_deliveries(
        &mut self,
        worker: &str,
        outcomes: &[(DeliveryId, Outcome)],
    ) -> Result<Vec<DepartureId>, StoreError> {
        const ACT: &str = "record what became of copies";
        let mut touched = std::collections::BTreeSet::new();
        for (id, outcome) in outcomes {
            let statement = match outcome {
                Outcome::Done => {
                    sql("UPDATE deliveries SET state = 'done', lease_owner = '', lease_until = 0,
                        last_reply = ''
                     WHERE id = $1 AND state = 'waiting' RETURNING departure")
                    .bind(id.0)
                }
                Outcome::RetryAt(at, reply) => sql("UPDATE deliveries SET lease_owner = '', lease_until = 0,
                        next_attempt_at = $3, last_reply = $4
                     WHERE id = $1 AND state = 'waiting' AND lease_owner = $2 RETURNING departure")
                .bind(id.0)
                .bind(worker)
                .bind(at.unix())
                .bind(reply.as_str()),
                Outcome::Failed(reply) => sql("UPDATE deliveries SET state = 'failed', lease_owner = '',
                        lease_until = 0, last_reply = $3
                     WHERE id = $1 AND state = 'waiting' AND lease_owner = $2 RETURNING departure")
                .bind(id.0)
                .bind(worker)
                .bind(reply.as_str()),
                Outcome::Dropped(why) => sql("UPDATE deliveries SET state = 'dropped', lease_owner = '',
                        lease_until = 0, last_reply = $3
                     WHERE id = $1 AND state = 'waiting' AND lease_owner = $2 RETURNING departure")
                .bind(id.0)
                .bind(worker)
                .bind(why.as_str()),
            };
            if let Some(row) = self.optional(ACT, statement).await? {
                touched.insert(DepartureId(row.integer("departure")?));
            }
        }
        let mut finished = Vec::new();
        for departure in touched {
            if self.sweep_departure(departure).await? {
                finished.push(departure);
            }
        }
        Ok(finished)
    }

    /// One copy, whatever its state, while its departure is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delivery(&mut self, id: DeliveryId) -> Result<Option<DeliverySummary>, StoreError> {
        self.optional(
            "look up a copy",
            sql("SELECT d.id, d.departure, o.list, d.written, d.state, d.attempts, d.next_attempt_at, d.last_reply
                 FROM deliveries d JOIN departures o ON o.id = d.departure WHERE d.id = $1")
            .bind(id.0),
        )
        .await?
        .map(|row| summary(&row))
        .transpose()
    }

    /// Copies of a list or of all that wait for another attempt, soonest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn failing_deliveries(
        &mut self,
        list: Option<ListId>,
        limit: u32,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        self.all(
            "list copies that wait for another attempt",
            sql("SELECT d.id, d.departure, o.list, d.written, d.state, d.attempts, d.next_attempt_at, d.last_reply
                 FROM deliveries d JOIN departures o ON o.id = d.departure
                 WHERE d.state = 'waiting' AND d.last_reply <> '' AND ($1 IS NULL OR o.list = $1)
                 ORDER BY d.next_attempt_at, d.id LIMIT $2")
            .bind(list.map(|list| list.0))
            .bind(i64::from(limit)),
        )
        .await?
        .iter()
        .map(summary)
        .collect()
    }
}

also_on_database! {
    write claim_deliveries(now: Instant, lease: Duration, worker: &str, limit: u32) -> Vec<DeliveryRow>;
    write extend_deliveries(departure: DepartureId, worker: &str, until: Instant) -> u64;
    write record_deliveries(worker: &str, outcomes: &[(DeliveryId, Outcome)]) -> Vec<DepartureId>;
    read delivery(id: DeliveryId) -> Option<DeliverySummary>;
    read failing_deliveries(list: Option<ListId>, limit: u32) -> Vec<DeliverySummary>;
}

fn delivery(row: &AnyRow) -> Result<DeliveryRow, StoreError> {
    let key = match row.integer_or_none("pin")? {
        Some(_) => {
            Some(DeliveryKey { facts: pin_facts(row)?, recipient_key: row.octets_or_none("recipient_key")? })
        }
        None => None,
    };
    Ok(DeliveryRow {
        id: DeliveryId(row.integer("id")?),
        departure: DepartureId(row.integer("departure")?),
        list: ListId(row.integer("list")?),
        kind: DepartureKind::from_column(row)?,
        recipient: row.address("written")?,
        subscription: row.integer_or_none("subscription")?.map(SubscriptionId),
        attempts: row.integer("attempts")?,
        enabled: row.flag("enabled")?,
        recipient_key_id: row.text_or_none("recipient_key_id")?,
        key,
    })
}

fn summary(row: &AnyRow) -> Result<DeliverySummary, StoreError> {
    Ok(DeliverySummary {
        id: DeliveryId(row.integer("id")?),
        departure: DepartureId(row.integer("departure")?),
        list: ListId(row.integer("list")?),
        recipient: row.address("written")?,
        state: match row.text("state")?.as_str() {
            "waiting" => DeliveryState::Waiting,
            "done" => DeliveryState::Done,
            "failed" => DeliveryState::Failed,
            "dropped" => DeliveryState::Dropped,
            _ => return Err(corrupt("state")),
        },
        attempts: row.integer("attempts")?,
        next_attempt_at: row.instant("next_attempt_at")?,
        last_reply: row.text("last_reply")?,
    })
}
