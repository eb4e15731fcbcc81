// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings of a list: from the rows of the store and back.

use chancery_lists::ListSettings;
use chancery_store::ListRow;

use crate::OperationError;

/// The settings of a list, typed.
pub(crate) fn settings_of(row: &ListRow) -> Result<ListSettings, OperationError> {
    ListSettings::from_stored(row.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        .map_err(|error| OperationError::setting(&error))
}

/// The rows to store for these settings, checked one by one and together.
pub(crate) fn stored_changes(
    settings: &[(String, String)],
) -> Result<Vec<(String, Option<String>)>, OperationError> {
    let mut all = ListSettings::default();
    apply(&mut all, settings)?;
    Ok(all.to_stored().into_iter().map(|(name, value)| (name, Some(value))).collect())
}

/// Sets all of them, in whatever order they depend on each other, or none.
pub(crate) fn apply(all: &mut ListSettings, settings: &[(String, String)]) -> Result<(), OperationError> {
    let named = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    all.set_all(named).map(drop).map_err(|error| OperationError::setting(&error))
}
