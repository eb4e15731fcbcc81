// SPDX-License-Identifier: GPL-3.0-or-later
//! A new posting key in place of the old one, which goes on opening mail for a while.

use chancery_crypto::{KeyAlgorithm, KeyPair, NewKey};
use chancery_mail::Address;

use super::find::find_list;
use super::replace_key::{Rollover, replace_key};
use crate::actor::{Actor, Permission, authorize};
use crate::list_keys::POSTING_KEY_LIFETIME;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// Makes a new key and lets the old one retire.
///
/// # Errors
/// When there is no such list, or the site key is locked.
pub async fn rollover_key(
    site: &Site,
    actor: &Actor,
    list: &Address,
    algorithm: KeyAlgorithm,
) -> Result<Rollover, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let key = NewKey {
        address: row.address.clone(),
        name: row.address.local().to_owned(),
        algorithm,
        lifetime: Some(POSTING_KEY_LIFETIME),
    };
    let (pair, revocation) = KeyPair::generate(&key, site.now()).map_err(crypto)?;
    replace_key(site, &row, pair, Some(&revocation.0)).await
}
