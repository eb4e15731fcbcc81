// SPDX-License-Identifier: GPL-3.0-or-later
//! Hands copies over to the relay: who still is a member and with which key is read at the moment
//! of sending, the session key is unwrapped once, and each recipient gets one small wrap and the
//! same ciphertext.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use chancery_crypto::{RecipientKey, RecipientKeyId, SealedBody, SessionKey};
use chancery_lists::{NoCopy, RecipientKeyIdMode};
use chancery_mail::compose::{Frame, sealed_message_frame};
use chancery_mail::{Address, Entity, Envelope, Instant, Public};
use chancery_smtp::{Submit, SubmitError, Timeouts, Transport};
use chancery_store::{
    DeliveryId, DeliveryRow, DepartureId, KeyPurpose, ListId, NewLogLine, Outcome, StoreError,
};
use rand::Rng;
use tokio::task::JoinSet;

use crate::departure::{Departure, PUBLIC, unmark_public};
use crate::operations::show_member::usable_copy;
use crate::vault::crypto;
use crate::work::WorkError;
use crate::{Site, blocking};

/// How many deliveries are claimed at a time.
const CHUNK: u32 = 100;
/// How long a claim lasts unless it is renewed.
const LEASE: Duration = Duration::from_secs(600);
/// How often the outcomes of a chunk are tried to be written, a second apart.
const RECORD_TRIES: u32 = 300;
/// How long an idle connection to the relay is kept.
const WARM: Duration = Duration::from_secs(30);
/// For how long a copy is tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);

/// The delivery's own state: warm connections, and the departure at hand. Losing it loses nothing.
pub(crate) struct Delivery {
    worker: String,
    connections: Vec<Transport>,
    at_hand: Option<(DepartureId, Arc<Loaded>)>,
    used: Option<Stopwatch>,
}

/// A departure, read from the store and unwrapped.
struct Loaded {
    list: ListId,
    created: Instant,
    local: Address,
    default_key_id: RecipientKeyId,
    form: LoadedForm,
}

enum LoadedForm {
    Sealed { frame: Arc<Frame>, bodies: HashMap<String, (SealedBody, SessionKey)> },
    Public(Arc<Entity<Public>>),
}

impl Delivery {
    /// A delivery that claims under this name.
    pub(crate) fn new(worker: String) -> Self {
        Self { worker, connections: Vec::new(), at_hand: None, used: None }
    }

    /// As many connections as are configured; none is opened before it is needed.
    fn fill_up(&mut self, site: &Site) -> Result<(), WorkError> {
        while self.connections.len() < site.config.relay_connections.max(1) {
            let connection = Transport::new(site.config.relay.clone(), Timeouts::default())
                .map_err(|error| WorkError::Unworkable(error.to_string()))?;
            self.connections.push(connection);
        }
        Ok(())
    }

    /// Delivers one chunk; `false` when nothing was due.
    pub(crate) async fn deliver_some(&mut self, site: &Arc<Site>) -> Result<bool, WorkError> {
        let rows = site.database.claim_deliveries(site.now(), LEASE, &self.worker, CHUNK).await?;
        let Some(first) = rows.first() else {
            self.rest().await;
            return Ok(false);
        };
        let loaded = match self.prepare(site, first).await {
            Ok(loaded) => loaded,
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => {
                // Visible in the queue with its reason; an operator retries it.
                let reason = error.to_string();
                tracing::error!(
                    departure = first.departure.0,
                    error = reason,
                    "cannot load what is to be sent"
                );
                let later = site.now().after(Duration::from_secs(3600));
                let retry = |row| (row, Outcome::RetryAt(later, reason.clone()));
                self.record(site, rows.into_iter().map(retry).collect()).await?;
                return Ok(true);
            }
        };
        let outcomes = self.send(site, &loaded, rows).await;
        self.record(site, outcomes).await?;
        self.used = Some(Stopwatch::now());
        Ok(true)
    }

    /// Writes the outcomes down, with a line in the owner's log for whom no copy reaches. What was
    /// answered by the relay must not be forgotten because the database is busy: it would be sent
    /// twice.
    async fn record(&self, site: &Site, outcomes: Vec<(DeliveryRow, Outcome)>) -> Result<(), WorkError> {
        let lines: Vec<NewLogLine> =
            outcomes.iter().filter_map(|(row, outcome)| log_line(site, row, outcome)).collect();
        let outcomes: Vec<_> = outcomes.into_iter().map(|(row, outcome)| (row.id, outcome)).collect();
        let mut tries = 0;
        loop {
            match self.try_record(site, &outcomes, &lines).await {
                Err(error) if error.is_temporary() && tries < RECORD_TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                result => return Ok(result?),
            }
        }
    }

