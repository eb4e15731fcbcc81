// SPDX-License-Identifier: GPL-3.0-or-later
//! Brings a database to the newest schema.
//!
//! Migrations are files that are only ever appended, and never changed once released; each runs
//! once, in order. All that are due run in one writing transaction, so that a program that starts
//! beside another waits for it and then finds the work done, and a crash leaves the old schema.
//! (The driver's own migrator takes no lock on SQLite, and stamps rows with a clock that it reads
//! itself.)

use sqlx::{AnyPool, raw_sql};

use crate::column::Columns as _;
use crate::dialect;
use crate::error::{StoreError, While as _};

/// The migrations, oldest first: version, name, text.
const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "first", text: include_str!("../migrations/sqlite/0001_first.sql") }];

/// One step from a schema to the next.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Runs what is due.
pub(crate) async fn migrate(writer: &AnyPool) -> Result<(), StoreError> {
    migrate_with(writer, MIGRATIONS).await
}

async fn migrate_with(writer: &AnyPool, migrations: &'static [Migration]) -> Result<(), StoreError> {
    const ACT: &str = "bring the database to the newest schema";
    let known = migrations.last().map_or(0, |migration| migration.version);
    let mut transaction = writer.begin_with(dialect::BEGIN_WRITE).await.to(ACT)?;
    raw_sql(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER NOT NULL PRIMARY KEY,
            name    TEXT    NOT NULL
         ) STRICT",
    )
    .execute(&mut *transaction)
    .await
    .to(ACT)?;
    let found = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations")
        .fetch_one(&mut *transaction)
        .await
        .to(ACT)?
        .integer("version")?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for migration in migrations.iter().filter(|migration| migration.version > found) {
        raw_sql(migration.text).execute(&mut *transaction).await.to(ACT)?;
        sqlx::query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)")
            .bind(migration.version)
            .bind(migration.name)
            .execute(&mut *transaction)
            .await
            .to(ACT)?;
        tracing::info!(version = migration.version, name = migration.name, "the database has a new schema");
    }
    transaction.commit().await.to(ACT)
}
