// SPDX-License-Identifier: GPL-3.0-or-later
//! The database: opening, transactions, and what concerns it as a whole.

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};

use crate::column::Columns as _;
use crate::error::{StoreError, While as _};
use crate::transaction::Transaction;
use crate::{dialect, migrate};

/// Everything durable. Clones share their connections; several processes may have the same file
/// open (a command beside a running server).
///
/// It stands on sqlx's `Any` driver: one type and one SQL text for SQLite and PostgreSQL. What a
/// connection of SQLite needs is said to each when it is made; the driver lacks nothing else that
/// is used here, and costs one copy of a value on its way.
///
/// One connection writes, others read, and readers see the last commit without waiting for the
/// writer. One more only watches.
#[derive(Clone)]
pub struct Database {
    writer: AnyPool,
    readers: AnyPool,
    watcher: AnyPool,
}

const READERS: u32 = 4;

/// For how long a connection, or the turn to write, is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Up to how many octets a database is rewritten through memory.
const REWRITTEN_IN_MEMORY: i64 = 64 << 20;

impl Database {
    /// Makes a new database that only its owner may read (mode 0600), and opens it.
    ///
    /// # Errors
    /// [`StoreError::FileExists`] when there is a file already.
    pub async fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(_) => Self::open(path).await,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(StoreError::FileExists(path.to_path_buf()))
            }
            Err(error) => Err(error).to("make the database file"),
        }
    }

    /// Opens a database and brings it to the newest schema.
    ///
    /// # Errors
    /// [`StoreError::NoFile`] when there is none, [`StoreError::NewerSchema`] when a newer version
    /// of the program has been here, [`StoreError::Corrupt`] when the file is something else.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        const ACT: &str = "open the database";
        let path = match path.as_ref().canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::NoFile(path.as_ref().to_path_buf()));
            }
            Err(error) => return Err(error).to(ACT),
        };
        // The WAL gets the mode of the database, so this holds for both.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).to(ACT)?;
        let url = sqlite_url(&path);
        probe(&url).await?;
        let writer = pool(&url, 1, dialect::PREPARE_CONNECTION)?;
        migrate::migrate(&writer).await?;
        Ok(Self {
            writer,
            readers: pool(&url, READERS, dialect::PREPARE_READER)?,
            watcher: pool(&url, 1, dialect::PREPARE_READER)?,
        })
    }

    /// A database that is gone when it is dropped, for tests. It has one connection only: whoever
    /// asks it something while holding a [`Transaction`] waits for that transaction's end.
    ///
    /// # Errors
    /// When there is no memory.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let writer = pool("sqlite::memory:", 1, dialect::PREPARE_CONNECTION)?;
        migrate::migrate(&writer).await?;
        Ok(Self { readers: writer.clone(), watcher: writer.clone(), writer })
    }

    /// Begins a transaction that may write. It waits for other writers first, up to 30 seconds.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody else writes for too long.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.writer.begin_with(dialect::BEGIN_WRITE).await.map(Transaction::new).to("begin to write")
    }

    /// Begins a transaction that only reads: one consistent state, whatever others write meanwhile.
    /// It must not be kept for long, since the log of changes cannot be shortened below it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when all connections are taken for too long.
    pub async fn read(&self) -> Result<Transaction, StoreError> {
        self.readers.begin().await.map(Transaction::new).to("begin to read")
    }

    /// A number that differs from the last one when anybody, in this process or another, has
    /// committed anything since. Ask it to learn of work that another process laid down.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn data_version(&self) -> Result<i64, StoreError> {
        const ACT: &str = "look for changes";
        sqlx::query("PRAGMA data_version").fetch_one(&self.watcher).await.to(ACT)?.integer("data_version")
    }

    /// Makes sure that what was deleted is in no file any more.
    ///
    /// `secure_delete` zeroes a row where it lay last, but not where the row lay before its page was
    /// split or rebuilt, and the log of changes has the older pages too. So the database is written
    /// anew from its living rows, and the log is written back and truncated. This costs a pass over
    /// the whole database, and others cannot write meanwhile: do it when a list is deleted, and from
    /// time to time; after lesser deletions [`truncate_log`](Database::truncate_log) does for now.
    ///
    /// A small database is rewritten through memory; a large one through a file in SQLite's temporary
    /// directory (`SQLITE_TMPDIR`) that has no name and holds living rows only.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when others wrote, or read an older state, all the time: try again.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        const ACT: &str = "scrub what was deleted";
        // On one connection, since where temporary things lie is a property of a connection.
        let mut connection = self.writer.acquire().await.to(ACT)?;
        let octets =
            sqlx::query("SELECT page_count * page_size AS octets FROM pragma_page_count, pragma_page_size")
                .fetch_one(&mut *connection)
                .await
                .to(ACT)?
                .integer("octets")?;
        if octets > REWRITTEN_IN_MEMORY {
            sqlx::raw_sql("PRAGMA temp_store = FILE").execute(&mut *connection).await.to(ACT)?;
        }
        let rewritten = sqlx::raw_sql("VACUUM").execute(&mut *connection).await;
        sqlx::raw_sql("PRAGMA temp_store = MEMORY").execute(&mut *connection).await.to(ACT)?;
        rewritten.to(ACT)?;
        truncate_log(ACT, &mut connection).await
    }

    /// Writes the log of changes back into the database and truncates it: the older forms of pages
    /// that it holds are gone then.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody read an older state all the time: try again.
    pub async fn truncate_log(&self) -> Result<(), StoreError> {
        const ACT: &str = "truncate the log of changes";
        let mut connection = self.writer.acquire().await.to(ACT)?;
        truncate_log(ACT, &mut connection).await
    }

    /// Closes all connections, after what runs has ended. The last one of all processes removes
    /// the log of changes.
    pub async fn close(&self) {
        self.watcher.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

async fn truncate_log(act: &'static str, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await.to(act)?;
    if row.flag("busy")? { Err(StoreError::Busy { act }) } else { Ok(()) }
}

/// Makes one connection outside the pools and reads: a pool tries again and again what fails, and
/// then says only that it took too long.
///
/// SQLite does not wait when two switch a new database to its log of changes at once, since that
/// could be a deadlock, but tells one that it is busy: that one tries again here.
async fn probe(url: &str) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(20);
    sqlx::any::install_default_drivers();
    let opened = async {
        loop {
            match try_to_open(url).await {
                Err(StoreError::Busy { .. }) => tokio::time::sleep(PAUSE).await,
                result => return result,
            }
        }
    };
    tokio::time::timeout(PATIENCE, opened).await.unwrap_or(Err(StoreError::Busy { act: "open the database" }))
}

