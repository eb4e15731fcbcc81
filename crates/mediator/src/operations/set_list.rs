// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes settings of a list: all that were named, or none.

use std::collections::BTreeMap;

use chancery_mail::Address;
use chancery_store::NewLogLine;

use super::find::find_list;
use super::show_list::{ListView, show_list};
use crate::actor::{Actor, Permission, authorize};
use crate::settings::{apply, settings_of};
use crate::{OperationError, Site};

/// Changes them.
///
/// # Errors
/// When a name or value is wrong, or the whole would contradict itself; nothing is changed then.
pub async fn set_list(
    site: &Site,
    actor: &Actor,
    address: &Address,
    settings: &[(String, String)],
) -> Result<ListView, OperationError> {
    let row = find_list(site, address).await?;
    authorize(site, actor, Permission::Administer, Some(row.id)).await?;
    let before: BTreeMap<String, String> = row.settings.iter().cloned().collect();
    let mut all = settings_of(&row)?;
    apply(&mut all, settings)?;
    let after: BTreeMap<String, String> = all.to_stored().into_iter().collect();
    let mut changes: Vec<(String, Option<String>)> = Vec::new();
    for (name, value) in &after {
        if before.get(name) != Some(value) {
            changes.push((name.clone(), Some(value.clone())));
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        changes.push((name.clone(), None));
    }
    let mut transaction = site.database.begin().await?;
    transaction.set_settings(row.id, &changes).await?;
    let names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
    transaction
        .owner_log(&NewLogLine {
            list: row.id,
            at: site.now(),
            event: "settings".to_owned(),
            finding: None,
            disposition: None,
            detail: format!("changed: {}", names.join(", ")),
            inbound: None,
        })
        .await?;
    transaction.commit().await?;
    show_list(site, actor, address).await
}