    async fn try_record(
        &self,
        site: &Site,
        outcomes: &[(DeliveryId, Outcome)],
        lines: &[NewLogLine],
    ) -> Result<(), StoreError> {
        let mut transaction = site.database.begin().await?;
        transaction.record_deliveries(&self.worker, outcomes).await?;
        for line in lines {
            transaction.owner_log(line).await?;
        }
        transaction.commit().await
    }

    /// Nothing is due: let the relay have its connections back after a while.
    async fn rest(&mut self) {
        self.at_hand = None;
        if self.used.is_some_and(|used| used.elapsed() > WARM) {
            self.used = None;
            for mut connection in self.connections.drain(..) {
                connection.quit().await;
            }
        }
    }

    async fn prepare(&mut self, site: &Arc<Site>, row: &DeliveryRow) -> Result<Arc<Loaded>, WorkError> {
        self.fill_up(site)?;
        if let Some((id, loaded)) = &self.at_hand
            && *id == row.departure
        {
            return Ok(Arc::clone(loaded));
        }
        self.at_hand = None;
        let loaded = Arc::new(load(site, row).await?);
        self.at_hand = Some((row.departure, Arc::clone(&loaded)));
        Ok(loaded)
    }

    /// Shares the rows among the connections.
    async fn send(
        &mut self,
        site: &Arc<Site>,
        loaded: &Arc<Loaded>,
        rows: Vec<DeliveryRow>,
    ) -> Vec<(DeliveryRow, Outcome)> {
        let chunk = Arc::new(Chunk {
            outcomes: Mutex::new(rows.iter().map(|_| None).collect()),
            rows,
            next: AtomicUsize::new(0),
        });
        let mut senders = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let (site, loaded, chunk) = (Arc::clone(site), Arc::clone(loaded), Arc::clone(&chunk));
            senders.spawn(async move {
                while let Some((place, row)) = chunk.take() {
                    let outcome = deliver(&site, &loaded, row, &mut connection).await;
                    chunk.put(place, outcome);
                }
                connection
            });
        }
        while let Some(finished) = senders.join_next().await {
            // A sender that panicked takes its connection along; what it had done is written down.
            self.connections.extend(finished.ok());
        }
        let later = site.now().after(Duration::from_secs(3600));
        let crashed = || Outcome::RetryAt(later, "the step that made the copy crashed".to_owned());
        chunk.drain().into_iter().map(|(row, outcome)| (row, outcome.unwrap_or_else(crashed))).collect()
    }
}

/// The claimed rows, shared among the connections, each with what became of it.
struct Chunk {
    rows: Vec<DeliveryRow>,
    next: AtomicUsize,
    outcomes: Mutex<Vec<Option<Outcome>>>,
}

impl Chunk {
    fn take(&self) -> Option<(usize, &DeliveryRow)> {
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        self.rows.get(place).map(|row| (place, row))
    }

    fn put(&self, place: usize, outcome: Outcome) {
        if let Some(slot) = self.lock().get_mut(place) {
            *slot = Some(outcome);
        }
    }

    fn drain(&self) -> Vec<(DeliveryRow, Option<Outcome>)> {
        self.rows.iter().cloned().zip(self.lock().drain(..)).collect()
    }

