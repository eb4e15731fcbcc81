// SPDX-License-Identifier: GPL-3.0-or-later
//! One copy: made for its recipient with the key of this moment, looked at once more, handed over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use chancery_crypto::{RecipientKey, RecipientKeyId};
use chancery_lists::NoCopy;
use chancery_mail::{Address, Envelope, Instant};
use chancery_smtp::{Submit, Transport};
use chancery_store::{DeliveryRow, DepartureKind, Outcome};
use rand::Rng;

use crate::Site;
use crate::departure::Departure;
use crate::loaded::{Loaded, LoadedForm};
use crate::reach::usable_copy;
use crate::work::WorkError;

/// For how long a copy is tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);

/// One copy: made, looked at once more, handed over.
pub(crate) async fn deliver(
    site: &Site,
    loaded: &Loaded,
    row: &DeliveryRow,
    connection: &mut Transport,
) -> Outcome {
    let departure = match catch_unwind(AssertUnwindSafe(|| make(site, loaded, row))) {
        Ok(Ok(departure)) => departure,
        Ok(Err(outcome)) => return outcome,
        Err(_) => return retry(site, loaded, row, WorkError::Panicked.to_string()),
    };
    if let Err(error) = departure.check() {
        tracing::error!(delivery = row.id.0, %error, "a copy was held back");
        return Outcome::Failed(error.to_string());
    }
    let reverse_path = match reverse_path(site, loaded, row) {
        Ok(reverse_path) => reverse_path,
        Err(error) => return retry(site, loaded, row, error.to_string()),
    };
    let envelope = Envelope { reverse_path, forward_paths: vec![row.recipient.clone()] };
    match connection.submit(&envelope, &departure.slices()).await {
        Ok(replies) => match replies.into_iter().next() {
            Some(reply) if reply.is_positive() => Outcome::Done,
            Some(reply) if reply.is_permanent() => Outcome::Failed(reply.to_string()),
            Some(reply) => retry(site, loaded, row, reply.to_string()),
            None => retry(site, loaded, row, "the relay gave no answer".to_owned()),
        },
        Err(error) if !error.is_temporary() => Outcome::Failed(error.to_string()),
        Err(error) => retry(site, loaded, row, error.to_string()),
    }
}

fn make(site: &Site, loaded: &Loaded, row: &DeliveryRow) -> Result<Departure, Outcome> {
    let no_copy = |why: NoCopy| Outcome::Dropped(why.as_str().to_owned());
    // Who wants no posts for a while is still an owner, or still asked for the key.
    let enabled = row.enabled || row.kind != DepartureKind::Post;
    if !enabled {
        return Err(no_copy(NoCopy::Disabled));
    }
    let (frame, bodies) = match &loaded.form {
        LoadedForm::Public(entity) => return Ok(Departure::Public(Arc::clone(entity))),
        LoadedForm::Sealed { frame, bodies } => (frame, bodies),
    };
    let facts = row.key.as_ref().map(|key| &key.facts);
    usable_copy(true, facts, site.now()).map_err(no_copy)?;
    let stored = row.key.as_ref().and_then(|key| key.recipient_key.as_deref());
    let stored = stored.ok_or_else(|| no_copy(NoCopy::Missing))?;
    let failed = |error: String| Outcome::Failed(format!("no copy could be made: {error}"));
    let key = RecipientKey::from_octets(stored).map_err(|error| failed(error.to_string()))?;
    let (body, session_key) = bodies
        .get(key.format().as_str())
        .ok_or_else(|| failed("the key changed its format after the post was sealed".to_owned()))?;
    let id = match row.recipient_key_id.as_deref() {
        Some("shown") => RecipientKeyId::Shown,
        Some("hidden") => RecipientKeyId::Hidden,
        _ => loaded.default_key_id,
    };
    let copy = body.wrap(session_key, &key, id).map_err(|error| failed(error.to_string()))?;
    Ok(Departure::Sealed { frame: Arc::clone(frame), copy })
}

/// `LIST-bounces+TOKEN`: which copy came back is known to nobody but us. Our answers have none, so
/// that nobody answers them (RFC 3834, section 3.3).
fn reverse_path(site: &Site, loaded: &Loaded, row: &DeliveryRow) -> Result<Option<Address>, WorkError> {
    if row.kind == DepartureKind::Notice {
        return Ok(None);
    }
    let token = site.vault()?.bounce_token(loaded.list, row.id.0)?;
    let local = format!("{}-bounces+{token}", loaded.address.local());
    loaded.address.with_local(&local).map(Some).map_err(|error| WorkError::Unworkable(error.to_string()))
}

/// Later, with growing patience and some chance so that copies do not come back all at once; given
/// up after five days.
fn retry(site: &Site, loaded: &Loaded, row: &DeliveryRow, why: String) -> Outcome {
    let now = site.now();
    if is_given_up(loaded.created, now) {
        return Outcome::Failed(format!("given up after five days; last answer: {why}"));
    }
    let seconds = match row.attempts {
        0 | 1 => 60,
        2 => 300,
        3 => 900,
        4 => 1800,
        5 => 3600,
        _ => 4 * 3600,
    };
    let jitter = site.chance().random_range(0..=seconds / 5);
    Outcome::RetryAt(now.after(Duration::from_secs(seconds + jitter)), why)
}

/// Whether something that was made at that moment is tried no more.
pub(crate) fn is_given_up(created: Instant, now: Instant) -> bool {
    now > created.after(GIVE_UP_AFTER)
}
