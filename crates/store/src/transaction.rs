// SPDX-License-Identifier: GPL-3.0-or-later
//! One transaction: everything in it is kept together, or nothing of it.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};

use crate::error::{StoreError, While as _};

/// A statement with its values bound.
pub(crate) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// An open transaction. All operations of the store are its methods, in one file per family of
/// tables; each that is one act in itself stands on [`Database`](crate::Database) too.
///
/// Dropped without [`commit`](Transaction::commit), it leaves no trace: that is what a crash does.
#[must_use = "a transaction that is not committed changes nothing"]
pub struct Transaction {
    inner: sqlx::Transaction<'static, Any>,
}

impl Transaction {
    pub(crate) fn new(inner: sqlx::Transaction<'static, Any>) -> Self {
        Self { inner }
    }

    /// Keeps what was done. When this returns, it is on the disk.
    ///
    /// # Errors
    /// When the database cannot; then nothing was kept.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.to("commit")
    }

    /// Forgets what was done; the same as dropping it, but it has happened when this returns.
    ///
    /// # Errors
    /// When the connection is gone; then nothing was kept either.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.inner.rollback().await.to("roll back")
    }

    /// Runs a statement; says how many rows it touched.
    pub(crate) async fn run(&mut self, act: &'static str, sql: Statement<'_>) -> Result<u64, StoreError> {
        Ok(sql.execute(self.connection()).await.to(act)?.rows_affected())
    }

    /// Runs a statement that must touch a row.
    pub(crate) async fn run_one(&mut self, act: &'static str, sql: Statement<'_>) -> Result<(), StoreError> {
        match self.run(act, sql).await? {
            0 => Err(StoreError::NotFound { act }),
            _ => Ok(()),
        }
    }

    /// Reads the row that there must be.
    pub(crate) async fn one(&mut self, act: &'static str, sql: Statement<'_>) -> Result<AnyRow, StoreError> {
        sql.fetch_one(self.connection()).await.to(act)
    }

    /// Reads the row if there is one.
    pub(crate) async fn optional(
        &mut self,
        act: &'static str,
        sql: Statement<'_>,
    ) -> Result<Option<AnyRow>, StoreError> {
        sql.fetch_optional(self.connection()).await.to(act)
    }

    /// Reads all rows.
    pub(crate) async fn all(
        &mut self,
        act: &'static str,
        sql: Statement<'_>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        sql.fetch_all(self.connection()).await.to(act)
    }

    fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}

/// A statement. The text is always a literal: nothing is ever pasted into SQL.
pub(crate) fn sql<'q>(text: &'static str) -> Statement<'q> {
    sqlx::query(text)
}

/// Gives methods of [`Transaction`] to [`Database`](crate::Database) too, each as a transaction of
/// its own: `read` sees one consistent state and never waits for a writer, `write` is committed
/// when it returns.
macro_rules! also_on_database {
    ($($kind:ident $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*) => {
        impl $crate::Database {$(
            #[doc = concat!(
                "[`Transaction::", stringify!($name), "`](crate::Transaction::", stringify!($name),
                "), in a transaction of its own (", stringify!($kind), ").\n\n# Errors\nThe same; ",
                "then nothing was changed."
            )]
            pub async fn $name(&self, $($argument: $type),*) -> Result<$result, $crate::StoreError> {
                $crate::transaction::also_on_database!(@$kind self, $name, $($argument),*)
            }
        )*}
    };
    (@read $self:ident, $name:ident, $($argument:ident),*) => {{
        let mut transaction = $self.read().await?;
        transaction.$name($($argument),*).await
    }};
    (@write $self:ident, $name:ident, $($argument:ident),*) => {{
        let mut transaction = $self.begin().await?;
        let result = transaction.$name($($argument),*).await?;
        transaction.commit().await?;
        Ok(result)
    }};
}
pub(crate) use also_on_database;

/// `Debug` that shows the named fields only: neither addresses nor sealed octets.
macro_rules! debug_shows {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )*};
}
pub(crate) use debug_shows;