    /// Nothing is left half done in it, even if a holder panicked.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<Outcome>>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the owner is told of a copy that does not arrive.
fn log_line(site: &Site, row: &DeliveryRow, outcome: &Outcome) -> Option<NewLogLine> {
    let (event, why) = match outcome {
        Outcome::Done | Outcome::RetryAt(..) => return None,
        Outcome::Failed(why) => ("copy failed", why),
        Outcome::Dropped(why) => ("no copy", why),
    };
    Some(NewLogLine {
        list: row.list,
        at: site.now(),
        event: event.to_owned(),
        finding: None,
        disposition: None,
        detail: format!("{}: {why}", row.recipient),
        inbound: None,
    })
}

async fn load(site: &Arc<Site>, row: &DeliveryRow) -> Result<Loaded, WorkError> {
    let list = site
        .database
        .list_by_id(row.list)
        .await?
        .ok_or_else(|| WorkError::Unworkable("the list is gone".to_owned()))?;
    let settings = crate::operations::find::settings_of(&list)?;
    let departure = site
        .database
        .departure(row.departure)
        .await?
        .ok_or_else(|| WorkError::Unworkable("the departure is gone".to_owned()))?;
    let keyring = site.vault()?.keyring(&site.database, row.list, KeyPurpose::Storage, site.now()).await?;
    let mut stored = Vec::new();
    for format in &departure.formats {
        if let Some(body) = site.database.departure_body(row.departure, format).await? {
            stored.push((format.clone(), body));
        }
    }
    let mut chance = site.chance();
    let form = blocking(move || {
        if departure.formats.iter().any(|format| format == PUBLIC) {
            let octets = match stored.first() {
                Some((_, body)) => chancery_crypto::withdraw(body, &keyring).map_err(crypto)?,
                None => return Err(WorkError::Unworkable("the departure has no body".to_owned())),
            };
            let entity = unmark_public(&octets)
                .ok_or_else(|| WorkError::Unworkable("a sealed body is marked as public".to_owned()))?;
            return Ok(LoadedForm::Public(Arc::new(entity)));
        }
        let header = chancery_crypto::withdraw(&departure.sealed_header, &keyring).map_err(crypto)?;
        let frame = Arc::new(sealed_message_frame(&header, &mut chance));
        let mut bodies = HashMap::new();
        for (format, body) in stored {
            bodies.insert(format, SealedBody::withdraw(&body, &keyring).map_err(crypto)?);
        }
        Ok(LoadedForm::Sealed { frame, bodies })
    })
    .await?;
    Ok(Loaded {
        list: row.list,
        created: departure.created,
        local: list.address,
        default_key_id: match settings.recipient_key_id {
            RecipientKeyIdMode::Hidden => RecipientKeyId::Hidden,
            RecipientKeyIdMode::Shown => RecipientKeyId::Shown,
        },
        form,
    })
}

/// One copy: made, looked at once more, handed over.
async fn deliver(site: &Site, loaded: &Loaded, row: &DeliveryRow, connection: &mut Transport) -> Outcome {
    let departure = match make(site, loaded, row) {
        Ok(departure) => departure,
        Err(outcome) => return outcome,
    };
    if let Err(error) = departure.check() {
        tracing::error!(delivery = row.id.0, %error, "a copy was held back");
        return Outcome::Failed(error.to_string());
    }
    let reverse_path = match return_path(site, loaded, row) {
        Ok(address) => address,
        Err(error) => {
            return Outcome::RetryAt(site.now().after(Duration::from_secs(3600)), error.to_string());
        }
    };
    let envelope = Envelope { reverse_path: Some(reverse_path), forward_paths: vec![row.recipient.clone()] };
    match connection.submit(&envelope, &departure.slices()).await {
        Ok(replies) => match replies.into_iter().next() {
            Some(reply) if reply.is_positive() => Outcome::Done,
            Some(reply) if reply.is_permanent() => Outcome::Failed(reply.to_string()),
            Some(reply) => retry(site, loaded, row, reply.to_string()),
            None => retry(site, loaded, row, "the relay gave no answer".to_owned()),
        },
        Err(SubmitError::Refused(reply)) if reply.is_permanent() => Outcome::Failed(reply.to_string()),
        Err(error) => retry(site, loaded, row, error.to_string()),
    }
}

fn make(site: &Site, loaded: &Loaded, row: &DeliveryRow) -> Result<Departure, Outcome> {
    let no_copy = |why: NoCopy| Outcome::Dropped(why.as_str().to_owned());
    if !row.enabled {
        return Err(no_copy(NoCopy::Disabled));
    }
    let (frame, bodies) = match &loaded.form {
        LoadedForm::Public(entity) => return Ok(Departure::Public(Arc::clone(entity))),
        LoadedForm::Sealed { frame, bodies } => (frame, bodies),
    };
    let facts = row.key.as_ref().map(|key| &key.facts);
    usable_copy(row.enabled, facts, site.now()).map_err(no_copy)?;
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

/// `LIST-bounces+TOKEN`: which copy came back is known to nobody but us.
fn return_path(site: &Site, loaded: &Loaded, row: &DeliveryRow) -> Result<Address, WorkError> {
    let token = site.vault()?.bounce_token(loaded.list, row.id.0)?;
    let local = format!("{}-bounces+{token}", loaded.local.local());
    loaded.local.with_local(&local).map_err(|error| WorkError::Unworkable(error.to_string()))
}

/// Later, with growing patience and some chance so that copies do not come back all at once; given
/// up after five days.
fn retry(site: &Site, loaded: &Loaded, row: &DeliveryRow, why: String) -> Outcome {
    let now = site.now();
    if now > loaded.created.after(GIVE_UP_AFTER) {
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
