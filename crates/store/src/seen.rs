// SPDX-License-Identifier: GPL-3.0-or-later
//! Signatures that a list has acted on, so that a replay is found, even after a restart. They are
//! kept as long as the list: a signature has no age at which replaying it becomes harmless.

use chancery_mail::{Fingerprint, Instant, SignatureDigest};

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::{InboundId, ListId};
use crate::transaction::{Transaction, also_on_database, sql};

/// Whether a list has met a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Never; it is remembered now.
    New,
    /// With this very message, at an earlier attempt or before it was held.
    Mine,
    /// With another message: this one is a replay.
    Duplicate,
}

impl Transaction {
    /// Remembers a signature of a message. One unique index decides, so two workers cannot both
    /// find it new. In the transaction of what came of the message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember_signature(
        &mut self,
        list: ListId,
        fingerprint: &Fingerprint,
        digest: &SignatureDigest,
        inbound: InboundId,
        signed_at: Option<Instant>,
        seen_at: Instant,
    ) -> Result<Seen, StoreError> {
        let added = self
            .run(
                "remember a signature",
                sql("INSERT INTO seen_signatures (list, fingerprint, digest, inbound, signed_at, seen_at)
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (list, fingerprint, digest) DO NOTHING")
                .bind(list.0)
                .bind(fingerprint.octets())
                .bind(digest.0.as_slice())
                .bind(inbound.0)
                .bind(signed_at.map(Instant::unix))
                .bind(seen_at.unix()),
            )
            .await?;
        if added > 0 {
            return Ok(Seen::New);
        }
        self.signature_seen(list, fingerprint, digest, inbound).await
    }

    /// Whether a list has met a signature, without remembering it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signature_seen(
        &mut self,
        list: ListId,
        fingerprint: &Fingerprint,
        digest: &SignatureDigest,
        inbound: InboundId,
    ) -> Result<Seen, StoreError> {
        let row = self
            .optional(
                "look up a signature",
                sql("SELECT inbound FROM seen_signatures
                     WHERE list = $1 AND fingerprint = $2 AND digest = $3")
                .bind(list.0)
                .bind(fingerprint.octets())
                .bind(digest.0.as_slice()),
            )
            .await?;
        Ok(match row.map(|row| row.integer("inbound")).transpose()? {
            None => Seen::New,
            Some(owner) if owner == inbound.0 => Seen::Mine,
            Some(_) => Seen::Duplicate,
        })
    }
}

also_on_database! {
    read signature_seen(
        list: ListId, fingerprint: &Fingerprint, digest: &SignatureDigest, inbound: InboundId,
    ) -> Seen;
}
