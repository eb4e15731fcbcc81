// SPDX-License-Identifier: GPL-3.0-or-later
//! The database: opening, transactions, and what concerns it as a whole.

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

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
        let writer = pool(&url, 1)?;
        migrate::migrate(&writer).await?;
        Ok(Self { writer, readers: pool(&url, READERS)?, watcher: pool(&url, 1)? })
    }

    /// A database that is gone when it is dropped, for tests. It has one connection only: whoever
    /// asks it something while holding a [`Transaction`] waits for that transaction's end.
    ///
    /// # Errors
    /// When there is no memory.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let writer = pool("sqlite::memory:", 1)?;
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

    /// Makes sure that what was deleted is in no file any more: deleted content is zeroed in the
    /// database (`secure_delete`), and the log of changes, which still has the older pages, is
    /// written back and truncated.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody kept reading an older state all the time: try again.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        const ACT: &str = "scrub what was deleted";
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.writer).await.to(ACT)?;
        if row.flag("busy")? { Err(StoreError::Busy { act: ACT }) } else { Ok(()) }
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

/// Connections are made when they are needed, and kept.
fn pool(url: &str, connections: u32) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(dialect::PREPARE_CONNECTION).execute(connection).await.map(|_| ())
            })
        })
        .connect_lazy(url)
        .to("open the database")
}

/// The URL of a file, every unusual octet of its path escaped.
fn sqlite_url(path: &PathBuf) -> String {
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
