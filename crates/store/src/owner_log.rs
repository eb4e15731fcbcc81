// SPDX-License-Identifier: GPL-3.0-or-later
//! The owners' log of a list: what was decided about which message and why. It never holds content
//! of a message, only findings, decisions and fingerprints in plain words.

use chancery_mail::Instant;
use sqlx::any::AnyRow;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::{InboundId, ListId, LogId};
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// A line to write.
#[derive(Clone)]
pub struct NewLogLine {
    /// The list.
    pub list: ListId,
    /// When.
    pub at: Instant,
    /// What happened, in a word.
    pub event: String,
    /// What was found, if it is about a finding.
    pub finding: Option<String>,
    /// What was decided, if something was.
    pub disposition: Option<String>,
    /// In plain words.
    pub detail: String,
    /// About which message.
    pub inbound: Option<InboundId>,
}

impl NewLogLine {
    /// A line about something that is no judgement.
    pub fn event(list: ListId, at: Instant, event: &str, detail: String) -> Self {
        Self { list, at, event: event.to_owned(), finding: None, disposition: None, detail, inbound: None }
    }
}

/// A line that was written.
#[derive(Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its id.
    pub id: LogId,
    /// The list.
    pub list: ListId,
    /// When.
    pub at: Instant,
    /// What happened, in a word.
    pub event: String,
    /// What was found.
    pub finding: Option<String>,
    /// What was decided.
    pub disposition: Option<String>,
    /// In plain words.
    pub detail: String,
    /// About which message.
    pub inbound: Option<InboundId>,
}

debug_shows! {
    NewLogLine { list, at, event, finding, disposition, inbound }
    LogRow { id, list, at, event, finding, disposition, inbound }
}

impl Transaction {
    /// Writes a line into a list's log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn owner_log(&mut self, line: &NewLogLine) -> Result<LogId, StoreError> {
        self.one(
            "write into an owner's log",
            sql("INSERT INTO owner_log (list, at, event, finding, disposition, detail, inbound)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id")
            .bind(line.list.0)
            .bind(line.at.unix())
            .bind(line.event.as_str())
            .bind(line.finding.as_deref())
            .bind(line.disposition.as_deref())
            .bind(line.detail.as_str())
            .bind(line.inbound.map(|id| id.0)),
        )
        .await?
        .integer("id")
        .map(LogId)
    }

    /// A page of a list's log, oldest first: the lines after an id, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_log(
        &mut self,
        list: ListId,
        after: Option<LogId>,
        limit: u32,
    ) -> Result<Vec<LogRow>, StoreError> {
        self.all(
            "read an owner's log",
            sql("SELECT id, list, at, event, finding, disposition, detail, inbound FROM owner_log
                 WHERE list = $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(list.0)
            .bind(after.map_or(0, |id| id.0))
            .bind(i64::from(limit)),
        )
        .await?
        .iter()
        .map(line)
        .collect()
    }

    /// The newest lines of a list's log, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_log_lines(&mut self, list: ListId, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        let mut lines: Vec<LogRow> = self
            .all(
                "read an owner's log",
                sql("SELECT id, list, at, event, finding, disposition, detail, inbound FROM owner_log
                     WHERE list = $1 ORDER BY id DESC LIMIT $2")
                .bind(list.0)
                .bind(i64::from(limit)),
            )
            .await?
            .iter()
            .map(line)
            .collect::<Result<_, _>>()?;
        lines.reverse();
        Ok(lines)
    }

    /// Deletes the lines of all lists that are older than a moment; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_log(&mut self, before: Instant) -> Result<u64, StoreError> {
        self.run(
            "forget old lines of the owners' logs",
            sql("DELETE FROM owner_log WHERE at < $1").bind(before.unix()),
        )
        .await
    }
}

also_on_database! {
    write owner_log(line: &NewLogLine) -> LogId;
    read newest_log_lines(list: ListId, limit: u32) -> Vec<LogRow>;
    read read_log(list: ListId, after: Option<LogId>, limit: u32) -> Vec<LogRow>;
    write forget_log(before: Instant) -> u64;
}

fn line(row: &AnyRow) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        id: LogId(row.integer("id")?),
        list: ListId(row.integer("list")?),
        at: row.instant("at")?,
        event: row.text("event")?,
        finding: row.text_or_none("finding")?,
        disposition: row.text_or_none("disposition")?,
        detail: row.text("detail")?,
        inbound: row.integer_or_none("inbound")?.map(InboundId),
    })
}
