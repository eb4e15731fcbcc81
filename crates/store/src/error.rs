// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with what is kept: one variant for each different answer.
//!
//! No error carries a value out of a row: errors are logged, and rows hold addresses.

use std::path::PathBuf;

use crate::dialect::{self, Kind};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else is writing and did not end in time. The same act may succeed later: say 4xx.
    #[error("the database is busy (while trying to {act})")]
    Busy {
        /// What was being done.
        act: &'static str,
    },
    /// The disk or the database is full. Nothing was changed: say 4xx.
    #[error("the disk or the database is full (while trying to {act})")]
    Full {
        /// What was being done.
        act: &'static str,
    },
    /// What was read is not what was ever written.
    #[error("the database is damaged: {what} (while trying to {act})")]
    Corrupt {
        /// What was being done.
        act: &'static str,
        /// Which thing is damaged; never its value.
        what: String,
    },
    /// It is there already: a list of that address, a subscription in that role, that key.
    #[error("it exists already (while trying to {act})")]
    Exists {
        /// What was being done.
        act: &'static str,
    },
    /// The row that the act is about is not there (any more).
    #[error("it is not there, or not any more (while trying to {act})")]
    NotFound {
        /// What was being done.
        act: &'static str,
    },
    /// The lease ended and somebody else has the work now: throw the results away.
    #[error("the lease on this work is lost (while trying to {act})")]
    LeaseLost {
        /// What was being done.
        act: &'static str,
    },
    /// There is a file where a new database was to be made.
    #[error("{} exists already", .0.display())]
    FileExists(PathBuf),
    /// There is no database where one was expected.
    #[error("there is no database at {}", .0.display())]
    NoFile(PathBuf),
    /// A newer version of the program has been here.
    #[error("the database has schema {found}, but this version of the program knows only up to {known}")]
    NewerSchema {
        /// What the database has.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Anything else: the disk, permissions, a fault of ours.
    #[error("the database failed (while trying to {act})")]
    Other {
        /// What was being done.
        act: &'static str,
        /// What the driver or the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the same act may succeed later without anybody's doing.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Full { .. })
    }
}

/// Says what was being done when the driver failed.
pub(crate) trait While<T> {
    fn to(self, act: &'static str) -> Result<T, StoreError>;
}

impl<T> While<T> for Result<T, sqlx::Error> {
    fn to(self, act: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| classify(act, error))
    }
}

impl<T> While<T> for Result<T, std::io::Error> {
    fn to(self, act: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full { act },
            _ => StoreError::Other { act, source: error.into() },
        })
    }
}

fn classify(act: &'static str, error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::PoolTimedOut => StoreError::Busy { act },
        sqlx::Error::RowNotFound => StoreError::NotFound { act },
        // The driver's text holds the value that it could not read: it is left out.
        sqlx::Error::ColumnDecode { index, .. } => {
            StoreError::Corrupt { act, what: format!("column {index} has a value of another kind") }
        }
        sqlx::Error::Decode(_) => StoreError::Corrupt { act, what: "a value is of another kind".into() },
        sqlx::Error::Database(database) => match dialect::kind(database.as_ref()) {
            Kind::Busy => StoreError::Busy { act },
            Kind::Full => StoreError::Full { act },
            Kind::Corrupt => StoreError::Corrupt { act, what: database.message().to_owned() },
            Kind::Unique => StoreError::Exists { act },
            Kind::ForeignKey => StoreError::NotFound { act },
            Kind::Other => StoreError::Other { act, source: error.into() },
        },
        _ => StoreError::Other { act, source: error.into() },
    }
}
