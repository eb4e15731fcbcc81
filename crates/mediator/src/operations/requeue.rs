// SPDX-License-Identifier: GPL-3.0-or-later
//! What an operator does with what does not move by itself.

use chancery_store::{InboundId, StoreError};

use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// Handles a parked message once more, after whatever stood in its way was mended.
///
/// # Errors
/// When there is no parked message of that number, or the actor is not the operator.
pub async fn retry_parked(site: &Site, actor: &Actor, id: i64) -> Result<(), OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    site.database.unpark_inbound(InboundId(id), site.now()).await.map_err(|error| no_such(error, id))
}

/// Deletes a parked message.
///
/// # Errors
/// When there is no parked message of that number, or the actor is not the operator.
pub async fn drop_parked(site: &Site, actor: &Actor, id: i64) -> Result<(), OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    site.database.remove_parked(InboundId(id)).await.map_err(|error| no_such(error, id))
}

/// Tries all delayed copies now, after the relay was mended.
///
/// # Errors
/// When the actor is not the operator.
pub async fn retry_now(site: &Site, actor: &Actor) -> Result<(), OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    site.database.retry_deliveries_now(site.now()).await?;
    Ok(())
}

fn no_such(error: StoreError, id: i64) -> OperationError {
    match error {
        StoreError::NotFound { .. } => OperationError::NotFound(format!(
            "no parked message {id}; `chancery queue` names those there are"
        )),
        other => other.into(),
    }
}
