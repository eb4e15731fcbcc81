// SPDX-License-Identifier: GPL-3.0-or-later
//! Values of the site as a whole: the sealed site key, for one. Only sealed or public octets.

use crate::column::Columns as _;
use crate::error::StoreError;
use crate::transaction::{Transaction, also_on_database, sql};

impl Transaction {
    /// Keeps a value under a name, in place of the one before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_site_value(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.run(
            "keep a value of the site",
            sql("INSERT INTO site_values (name, value) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(name)
            .bind(value),
        )
        .await?;
        Ok(())
    }

    /// The value under a name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn site_value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.optional(
            "read a value of the site",
            sql("SELECT value FROM site_values WHERE name = $1").bind(name),
        )
        .await?
        .map(|row| row.octets("value"))
        .transpose()
    }
}

also_on_database! {
    write put_site_value(name: &str, value: &[u8]) -> ();
    read site_value(name: &str) -> Option<Vec<u8>>;
}
