// SPDX-License-Identifier: GPL-3.0-or-later
//! Work for the processor goes off the threads that wait for sockets.

use crate::work::WorkError;

/// Runs a piece of cryptography on a thread of its own. A panic in it becomes an error of this one
/// message, which is then parked: the server serves the next.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, WorkError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, WorkError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(WorkError::Panicked),
    }
}
