// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a step of the work went wrong, and what follows from it: try again, or park.

use crate::OperationError;

/// A step failed that should not have. Whatever a sender can write is a finding, never this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// The database did not answer: the row stays, its lease ends, somebody tries again.
    #[error("the database failed: {0}")]
    Store(#[from] chancery_store::StoreError),
    /// The step cannot work as things are: park it with this reason.
    #[error("{0}")]
    Unworkable(String),
    /// The step panicked: park it.
    #[error("the step crashed; the rest of the server goes on")]
    Panicked,
}

impl From<OperationError> for WorkError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Store(error) => Self::Store(error),
            other => Self::Unworkable(other.to_string()),
        }
    }
}

impl From<WorkError> for OperationError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Store(error) => Self::Store(error),
            other => Self::Unworkable(other.to_string()),
        }
    }
}

impl WorkError {
    /// Whether trying again later may help.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_temporary())
    }
}
