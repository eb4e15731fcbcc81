// SPDX-License-Identifier: GPL-3.0-or-later
//! What is on its way: inbound, held, outgoing, parked.

use chancery_lists::Protection;
use chancery_mail::Instant;
use serde::Serialize;

use crate::actor::{Actor, Permission, authorize};
use crate::reach::{NO_OWNER, has_reachable_owner};
use crate::settings::settings_of;
use crate::{OperationError, Site};

/// The state of the queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueView {
    /// Messages that were taken in and not judged yet.
    pub inbound: u64,
    /// Posts that wait for a decision.
    pub held: u64,
    /// Copies that wait to be handed over.
    pub outgoing: u64,
    /// Of those, how many were refused for now and are tried again.
    pub retrying: u64,
    /// When the next of those is tried.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub next_retry: Option<Instant>,
    /// Messages that could not be handled, kept sealed.
    pub parked: Vec<ParkedView>,
    /// What the operator should see to.
    pub warnings: Vec<String>,
}

/// One parked message.
#[derive(Clone, Debug, Serialize)]
pub struct ParkedView {
    /// Its number.
    pub id: i64,
    /// The list it came to.
    pub list: String,
    /// Which of the list's addresses.
    pub part: String,
    /// Why it is parked.
    pub why: String,
    /// When it came.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub received_at: Instant,
}

impl QueueView {
    /// Whether nothing moves any more: all is delivered, held or parked.
    pub fn is_still(&self) -> bool {
        self.inbound == 0 && self.outgoing == 0
    }
}

/// How many parked messages are named at most.
const MOST: u32 = 10_000;

/// Shows it.
///
/// # Errors
/// When the actor is not the operator.
pub async fn queue(site: &Site, actor: &Actor) -> Result<QueueView, OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    let counts = site.database.queue_counts(None).await?;
    let mut parked = Vec::new();
    for row in site.database.parked(None, MOST).await? {
        let list = site.database.list_by_id(row.list).await?;
        parked.push(ParkedView {
            id: row.id.0,
            list: list.map(|list| list.address.to_string()).unwrap_or_default(),
            part: row.part,
            why: row.why,
            received_at: row.received_at,
        });
    }
    let mut warnings = Vec::new();
    for list in site.database.lists().await? {
        let encrypts =
            settings_of(&list).map_or(true, |settings| settings.encrypt_outgoing != Protection::Never);
        if encrypts && !has_reachable_owner(site, list.id, site.now()).await? {
            warnings.push(format!("{}: {NO_OWNER}", list.address));
        }
    }
    Ok(QueueView {
        inbound: counts.inbound,
        held: counts.held,
        outgoing: counts.outgoing,
        retrying: counts.failing,
        next_retry: counts.next_retry_at,
        parked,
        warnings,
    })
}
