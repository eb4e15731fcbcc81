// SPDX-License-Identifier: GPL-3.0-or-later
//! Automatic replies that were given, so that nobody can make us flood a third person with them
//! (RFC 3834, section 2). Kept by a keyed hash: no address stands here.

use chancery_mail::Instant;

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::transaction::{Transaction, also_on_database, sql};

impl Transaction {
    /// Notes that a reply was given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_reply(&mut self, address_hash: &[u8], at: Instant) -> Result<(), StoreError> {
        self.run(
            "note a reply",
            sql("INSERT INTO replies (address_hash, at) VALUES ($1, $2)").bind(address_hash).bind(at.unix()),
        )
        .await?;
        Ok(())
    }

    /// How many replies were given at or after a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replies_since(&mut self, address_hash: &[u8], since: Instant) -> Result<u64, StoreError> {
        self.one(
            "count replies",
            sql("SELECT COUNT(*) AS n FROM replies WHERE address_hash = $1 AND at >= $2")
                .bind(address_hash)
                .bind(since.unix()),
        )
        .await?
        .count("n")
    }

    /// Forgets replies that were given before a moment; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_replies(&mut self, before: Instant) -> Result<u64, StoreError> {
        self.run("forget old replies", sql("DELETE FROM replies WHERE at < $1").bind(before.unix())).await
    }
}

also_on_database! {
    write note_reply(address_hash: &[u8], at: Instant) -> ();
    read replies_since(address_hash: &[u8], since: Instant) -> u64;
    write forget_replies(before: Instant) -> u64;
}
