// SPDX-License-Identifier: GPL-3.0-or-later
//! server
use crate::{Handler, Limits, Listener, Protocol};
use std::sync::Arc;
use tokio::sync::watch;

/// Serves.
pub async fn serve<H: Handler>(
    listener: Listener,
    protocol: Protocol,
    hostname: String,
    limits: Limits,
    handler: Arc<H>,
    shutdown: watch::Receiver<bool>,
) {
    let _ = (listener.accept().await, protocol, hostname, limits, handler, shutdown);
}