async fn try_to_open(url: &str) -> Result<(), StoreError> {
    const ACT: &str = "open the database";
    let mut connection = AnyConnection::connect(url).await.to(ACT)?;
    sqlx::raw_sql(dialect::PREPARE_CONNECTION).execute(&mut connection).await.to(ACT)?;
    sqlx::raw_sql("SELECT COUNT(*) FROM sqlite_schema").execute(&mut connection).await.to(ACT)?;
    connection.close().await.to(ACT)
}

/// Connections are made when they are needed, and kept.
pub(crate) fn pool(url: &str, connections: u32, prepare: &'static str) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| {
            Box::pin(async move { sqlx::raw_sql(prepare).execute(connection).await.map(|_| ()) })
        })
        .connect_lazy(url)
        .to("open the database")
}

/// The URL of a file, every unusual octet of its path escaped.
fn sqlite_url(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut url = String::from("sqlite://");
    for octet in path.as_os_str().as_encoded_bytes() {
        match octet {
            b'/' | b'.' | b'-' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                url.push(char::from(*octet))
            }
            _ => drop(write!(url, "%{octet:02X}")),
        }
    }
    url + "?mode=rw"
}

#[cfg(test)]
mod tests {
    use chancery_mail::Instant;

    use super::*;
    use crate::NewInbound;

    #[tokio::test]
    async fn a_full_disk_is_said_to_be_full_and_what_was_kept_stays() {
        let directory = tempfile::tempdir().unwrap();
        let store = Database::create(directory.path().join("chancery.db")).await.unwrap();
        let list = store
            .create_list(&"friends@lists.example.org".parse().unwrap(), Instant::from_unix(1))
            .await
            .unwrap();
        sqlx::raw_sql("PRAGMA max_page_count = 300").execute(&store.writer).await.unwrap();
        let message = |octets| NewInbound {
            list,
            part: "post".into(),
            token: None,
            sealed: vec![1; octets],
            received_at: Instant::from_unix(1),
        };
        store.add_inbound(&message(1000)).await.unwrap();
        let refused = store.add_inbound(&message(2_000_000)).await;
        assert!(
            matches!(&refused, Err(error @ StoreError::Full { .. }) if error.is_temporary()),
            "{refused:?}"
        );
        store.add_inbound(&message(1000)).await.unwrap();
        assert_eq!(store.queue_counts(None).await.unwrap().inbound, 2);
    }

    #[tokio::test]
    async fn every_connection_that_writes_is_prepared() {
        let directory = tempfile::tempdir().unwrap();
        let store = Database::create(directory.path().join("chancery.db")).await.unwrap();
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA secure_delete", 1),
            ("PRAGMA temp_store", 2),
            ("PRAGMA trusted_schema", 0),
            ("PRAGMA query_only", 0),
        ] {
            let row = sqlx::query(pragma).fetch_one(&store.writer).await.unwrap();
            assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), expected, "{pragma}");
        }
        let row = sqlx::query("PRAGMA journal_mode").fetch_one(&store.writer).await.unwrap();
        assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "wal");
    }
}
