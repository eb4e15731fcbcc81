// SPDX-License-Identifier: GPL-3.0-or-later
//! The posting keys of a list, the newest first.

use chancery_crypto::Certificate;
use chancery_mail::{Address, Fingerprint, Instant};
use chancery_store::{KeyPurpose, ListKeyState};
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::vault::crypto;
use crate::{OperationError, Site};

/// One posting key.
#[derive(Clone, Debug, Serialize)]
pub struct ListKeyView {
    /// Its fingerprint.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub fingerprint: Fingerprint,
    /// What people call its algorithm.
    pub algorithm: String,
    /// `active`, `retiring` (still opens mail) or `revoked`.
    pub state: String,
    /// When it was made.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub created: Instant,
    /// When it ends.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub expires: Option<Instant>,
    /// Until when it still opens mail, if it is retiring.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub opens_until: Option<Instant>,
}

/// Shows them.
///
/// # Errors
/// When there is no such list, or the actor may not see its keys.
pub async fn show_keys(
    site: &Site,
    actor: &Actor,
    list: &Address,
) -> Result<Vec<ListKeyView>, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let mut views = Vec::new();
    for key in site.database.list_keys(row.id, KeyPurpose::Posting).await? {
        let facts = Certificate::parse(&key.public).map_err(crypto)?.facts(site.now());
        views.push(ListKeyView {
            fingerprint: key.fingerprint,
            algorithm: facts.algorithm,
            state: state_word(key.state).to_owned(),
            created: key.created,
            expires: facts.expires,
            opens_until: key.opens_until,
        });
    }
    Ok(views)
}

fn state_word(state: ListKeyState) -> &'static str {
    match state {
        ListKeyState::Active => "active",
        ListKeyState::Retiring { .. } => "retiring",
        ListKeyState::Revoked => "revoked",
    }
}
