// SPDX-License-Identifier: GPL-3.0-or-later
//! What was received and promised with a 250, until somebody has dealt with it.
//!
//! A claim is committed with one attempt more before the work begins; a worker that dies loses its
//! lease, and the next claim sees how often it was tried. Whoever ends the work names the lease: if
//! it is lost, so are the results, since somebody else has the message now.

use std::time::Duration;

use chancery_mail::Instant;
use sqlx::any::AnyRow;

use crate::column::{Columns as _, corrupt};
use crate::error::StoreError;
use crate::id::{InboundId, ListId};
use crate::transaction::{Statement, Transaction, also_on_database, debug_shows, sql};

/// A received message to keep.
#[derive(Clone)]
pub struct NewInbound {
    /// For which list.
    pub list: ListId,
    /// Which address of the list: `post`, `owner`, `key`, ...
    pub part: String,
    /// What stood behind the `+`, if something did.
    pub token: Option<String>,
    /// The octets as received, sealed to the list's storage key.
    pub sealed: Vec<u8>,
    /// When.
    pub received_at: Instant,
}

/// A claimed message.
#[derive(Clone, PartialEq, Eq)]
pub struct InboundRow {
    /// Shown by whoever ends the work on it.
    pub lease: InboundLease,
    /// For which list.
    pub list: ListId,
    /// Which address of the list.
    pub part: String,
    /// What stood behind the `+`.
    pub token: Option<String>,
    /// The octets as received, sealed to the list's storage key.
    pub sealed: Vec<u8>,
    /// When it was received.
    pub received_at: Instant,
    /// How often it was claimed, this time included, since a person last sent it on its way. Who
    /// sees it high parks the message before touching it: earlier attempts may have crashed.
    pub attempts: i64,
    /// Set when it was held and somebody let it pass.
    pub approval: Option<Approval>,
}

/// Who works on a message, by which claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundLease {
    /// The message.
    pub inbound: InboundId,
    /// Who claimed it.
    pub worker: String,
    /// The number of this claim, which only rises: it fences off earlier claims.
    pub claim: i64,
}

/// Who let a held message pass.
#[derive(Clone, PartialEq, Eq)]
pub struct Approval {
    /// An address, or the site's operator.
    pub by: String,
    /// When.
    pub at: Instant,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundState {
    /// It waits to be worked on, or is being worked on.
    Waiting,
    /// It waits for a person: `why` says for what.
    Parked,
}

/// A message as the queue shows it, without its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundSummary {
    /// The message.
    pub id: InboundId,
    /// For which list.
    pub list: ListId,
    /// Which address of the list.
    pub part: String,
    /// Where it stands.
    pub state: InboundState,
    /// Why it is parked, or why it waits again.
    pub why: String,
    /// How often it was claimed.
    pub attempts: i64,
    /// When it was received.
    pub received_at: Instant,
    /// When it is tried next.
    pub next_attempt_at: Instant,
    /// How many octets are kept.
    pub octets: u64,
}

debug_shows! {
    NewInbound { list, part, received_at }
    InboundRow { lease, list, part, received_at, attempts, approval }
    Approval { at }
}

impl Transaction {
    /// Keeps a received message. Say 250 only after the commit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn add_inbound(&mut self, new: &NewInbound) -> Result<InboundId, StoreError> {
        self.one(
            "keep a received message",
            sql("INSERT INTO inbound (list, part, token, sealed, received_at, next_attempt_at)
                 VALUES ($1, $2, $3, $4, $5, $5) RETURNING id")
            .bind(new.list.0)
            .bind(new.part.as_str())
            .bind(new.token.as_deref())
            .bind(new.sealed.as_slice())
            .bind(new.received_at.unix()),
        )
        .await?
        .integer("id")
        .map(InboundId)
    }

