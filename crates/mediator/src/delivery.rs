// SPDX-License-Identifier: GPL-3.0-or-later
//! The delivery: claims copies of one departure, shares them among the connections to the relay, and
//! writes down what became of each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use chancery_mail::Instant;
use chancery_smtp::{Timeouts, Transport};
use chancery_store::{DeliveryId, DeliveryRow, DepartureId, NewLogLine, Outcome, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Site;
use crate::deliver::{deliver, is_given_up};
use crate::loaded::{Loaded, load};
use crate::work::WorkError;

/// How many deliveries are claimed at a time.
const CHUNK: u32 = 100;
/// How long a claim lasts unless it is renewed.
const LEASE: Duration = Duration::from_secs(600);
/// How often a claim is renewed while its copies are handed over.
const RENEWAL: Duration = Duration::from_secs(120);
/// How often the outcomes of a chunk that is under way are written down.
const NOTES: Duration = Duration::from_secs(2);
/// How often the outcomes of a chunk are tried to be written, a second apart.
const RECORD_TRIES: u32 = 300;
/// How long an idle connection to the relay is kept.
const WARM: Duration = Duration::from_secs(30);
/// When something is tried again that an operator has to mend.
const AFTER_MENDING: Duration = Duration::from_secs(3600);
/// So much of a reply, or of another reason, stands in the owner's log.
const LONGEST_REASON: usize = 200;

/// The delivery's own state: warm connections, and the departure at hand. Losing it loses nothing.
pub(crate) struct Delivery {
    worker: String,
    connections: Vec<Transport>,
    at_hand: Option<(DepartureId, Arc<Loaded>)>,
    used: Option<Stopwatch>,
    stop: watch::Receiver<bool>,
}

impl Delivery {
    /// A delivery that claims under this name.
    pub(crate) fn new(worker: String, stop: watch::Receiver<bool>) -> Self {
        Self { worker, connections: Vec::new(), at_hand: None, used: None, stop }
    }

    /// Delivers one chunk; `false` when nothing was due.
    pub(crate) async fn deliver_some(&mut self, site: &Arc<Site>) -> Result<bool, WorkError> {
        let rows = site.database.claim_deliveries(site.now(), LEASE, &self.worker, CHUNK).await?;
        let Some(first) = rows.first() else {
            self.rest().await;
            return Ok(false);
        };
        let outcomes = match self.prepare(site, first).await {
            Ok(loaded) => self.send(site, &loaded, rows).await,
            Err(error) if error.is_temporary() => {
                let now = site.now();
                let given_back = |row| (row, Outcome::RetryAt(now, String::new()));
                self.record(site, rows.into_iter().map(given_back).collect()).await?;
                return Err(error);
            }
            Err(error) => {
                let outcome = unloadable(site, first.departure, error.to_string()).await?;
                rows.into_iter().map(|row| (row, outcome.clone())).collect()
            }
        };
        self.record(site, outcomes).await?;
        self.used = Some(Stopwatch::now());
        Ok(true)
    }

    /// The departure of these rows, loaded once for all its chunks, and connections to send it by.
    async fn prepare(&mut self, site: &Arc<Site>, row: &DeliveryRow) -> Result<Arc<Loaded>, WorkError> {
        while self.connections.len() < site.config.relay_connections.max(1) {
            let connection = Transport::new(site.config.relay.clone(), Timeouts::default())
                .map_err(|error| WorkError::Unworkable(error.to_string()))?;
            self.connections.push(connection);
        }
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
        let Some(departure) = rows.first().map(|row| row.departure) else { return Vec::new() };
        let chunk = Arc::new(Chunk::of(rows, self.stop.clone()));
        let mut senders = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let (site, loaded, chunk) = (Arc::clone(site), Arc::clone(loaded), Arc::clone(&chunk));
            senders.spawn(async move {
                while let Some((place, row)) = chunk.take() {
                    let outcome = deliver(&site, &loaded, row, &mut connection).await;
                    chunk.put(place, State::Ended(outcome));
                }
                connection
            });
        }
        let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + RENEWAL, RENEWAL);
        let mut notes = tokio::time::interval_at(tokio::time::Instant::now() + NOTES, NOTES);
        loop {
            tokio::select! {
                finished = senders.join_next() => match finished {
                    Some(Ok(connection)) => self.connections.push(connection),
                    // It takes its connection along. Its words are not shown: they may quote a letter.
                    Some(Err(_)) => tracing::error!("a sender crashed"),
                    None => break,
                },
                // One slow connection must not keep back what the others have done: who is killed then
                // would send it again.
                _ = notes.tick() => {
                    let ended = chunk.take_ended();
                    if !ended.is_empty() && let Err(error) = self.record(site, ended).await {
                        tracing::error!(%error, "could not write down what became of copies");
                    }
                }
                // A slow relay must not make another node believe that we are dead.
                _ = renewal.tick() => {
                    let until = site.now().after(LEASE);
                    if let Err(error) = site.database.extend_deliveries(departure, &self.worker, until).await {
                        tracing::warn!(%error, "could not renew the claim on copies");
                    }
                }
            }
        }
        let now = site.now();
        let finish = |(row, state)| match state {
            State::Ended(outcome) => Some((row, outcome)),
            State::Recorded => None,
            // Nobody took it, because the server is about to stop or no sender is left: as if it had
            // never been claimed.
            State::Untouched => Some((row, Outcome::RetryAt(now, String::new()))),
            State::Begun => Some((row, later_or_never(loaded.created, now, WorkError::Panicked.to_string()))),
        };
        chunk.drain().into_iter().filter_map(finish).collect()
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
}

