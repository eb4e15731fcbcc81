// SPDX-License-Identifier: GPL-3.0-or-later
//! Lists and their settings.

use chancery_mail::{Address, Instant};
use sqlx::any::AnyRow;

use crate::Database;
use crate::column::Columns as _;
use crate::error::StoreError;
use crate::id::ListId;
use crate::transaction::{Transaction, also_on_database, debug_shows, sql};

/// A list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its id.
    pub id: ListId,
    /// Its posting address.
    pub address: Address,
    /// When it was made.
    pub created: Instant,
    /// The settings that differ from the defaults, by name in alphabetical order.
    pub settings: Vec<(String, String)>,
}

debug_shows! { ListRow { id, created } }

impl Transaction {
    /// Makes a list.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is a list of that address.
    pub async fn create_list(&mut self, address: &Address, created: Instant) -> Result<ListId, StoreError> {
        self.one(
            "make a list",
            sql("INSERT INTO lists (address, written, created) VALUES ($1, $2, $3) RETURNING id")
                .bind(address.canonical())
                .bind(address.to_string())
                .bind(created.unix()),
        )
        .await?
        .integer("id")
        .map(ListId)
    }

    /// The list of a posting address, however its letters' case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_by_address(&mut self, address: &Address) -> Result<Option<ListRow>, StoreError> {
        let row = self
            .optional(
                "look up a list by its address",
                sql("SELECT id, written, created FROM lists WHERE address = $1").bind(address.canonical()),
            )
            .await?;
        self.with_settings(row).await
    }

    /// The list of an id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_by_id(&mut self, list: ListId) -> Result<Option<ListRow>, StoreError> {
        let row = self
            .optional(
                "look up a list by its id",
                sql("SELECT id, written, created FROM lists WHERE id = $1").bind(list.0),
            )
            .await?;
        self.with_settings(row).await
    }

    /// All lists, by address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lists(&mut self) -> Result<Vec<ListRow>, StoreError> {
        let rows = self
            .all("list the lists", sql("SELECT id, written, created FROM lists ORDER BY address"))
            .await?;
        let mut lists = rows.iter().map(list).collect::<Result<Vec<_>, _>>()?;
        let positions: std::collections::HashMap<i64, usize> =
            lists.iter().enumerate().map(|(position, list)| (list.id.0, position)).collect();
        let settings = self
            .all(
                "read the settings of all lists",
                sql("SELECT list, name, value FROM list_settings ORDER BY list, name"),
            )
            .await?;
        for row in &settings {
            let list = positions.get(&row.integer("list")?).and_then(|position| lists.get_mut(*position));
            if let Some(list) = list {
                list.settings.push((row.text("name")?, row.text("value")?));
            }
        }
        Ok(lists)
    }

    /// Keeps settings (`Some`) or goes back to their defaults (`None`).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn set_settings(
        &mut self,
        list: ListId,
        changes: &[(String, Option<String>)],
    ) -> Result<(), StoreError> {
        const ACT: &str = "change the settings of a list";
        for (name, value) in changes {
            let statement = match value {
                Some(value) => sql("INSERT INTO list_settings (list, name, value) VALUES ($1, $2, $3)
                     ON CONFLICT (list, name) DO UPDATE SET value = excluded.value")
                .bind(list.0)
                .bind(name.as_str())
                .bind(value.as_str()),
                None => sql("DELETE FROM list_settings WHERE list = $1 AND name = $2")
                    .bind(list.0)
                    .bind(name.as_str()),
            };
            self.run(ACT, statement).await?;
        }
        Ok(())
    }

    /// Deletes a list with everything that belongs to it: keys, members, pins, mail, log. What was
    /// deleted is out of all files only after [`Database::scrub`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list.
    pub async fn delete_list(&mut self, list: ListId) -> Result<(), StoreError> {
        self.run_one("delete a list", sql("DELETE FROM lists WHERE id = $1").bind(list.0)).await
    }

    async fn with_settings(&mut self, row: Option<AnyRow>) -> Result<Option<ListRow>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut list = list(&row)?;
        let settings = self
            .all(
                "read the settings of a list",
                sql("SELECT name, value FROM list_settings WHERE list = $1 ORDER BY name").bind(list.id.0),
            )
            .await?;
        for row in &settings {
            list.settings.push((row.text("name")?, row.text("value")?));
        }
        Ok(Some(list))
    }
}

also_on_database! {
    write create_list(address: &Address, created: Instant) -> ListId;
    read list_by_address(address: &Address) -> Option<ListRow>;
    read list_by_id(list: ListId) -> Option<ListRow>;
    read lists() -> Vec<ListRow>;
    write set_settings(list: ListId, changes: &[(String, Option<String>)]) -> ();
}

impl Database {
    /// Deletes a list with everything that belongs to it, then scrubs it out of all files.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such list. [`StoreError::Busy`] may also come from
    /// the scrubbing, when the list is already gone: then [`Database::scrub`] is to be called again.
    pub async fn delete_list(&self, list: ListId) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.delete_list(list).await?;
        transaction.commit().await?;
        self.scrub().await
    }
}

fn list(row: &AnyRow) -> Result<ListRow, StoreError> {
    Ok(ListRow {
        id: ListId(row.integer("id")?),
        address: row.address("written")?,
        created: row.instant("created")?,
        settings: Vec::new(),
    })
}
