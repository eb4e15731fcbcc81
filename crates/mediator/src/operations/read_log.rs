// SPDX-License-Identifier: GPL-3.0-or-later
//! The owner's log of a list: every judgement with all findings, in the order of time.

use chancery_mail::{Address, Instant};
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct LogLine {
    /// When it happened.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub at: Instant,
    /// What happened: `post`, `held post`, `delivery`, `owner mail`, `key request`, `settings`.
    pub event: String,
    /// All findings with the action of each.
    pub findings: String,
    /// What was decided.
    pub disposition: Option<String>,
    /// More, for a person to read; never anything of a message's content.
    pub detail: String,
}

/// The newest `limit` lines, the oldest of them first.
///
/// # Errors
/// When there is no such list, or the actor may not read its log.
pub async fn read_log(
    site: &Site,
    actor: &Actor,
    list: &Address,
    limit: u32,
) -> Result<Vec<LogLine>, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Moderate, Some(row.id)).await?;
    let lines = site.database.newest_log_lines(row.id, limit).await?;
    Ok(lines
        .into_iter()
        .map(|line| LogLine {
            at: line.at,
            event: line.event,
            findings: line.finding.unwrap_or_default(),
            disposition: line.disposition,
            detail: line.detail,
        })
        .collect())
}
