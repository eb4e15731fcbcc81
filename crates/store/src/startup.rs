// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server does when it starts, or is told to hurry: claims and delays are lifted.

use chancery_mail::Instant;

use crate::error::StoreError;
use crate::transaction::{Transaction, also_on_database, sql};

impl Transaction {
    /// Lifts all claims. Only for the one server of an embedded database, when it starts: what it
    /// finds claimed was claimed by one that is dead. A copy that was begun three times or more waits
    /// until a later moment, so that one at which the server dies does not take the others along for
    /// ever.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_all(&mut self, later: Instant) -> Result<(), StoreError> {
        const ACT: &str = "lift the claims of a dead server";
        self.run(ACT, sql("UPDATE inbound SET lease_owner = '', lease_until = 0 WHERE lease_until > 0"))
            .await?;
        self.run(
            ACT,
            sql("UPDATE deliveries SET next_attempt_at = $1 WHERE lease_until > 0 AND attempts >= 3")
                .bind(later.unix()),
        )
        .await?;
        self.run(ACT, sql("UPDATE deliveries SET lease_owner = '', lease_until = 0 WHERE lease_until > 0"))
            .await?;
        Ok(())
    }

    /// Makes all delayed copies due; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retry_deliveries_now(&mut self, now: Instant) -> Result<u64, StoreError> {
        self.run(
            "try delayed copies now",
            sql(
                "UPDATE deliveries SET next_attempt_at = $1 WHERE state = 'waiting' AND next_attempt_at > $1",
            )
            .bind(now.unix()),
        )
        .await
    }
}

also_on_database! {
    write release_all(later: Instant) -> ();
    write retry_deliveries_now(now: Instant) -> u64;
}
