// SPDX-License-Identifier: GPL-3.0-or-later
//! One list: what a poster may do, its key, its people, and what its owner should see to.

use std::collections::BTreeMap;

use chancery_crypto::Certificate;
use chancery_lists::{Protection, Role, plain_words};
use chancery_mail::{Address, Fingerprint, Instant};
use chancery_store::ListKeyState;
use serde::Serialize;

use super::find::find_list;
use crate::actor::{Actor, Permission, authorize};
use crate::list_keys::newest_posting_key;
use crate::reach::{NO_OWNER, has_reachable_owner, usable_copy};
use crate::settings::settings_of;
use crate::vault::crypto;
use crate::{OperationError, Site};

/// A list as its owners see it.
#[derive(Clone, Debug, Serialize)]
pub struct ListView {
    /// Its posting address.
    pub address: Address,
    /// The fingerprint of the key that members encrypt to.
    #[serde(serialize_with = "crate::operations::as_text")]
    pub fingerprint: Fingerprint,
    /// When that key ends; it is extended before.
    #[serde(serialize_with = "crate::operations::as_optional_text")]
    pub key_expires: Option<Instant>,
    /// What a poster may do and what happens to a post, for people.
    pub plain_words: Vec<String>,
    /// Every setting and its value.
    pub settings: BTreeMap<String, String>,
    /// How many people are on it, by role.
    pub people: BTreeMap<String, u64>,
    /// Members whom no copy reaches, and why.
    pub without_copies: Vec<WithoutCopies>,
    /// What its owner should see to.
    pub warnings: Vec<String>,
}

/// A member whom no copy reaches.
#[derive(Clone, Debug, Serialize)]
pub struct WithoutCopies {
    /// Their address.
    pub address: Address,
    /// Why not, in plain words.
    pub why: String,
}

/// Shows it.
///
/// # Errors
/// When there is no such list, or the actor may not see its settings.
pub async fn show_list(site: &Site, actor: &Actor, address: &Address) -> Result<ListView, OperationError> {
    let row = find_list(site, address).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let settings = settings_of(&row)?;
    let now = site.now();
    let newest = newest_posting_key(site, row.id).await?;
    let facts = Certificate::parse(&newest.public).map_err(crypto)?.facts(now);
    let mut people = BTreeMap::new();
    for role in Role::ALL {
        people.insert(
            role.as_str().to_owned(),
            site.database.count_subscriptions(row.id, Some(role.as_str())).await?,
        );
    }
    let without_copies = without_copies(site, row.id, now).await?;
    let mut warnings = Vec::new();
    if settings.encrypt_outgoing != Protection::Never && !has_reachable_owner(site, row.id, now).await? {
        warnings.push(NO_OWNER.to_owned());
    }
    if !without_copies.is_empty() {
        warnings.push(format!("{} members get no copies", without_copies.len()));
    }
    if newest.state == ListKeyState::Revoked {
        warnings.push("the list's key is revoked; `chancery key rollover` makes a new one".to_owned());
    }
    Ok(ListView {
        address: row.address.clone(),
        fingerprint: newest.fingerprint.clone(),
        key_expires: facts.expires,
        plain_words: plain_words(&settings),
        settings: settings.values().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        people,
        without_copies,
        warnings,
    })
}

/// How many members are read at a time.
const PAGE: u32 = 1000;
/// How many members without copies are named.
const MOST_NAMED: usize = 1000;

async fn without_copies(
    site: &Site,
    list: chancery_store::ListId,
    now: Instant,
) -> Result<Vec<WithoutCopies>, OperationError> {
    let mut found = Vec::new();
    let mut after = None;
    while found.len() < MOST_NAMED {
        let page = site.database.subscriptions(list, Some(Role::Member.as_str()), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.subscription.id);
        for row in page {
            if let Err(why) = usable_copy(row.subscription.enabled, row.key.as_ref(), now) {
                let why = why.plain_words().to_owned();
                found.push(WithoutCopies { address: row.subscription.address, why });
            }
        }
    }
    found.truncate(MOST_NAMED);
    Ok(found)
}
