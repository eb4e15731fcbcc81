// SPDX-License-Identifier: GPL-3.0-or-later
//! A posting key that was made elsewhere, in place of the list's.

use chancery_crypto::KeyPair;
use chancery_mail::{Address, KeyState};

use super::find::find_list;
use super::replace_key::{Rollover, replace_key};
use crate::actor::{Actor, Permission, authorize};
use crate::{OperationError, Site};

/// Takes the secret key; the present one retires as in a rollover.
///
/// # Errors
/// When the file is not one secret key, it cannot sign or be encrypted to, or does not name the list.
pub async fn import_key(
    site: &Site,
    actor: &Actor,
    list: &Address,
    secret: &[u8],
    passphrase: Option<&[u8]>,
) -> Result<Rollover, OperationError> {
    let row = find_list(site, list).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let remedy = "Give the list's secret key as `gpg --export-secret-keys --armor` writes it";
    let pair = KeyPair::parse(secret, passphrase)
        .map_err(|error| OperationError::invalid("key", error.to_string(), remedy))?;
    let facts = pair.certificate().facts(site.now());
    for (state, what) in
        [(facts.encryption, "mail cannot be encrypted to it"), (facts.signing, "it cannot sign")]
    {
        if state != KeyState::Usable {
            return Err(OperationError::invalid("key", format!("{what}: {}", state.as_str()), remedy));
        }
    }
    if !facts.addresses.contains(&row.address) {
        return Err(OperationError::invalid(
            "key",
            format!(
                "no user ID of it names {}, and programs would call the list's signature bad",
                row.address
            ),
            "Add such a user ID to the key first",
        ));
    }
    replace_key(site, &row, pair, None).await
}
