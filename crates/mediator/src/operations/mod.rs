// SPDX-License-Identifier: GPL-3.0-or-later
//! The operations: one file each, used alike by every door. Each names the actor who asks, checks
//! that they may, does its work in one transaction, and gives plain values back.

pub(crate) mod add_member;
pub(crate) mod create_list;
pub(crate) mod decide_held;
pub(crate) mod delete_list;
pub(crate) mod export_key;
pub(crate) mod find;
pub(crate) mod import_key;
pub(crate) mod import_members;
pub(crate) mod list_held;
pub(crate) mod list_lists;
pub(crate) mod list_members;
pub(crate) mod queue;
pub(crate) mod read_log;
pub(crate) mod remove_member;
pub(crate) mod replace_key;
pub(crate) mod requeue;
pub(crate) mod revoke_key;
pub(crate) mod rollover_key;
pub(crate) mod set_list;
pub(crate) mod set_member;
pub(crate) mod show_held;
pub(crate) mod show_keys;
pub(crate) mod show_list;
pub(crate) mod show_member;

use std::fmt::Display;

use serde::Serializer;

/// For `serde`: the value as it is shown.
pub(crate) fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same for a value that may be missing.
pub(crate) fn as_optional_text<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
