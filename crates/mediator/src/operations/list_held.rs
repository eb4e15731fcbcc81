// SPDX-License-Identifier: GPL-3.0-or-later
//! The posts that wait for an owner's or moderator's decision.

use chancery_mail::{Address, Instant};
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// A held post, without a word of what it says.
#[derive(Clone, Debug, Serialize)]
pub struct HeldView {
    /// Its number, to decide on it.
    pub id: i64,
    /// Whom it says it is from; not proved when a finding speaks of the signature.
    pub from: Option<Address>,
    /// Why it waits.
    pub findings: String,
    /// How large it was as it came, in octets.
    pub octets: u64,
    /// Since when it waits.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub held_at: Instant,
}

/// How many are named at most.
const MOST: u32 = 10_000;

/// Names them, the oldest first.
///
/// # Errors
/// When there is no such list, or the actor may not moderate it.
pub async fn list_held(site: &Site, actor: &Actor, list: &Address) -> Result<Vec<HeldView>, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Moderate, Some(row.id)).await?;
    let held = site.database.held(Some(row.id), MOST).await?;
    Ok(held
        .into_iter()
        .map(|held| HeldView {
            id: held.id.0,
            from: held.from.and_then(|from| from.parse().ok()),
            findings: held.findings,
            octets: held.octets,
            held_at: held.held_at,
        })
        .collect())
}