    /// Claims the message that is due longest and that nobody has a lease on, for a span. The claim
    /// counts only when it is committed, which must be before the work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_inbound(
        &mut self,
        now: Instant,
        lease: Duration,
        worker: &str,
    ) -> Result<Option<InboundRow>, StoreError> {
        self.optional(
            "claim a received message",
            sql("UPDATE inbound SET attempts = attempts + 1, claim = claim + 1, lease_owner = $3, lease_until = $2
                 WHERE id = (SELECT id FROM inbound
                             WHERE state = 'waiting' AND next_attempt_at <= $1 AND lease_until <= $1
                             ORDER BY next_attempt_at, id LIMIT 1)
                 RETURNING id, list, part, token, sealed, received_at, approved_by, approved_at, attempts,
                           claim, lease_owner")
            .bind(now.unix())
            .bind(now.after(lease).unix())
            .bind(worker),
        )
        .await?
        .map(|row| inbound(&row))
        .transpose()
    }

    /// Keeps a claim for longer.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend_inbound(&mut self, lease: &InboundLease, until: Instant) -> Result<(), StoreError> {
        self.run_leased(
            "extend the lease on a message",
            lease,
            sql("UPDATE inbound SET lease_until = $4
                 WHERE id = $1 AND lease_owner = $2 AND claim = $3 AND state = 'waiting'"),
            |statement| statement.bind(until.unix()),
        )
        .await
    }

    /// Gives a claim back: the message is tried again, not before a moment. The attempt does not
    /// count, since what stood in the way was not the message.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn release_inbound(
        &mut self,
        lease: &InboundLease,
        next_attempt_at: Instant,
        why: &str,
    ) -> Result<(), StoreError> {
        self.run_leased(
            "give a message back",
            lease,
            sql("UPDATE inbound SET lease_owner = '', lease_until = 0, next_attempt_at = $4, why = $5,
                        attempts = attempts - 1
                 WHERE id = $1 AND lease_owner = $2 AND claim = $3 AND state = 'waiting'"),
            |statement| statement.bind(next_attempt_at.unix()).bind(why),
        )
        .await
    }

    /// The message is dealt with: it goes. In the same transaction as what came of it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`]: then this transaction must not be committed.
    pub async fn finish_inbound(&mut self, lease: &InboundLease) -> Result<(), StoreError> {
        self.run_leased(
            "finish a message",
            lease,
            sql("DELETE FROM inbound
                 WHERE id = $1 AND lease_owner = $2 AND claim = $3 AND state = 'waiting'"),
            |statement| statement,
        )
        .await
    }

    /// Nothing can be done with the message before a person looks.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn park_inbound(&mut self, lease: &InboundLease, why: &str) -> Result<(), StoreError> {
        self.run_leased(
            "park a message",
            lease,
            sql("UPDATE inbound SET state = 'parked', why = $4, lease_owner = '', lease_until = 0
                 WHERE id = $1 AND lease_owner = $2 AND claim = $3 AND state = 'waiting'"),
            |statement| statement.bind(why),
        )
        .await
    }

    /// A parked message is tried again, as if for the first time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not parked.
    pub async fn unpark_inbound(&mut self, id: InboundId, now: Instant) -> Result<(), StoreError> {
        self.run_one(
            "try a parked message again",
            sql("UPDATE inbound SET state = 'waiting', why = '', attempts = 0, next_attempt_at = $2
                 WHERE id = $1 AND state = 'parked'")
            .bind(id.0)
            .bind(now.unix()),
        )
        .await
    }

    /// A parked message is thrown away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not parked.
    pub async fn remove_parked(&mut self, id: InboundId) -> Result<(), StoreError> {
        self.run_one(
            "throw a parked message away",
            sql("DELETE FROM inbound WHERE id = $1 AND state = 'parked'").bind(id.0),
        )
        .await
    }

    /// The messages of a list or of all, in a state or in any, oldest first, without their octets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn inbound(
        &mut self,
        list: Option<ListId>,
        state: Option<InboundState>,
        limit: u32,
    ) -> Result<Vec<InboundSummary>, StoreError> {
        self.all(
            "list received messages",
            sql("SELECT id, list, part, state, why, attempts, received_at, next_attempt_at, LENGTH(sealed) AS octets
                 FROM inbound
                 WHERE ($1 IS NULL OR list = $1) AND ($2 IS NULL OR state = $2) ORDER BY id LIMIT $3")
            .bind(list.map(|list| list.0))
            .bind(state.map(|state| match state {
                InboundState::Waiting => "waiting",
                InboundState::Parked => "parked",
            }))
            .bind(i64::from(limit)),
        )
        .await?
        .iter()
        .map(summary)
        .collect()
    }

    /// The parked messages of a list or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parked(
        &mut self,
        list: Option<ListId>,
        limit: u32,
    ) -> Result<Vec<InboundSummary>, StoreError> {
        self.inbound(list, Some(InboundState::Parked), limit).await
    }

    /// Runs a statement whose `$1`, `$2`, `$3` are the lease; nothing touched means that it is lost.
    pub(crate) async fn run_leased<'q>(
        &mut self,
        act: &'static str,
        lease: &'q InboundLease,
        statement: Statement<'q>,
        rest: impl FnOnce(Statement<'q>) -> Statement<'q>,
    ) -> Result<(), StoreError> {
        let statement = statement.bind(lease.inbound.0).bind(lease.worker.as_str()).bind(lease.claim);
        match self.run(act, rest(statement)).await? {
            0 => Err(StoreError::LeaseLost { act }),
            _ => Ok(()),
        }
    }
}

also_on_database! {
    write add_inbound(new: &NewInbound) -> InboundId;
    write claim_inbound(now: Instant, lease: Duration, worker: &str) -> Option<InboundRow>;
    write extend_inbound(lease: &InboundLease, until: Instant) -> ();
    write release_inbound(lease: &InboundLease, next_attempt_at: Instant, why: &str) -> ();
    write finish_inbound(lease: &InboundLease) -> ();
    write park_inbound(lease: &InboundLease, why: &str) -> ();
    write unpark_inbound(id: InboundId, now: Instant) -> ();
    write remove_parked(id: InboundId) -> ();
    read inbound(list: Option<ListId>, state: Option<InboundState>, limit: u32) -> Vec<InboundSummary>;
    read parked(list: Option<ListId>, limit: u32) -> Vec<InboundSummary>;
}

fn inbound(row: &AnyRow) -> Result<InboundRow, StoreError> {
    let approval = match (row.text_or_none("approved_by")?, row.instant_or_none("approved_at")?) {
        (Some(by), Some(at)) => Some(Approval { by, at }),
        (None, None) => None,
        _ => return Err(corrupt("approved_at")),
    };
    Ok(InboundRow {
        lease: InboundLease {
            inbound: InboundId(row.integer("id")?),
            worker: row.text("lease_owner")?,
            claim: row.integer("claim")?,
        },
        list: ListId(row.integer("list")?),
        part: row.text("part")?,
        token: row.text_or_none("token")?,
        sealed: row.octets("sealed")?,
        received_at: row.instant("received_at")?,
        attempts: row.integer("attempts")?,
        approval,
    })
}

fn summary(row: &AnyRow) -> Result<InboundSummary, StoreError> {
    Ok(InboundSummary {
        id: InboundId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        part: row.text("part")?,
        state: match row.text("state")?.as_str() {
            "waiting" => InboundState::Waiting,
            "parked" => InboundState::Parked,
            _ => return Err(corrupt("state")),
        },
        why: row.text("why")?,
        attempts: row.integer("attempts")?,
        received_at: row.instant("received_at")?,
        next_attempt_at: row.instant("next_attempt_at")?,
        octets: row.count("octets")?,
    })
}
