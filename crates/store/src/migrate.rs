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

#[cfg(test)]
mod tests {
    use super::*;

    const GROWN: &[Migration] = &[
        Migration { version: 1, name: "first", text: include_str!("../migrations/sqlite/0001_first.sql") },
        Migration { version: 2, name: "colours", text: "ALTER TABLE lists ADD COLUMN colour TEXT" },
    ];
    const BROKEN: &[Migration] = &[
        Migration { version: 1, name: "first", text: include_str!("../migrations/sqlite/0001_first.sql") },
        Migration {
            version: 2,
            name: "broken",
            text: "ALTER TABLE lists ADD COLUMN colour TEXT; INSERT INTO nowhere VALUES (1)",
        },
    ];

    async fn memory() -> AnyPool {
        crate::database::pool("sqlite::memory:", 1, dialect::PREPARE_CONNECTION).unwrap()
    }

    async fn version(pool: &AnyPool) -> i64 {
        sqlx::query("SELECT MAX(version) AS version FROM schema_migrations")
            .fetch_one(pool)
            .await
            .unwrap()
            .integer("version")
            .unwrap()
    }

    #[tokio::test]
    async fn what_the_first_schema_holds_survives_every_later_one() {
        let pool = memory().await;
        migrate_with(&pool, &MIGRATIONS[..1]).await.unwrap();
        raw_sql("INSERT INTO lists (address, written, created) VALUES ('a@b', 'a@b', 1)")
            .execute(&pool)
            .await
            .unwrap();
        migrate(&pool).await.unwrap();
        migrate_with(&pool, GROWN).await.unwrap();
        let row = sqlx::query("SELECT address, colour FROM lists").fetch_one(&pool).await.unwrap();
        assert_eq!(row.text("address").unwrap(), "a@b");
        assert_eq!(row.text_or_none("colour").unwrap(), None);
        assert_eq!(version(&pool).await, 2);
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused() {
        let pool = memory().await;
        migrate_with(&pool, GROWN).await.unwrap();
        let refused = migrate(&pool).await;
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 2, known: 1 })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_migration_that_fails_halfway_leaves_the_old_schema() {
        let pool = memory().await;
        migrate(&pool).await.unwrap();
        assert!(migrate_with(&pool, BROKEN).await.is_err());
        assert_eq!(version(&pool).await, 1);
        migrate_with(&pool, GROWN).await.unwrap();
    }

    #[test]
    fn versions_are_numbered_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    }
}
