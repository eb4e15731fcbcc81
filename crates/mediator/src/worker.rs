// SPDX-License-Identifier: GPL-3.0-or-later
//! The loops of a running server: judging what came in, delivering what waits, looking after the site.

use std::sync::Arc;
use std::time::Duration;

use chancery_lists::ListAddress;
use chancery_store::InboundRow;
use tokio::sync::watch;

use crate::delivery::Delivery;
use crate::work::WorkError;
use crate::{Site, key_request, owner_mail, post, upkeep};

/// How long a claim on an inbound message lasts: longer than any message takes.
const LEASE: Duration = Duration::from_secs(600);
/// A message that was begun so often without an end is parked: it crashes whoever touches it.
const ATTEMPTS: i64 = 3;
/// How often the tables are looked at without being called; other processes cannot ring our bell.
const GLANCE: Duration = Duration::from_millis(500);
/// How long to wait when the database does not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How often the site is looked after.
const UPKEEP: Duration = Duration::from_secs(3600);

/// Judges inbound messages until told to stop.
pub async fn judge_inbound(site: Arc<Site>, worker: String, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match judge_one(&site, &worker).await {
            Ok(true) => {}
            Ok(false) => wait(&site, GLANCE, &mut stop).await,
            Err(error) => {
                tracing::error!(%error, "the worker waits for the database");
                wait(&site, AFTER_FAILURE, &mut stop).await;
            }
        }
    }
}

/// Delivers what is due until told to stop.
pub async fn deliver_outgoing(site: Arc<Site>, worker: String, mut stop: watch::Receiver<bool>) {
    let mut delivery = Delivery::new(worker, stop.clone());
    while !*stop.borrow() {
        match delivery.deliver_some(&site).await {
            Ok(true) => {}
            Ok(false) => wait(&site, GLANCE, &mut stop).await,
            Err(error) => {
                tracing::error!(%error, "the delivery waits for the database");
                wait(&site, AFTER_FAILURE, &mut stop).await;
            }
        }
    }
}

/// Sees to what is due once an hour, until told to stop.
pub async fn look_after_site(site: Arc<Site>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        // On a task of its own: one certificate that crashes the library must not end the server.
        let round = Arc::clone(&site);
        let looked_after = tokio::spawn(async move { upkeep::look_after_site(&round).await }).await;
        match looked_after {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "could not look after the site"),
            Err(_) => tracing::error!("looking after the site crashed; it is tried again in an hour"),
        }
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn wait(site: &Site, at_most: Duration, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = site.bell.notified() => {}
        () = tokio::time::sleep(at_most) => {}
        _ = stop.changed() => {}
    }
}

/// Claims one message and walks it to its end; `false` when there is none.
async fn judge_one(site: &Arc<Site>, worker: &str) -> Result<bool, WorkError> {
    let Some(mut row) = site.database.claim_inbound(site.now(), LEASE, worker).await? else {
        return Ok(false);
    };
    if row.attempts > ATTEMPTS {
        park(site, &row, "begun three times and never ended: it crashes the step that handles it").await?;
        return Ok(true);
    }
    // On a task of its own, so that a panic ends this message and not the worker.
    // The sealed octets may be large: they are handed on, never copied.
    let sealed = std::mem::take(&mut row.sealed);
    let row = Arc::new(row);
    let (task_site, task_row) = (Arc::clone(site), Arc::clone(&row));
    let walked = tokio::spawn(async move { walk(&task_site, &task_row, sealed).await }).await;
    match walked.unwrap_or(Err(WorkError::Panicked)) {
        Ok(()) => {}
        Err(error) if error.is_temporary() => {
            // Longer each time: where the disk is full, trying is work too.
            let waited = site.now().unix().saturating_sub(row.received_at.unix()).clamp(20, 3000);
            let later = site.now().after(Duration::from_secs(waited.unsigned_abs() / 10));
            site.database.release_inbound(&row.lease, later, &error.to_string()).await?;
            return Err(error);
        }
        Err(error) => park(site, &row, &error.to_string()).await?,
    }
    Ok(true)
}

async fn park(site: &Site, row: &InboundRow, why: &str) -> Result<(), WorkError> {
    tracing::warn!(inbound = row.lease.inbound.0, why, "parked a message");
    site.database.park_inbound(&row.lease, why).await?;
    Ok(())
}

/// Which of the list's addresses it came to decides who handles it.
async fn walk(site: &Arc<Site>, row: &InboundRow, sealed: Vec<u8>) -> Result<(), WorkError> {
    let Some(list) = site.database.list_by_id(row.list).await? else {
        return Err(WorkError::Unworkable("the list is gone".to_owned()));
    };
    match ListAddress::from_parts(&row.part, row.token.as_deref()) {
        Some(ListAddress::Post) => post::post(site, row, &list, sealed).await,
        Some(ListAddress::Owner) => owner_mail::forward_to_owners(site, row, &list, sealed).await,
        Some(ListAddress::Key) => key_request::send_key(site, row, &list, sealed).await,
        Some(other) => Err(WorkError::Unworkable(format!(
            "mail to LIST-{} is not handled by this version; it is kept sealed",
            other.as_str()
        ))),
        None => Err(WorkError::Unworkable(format!("unknown kind of address: {}", row.part))),
    }
}
