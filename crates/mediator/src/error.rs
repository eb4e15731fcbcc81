// SPDX-License-Identifier: GPL-3.0-or-later
//! Why an operation was not carried out.

use chancery_lists::SettingError;

/// One variant for each different answer that a door gives.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The list, member, key or held post that was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// What was asked contradicts what is there (it exists already, it is the last key, ...).
    #[error("{0}")]
    Conflict(String),
    /// A value that was given cannot be used: which one, why, and what to do.
    #[error("{field}: {why}. {remedy}")]
    Invalid {
        /// The argument or setting.
        field: String,
        /// What is wrong with it.
        why: String,
        /// What to do instead.
        remedy: String,
    },
    /// The actor may not do this.
    #[error("not allowed: this needs another role on the list")]
    Forbidden,
    /// Secrets are needed and the site key is locked.
    #[error(
        "the site key is locked: give the passphrase (--passphrase-file, CHANCERY_PASSPHRASE_FILE or at the prompt)"
    )]
    Locked,
    /// The database failed.
    #[error("the database failed: {0}. Nothing was changed; try again, and see whether the disk is full")]
    Store(#[from] chancery_store::StoreError),
    /// It cannot be done as things are: why, and what to mend.
    #[error("{0}")]
    Unworkable(String),
    /// A cryptographic operation failed that should not.
    #[error("a cryptographic operation failed: {0}")]
    Crypto(String),
}

impl OperationError {
    pub(crate) fn invalid(field: &str, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), why: why.into(), remedy: remedy.into() }
    }

    /// A setting that cannot be so.
    pub(crate) fn setting(error: &SettingError) -> Self {
        let meant = error.did_you_mean.as_ref().map(|name| format!("Did you mean {name}? "));
        let remedy = sentence(&error.remedy);
        let more = "`chancery list settings` explains them all";
        Self::invalid(
            &error.name,
            error.why.clone(),
            format!("{}{remedy}; {more}", meant.unwrap_or_default()),
        )
    }
}

/// With a capital, as what follows a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
