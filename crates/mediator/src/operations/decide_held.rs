// SPDX-License-Identifier: GPL-3.0-or-later
//! Decides on a held post.

use chancery_mail::Address;
use chancery_store::{HeldId, NewLogLine};

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldDecision {
    /// It goes out as it would have gone; what came encrypted stays encrypted.
    Accept,
    /// It does not go out.
    Reject,
    /// It does not go out, and nobody hears of it.
    Discard,
}

impl HeldDecision {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Discard => "discard",
        }
    }
}

/// Carries the decision out. An accepted post is walked once more, with the keys and members of
/// that moment; only findings that can be approved are overruled.
///
/// # Errors
/// When there is no such held post, or the actor may not moderate the list.
pub async fn decide_held(
    site: &Site,
    actor: &Actor,
    list: &Address,
    held: i64,
    decision: HeldDecision,
) -> Result<(), OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Moderate, Some(row.id)).await?;
    let mut transaction = site.database.begin().await?;
    let there = transaction.held_by_id(HeldId(held)).await?.filter(|found| found.list == row.id);
    let Some(found) = there else {
        return Err(OperationError::NotFound(format!(
            "no held post {held} on {list}; `chancery held list {list}` names those there are"
        )));
    };
    let by = match actor {
        Actor::Operator => "the operator".to_owned(),
        Actor::Person(address) => address.canonical(),
    };
    match decision {
        HeldDecision::Accept => {
            transaction.approve_held(found.id, &by, site.now()).await?;
        }
        HeldDecision::Reject | HeldDecision::Discard => transaction.remove_held(found.id).await?,
    }
    transaction
        .owner_log(&NewLogLine {
            list: row.id,
            at: site.now(),
            event: "held post".to_owned(),
            finding: Some(found.findings),
            disposition: Some(decision.as_str().to_owned()),
            detail: format!("decided by {by}"),
            inbound: Some(found.inbound),
        })
        .await?;
    transaction.commit().await?;
    site.bell.notify_waiters();
    Ok(())
}