/// The claimed rows, shared among the connections, each with what became of it: a sender that
/// panics takes no other's outcome along.
struct Chunk {
    rows: Vec<DeliveryRow>,
    next: AtomicUsize,
    states: Mutex<Vec<State>>,
    stop: watch::Receiver<bool>,
}

/// How far a claimed row has come.
#[derive(Clone)]
enum State {
    Untouched,
    Begun,
    Ended(Outcome),
    Recorded,
}

impl Chunk {
    fn of(rows: Vec<DeliveryRow>, stop: watch::Receiver<bool>) -> Self {
        let states = Mutex::new(vec![State::Untouched; rows.len()]);
        Self { rows, next: AtomicUsize::new(0), states, stop }
    }

    /// The next row; none when all are taken, or when the server is about to stop: a chunk can take
    /// long with a slow relay, and whoever asked the server to end does not wait for it.
    fn take(&self) -> Option<(usize, &DeliveryRow)> {
        if *self.stop.borrow() {
            return None;
        }
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        let row = self.rows.get(place)?;
        self.put(place, State::Begun);
        Some((place, row))
    }

    fn put(&self, place: usize, state: State) {
        if let Some(slot) = self.lock().get_mut(place) {
            *slot = state;
        }
    }

    /// What has ended and is not written down yet.
    fn take_ended(&self) -> Vec<(DeliveryRow, Outcome)> {
        let mut states = self.lock();
        let mut ended = Vec::new();
        for (row, state) in self.rows.iter().zip(states.iter_mut()) {
            if let State::Ended(outcome) = state {
                ended.push((row.clone(), outcome.clone()));
                *state = State::Recorded;
            }
        }
        ended
    }

    fn drain(&self) -> Vec<(DeliveryRow, State)> {
        self.rows.iter().cloned().zip(self.lock().drain(..)).collect()
    }

    /// Nothing is left half done in it, even if a holder panicked.
    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of copies whose departure cannot be loaded: an operator has five days to mend it.
async fn unloadable(site: &Site, departure: DepartureId, reason: String) -> Result<Outcome, StoreError> {
    tracing::error!(departure = departure.0, error = reason, "cannot load what is to be sent");
    Ok(match site.database.departure(departure).await? {
        Some(row) => later_or_never(row.created, site.now(), reason),
        None => Outcome::Failed(reason),
    })
}

/// Again after an hour, in which an operator may have mended it; given up after five days.
fn later_or_never(created: Instant, now: Instant, reason: String) -> Outcome {
    if is_given_up(created, now) {
        Outcome::Failed(format!("given up: {reason}"))
    } else {
        Outcome::RetryAt(now.after(AFTER_MENDING), reason)
    }
}

/// What the owner is told of a copy that does not arrive.
fn log_line(site: &Site, row: &DeliveryRow, outcome: &Outcome) -> Option<NewLogLine> {
    let why = match outcome {
        Outcome::Done | Outcome::RetryAt(..) => return None,
        Outcome::Failed(why) | Outcome::Dropped(why) => why,
    };
    let why: String =
        why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect();
    Some(NewLogLine::event(row.list, site.now(), "delivery", format!("no copy to {}: {why}", row.recipient)))
}
