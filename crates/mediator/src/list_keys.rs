// SPDX-License-Identifier: GPL-3.0-or-later
//! The keys of a list as steps and operations ask for them.

use std::time::Duration;

use chancery_crypto::Certificate;
use chancery_store::{KeyPurpose, ListId, ListKeyRow};

use crate::vault::crypto;
use crate::{OperationError, Site};

/// How long a posting key lives; it is extended by as much each year.
pub(crate) const POSTING_KEY_LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 3600);

/// The newest posting key, whatever its state.
///
/// # Errors
/// When the list has none.
pub(crate) async fn newest_posting_key(site: &Site, list: ListId) -> Result<ListKeyRow, OperationError> {
    let rows = site.database.list_keys(list, KeyPurpose::Posting).await?;
    rows.into_iter().next().ok_or_else(no_posting_key)
}

/// What is said of a list without one.
pub(crate) fn no_posting_key() -> OperationError {
    OperationError::NotFound("the list has no posting key; `chancery key import` gives it one".to_owned())
}

/// The public half of the key that the list's things on disk are sealed to.
///
/// # Errors
/// When the list has none.
pub(crate) async fn storage_certificate(site: &Site, list: ListId) -> Result<Certificate, OperationError> {
    let rows = site.database.list_keys(list, KeyPurpose::Storage).await?;
    let newest =
        rows.first().ok_or_else(|| OperationError::Unworkable("the list has no storage key".to_owned()))?;
    Certificate::parse(&newest.public).map_err(crypto)
}
