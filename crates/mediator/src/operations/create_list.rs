// SPDX-License-Identifier: GPL-3.0-or-later
//! Creates a list with its posting key and its storage key.

use std::time::Duration;

use chancery_crypto::{KeyAlgorithm, KeyPair, NewKey};
use chancery_lists::valid_list_local;
use chancery_mail::Address;
use chancery_store::{KeyPurpose, NewListKey};

use super::export_key::revocation_context;
use super::show_list::{ListView, show_list};
use crate::actor::{Actor, Permission, authorize};
use crate::list_keys::POSTING_KEY_LIFETIME;
use crate::settings::stored_changes;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// What a new list is to be like.
#[derive(Clone, Debug)]
pub struct NewList {
    /// Its posting address; the domain is the site's.
    pub address: Address,
    /// Settings that differ from the defaults, by name.
    pub settings: Vec<(String, String)>,
    /// The algorithm of its posting key.
    pub algorithm: KeyAlgorithm,
}

/// Creates it.
///
/// # Errors
/// When the address cannot be a list's, is taken, a setting is wrong, or the site key is locked.
pub async fn create_list(site: &Site, actor: &Actor, new: NewList) -> Result<ListView, OperationError> {
    authorize(site, actor, Permission::Site, None).await?;
    let vault = site.vault()?.clone();
    check_address(site, &new.address)?;
    if site.database.list_by_address(&new.address).await?.is_some() {
        return Err(OperationError::Conflict(format!(
            "the list {} exists already; `chancery list show {}` shows it",
            new.address, new.address
        )));
    }
    let changes = stored_changes(&new.settings)?;
    let now = site.now();
    let posting = generate(&new, new.algorithm, Some(POSTING_KEY_LIFETIME), now)?;
    let storage = generate(&new, KeyAlgorithm::Ed25519V4, None, now)?;

    let mut transaction = site.database.begin().await?;
    let list = transaction.create_list(&new.address, now).await?;
    transaction.set_settings(list, &changes).await?;
    for (purpose, (pair, revocation)) in [(KeyPurpose::Posting, posting), (KeyPurpose::Storage, storage)] {
        let certificate = pair.certificate();
        let fingerprint = certificate.fingerprint();
        transaction
            .add_list_key(&NewListKey {
                list,
                purpose,
                sealed_secret: vault.seal_key(list, purpose, &pair)?,
                sealed_revocation: Some(vault.seal(&revocation_context(&fingerprint), &revocation)?),
                fingerprint,
                public: certificate.octets(),
                created: now,
                opens_until: None,
            })
            .await?;
    }
    transaction.commit().await?;
    show_list(site, actor, &new.address).await
}

fn check_address(site: &Site, address: &Address) -> Result<(), OperationError> {
    if address.domain() != site.config.domain.to_lowercase() {
        return Err(OperationError::invalid(
            "address",
            format!("{} is not in the domain of this site", address),
            format!("Use {}@{}, or set `domain` in the configuration", address.local(), site.config.domain),
        ));
    }
    valid_list_local(address.local()).map_err(|why| {
        OperationError::invalid("address", why.to_string(), "Choose another name for the list")
    })
}

fn generate(
    new: &NewList,
    algorithm: KeyAlgorithm,
    lifetime: Option<Duration>,
    now: chancery_mail::Instant,
) -> Result<(KeyPair, Vec<u8>), OperationError> {
    let key =
        NewKey { address: new.address.clone(), name: new.address.local().to_owned(), algorithm, lifetime };
    let (pair, revocation) = KeyPair::generate(&key, now).map_err(crypto)?;
    Ok((pair, revocation.0))
}
