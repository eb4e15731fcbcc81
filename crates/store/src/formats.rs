// SPDX-License-Identifier: GPL-3.0-or-later
//! Which body formats the members of a list can read.

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::ListId;
use crate::transaction::{Transaction, also_on_database, sql};

impl Transaction {
    /// The formats that the keys pinned on a list take, each once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recipient_formats(&mut self, list: ListId) -> Result<Vec<String>, StoreError> {
        self.all(
            "read which formats a list needs",
            sql("SELECT DISTINCT format FROM pins WHERE list = $1 AND ended IS NULL AND format IS NOT NULL
                 ORDER BY format")
            .bind(list.0),
        )
        .await?
        .iter()
        .map(|row| row.text("format"))
        .collect()
    }
}

also_on_database! {
    read recipient_formats(list: ListId) -> Vec<String>;
}
