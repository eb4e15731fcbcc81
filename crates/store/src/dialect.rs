// SPDX-License-Identifier: GPL-3.0-or-later
//! The few things in which databases differ. Everything else is one SQL text for all.

use sqlx::error::{DatabaseError, ErrorKind};

/// Starts a transaction that is going to write. SQLite has one writer: it queues here, before
/// anything was read, instead of failing in the middle because what it read has become old.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// What a connection that writes is told when it is made.
///
/// `secure_delete` zeroes what is deleted; `synchronous = FULL` makes a commit survive a power
/// loss in WAL mode; `temp_store = MEMORY` keeps sorting and materialising out of temporary files;
/// `trusted_schema = OFF` keeps a tampered schema from calling functions.
pub(crate) const PREPARE_CONNECTION: &str = "PRAGMA busy_timeout = 10000; \
     PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; \
     PRAGMA secure_delete = ON; \
     PRAGMA temp_store = MEMORY; \
     PRAGMA trusted_schema = OFF;";

/// What a connection that only reads is told: it cannot write, even by mistake.
pub(crate) const PREPARE_READER: &str = "PRAGMA busy_timeout = 10000; \
     PRAGMA query_only = ON; \
     PRAGMA temp_store = MEMORY; \
     PRAGMA trusted_schema = OFF;";

/// What kind of refusal a database's error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Busy,
    Full,
    Corrupt,
    Unique,
    ForeignKey,
    Other,
}

/// Sorts an error of the database.
pub(crate) fn kind(error: &dyn DatabaseError) -> Kind {
    match error.kind() {
        ErrorKind::UniqueViolation => return Kind::Unique,
        ErrorKind::ForeignKeyViolation => return Kind::ForeignKey,
        _ => {}
    }
    // The low octet of SQLite's extended result codes (https://www.sqlite.org/rescode.html).
    let code = error.code().and_then(|code| code.parse::<i64>().ok());
    match code.map(|code| (code, code & 0xff)) {
        Some((_, 5 | 6)) => Kind::Busy,
        Some((_, 13)) => Kind::Full,
        Some((_, 11 | 26)) => Kind::Corrupt,
        _ => Kind::Other,
    }
}
