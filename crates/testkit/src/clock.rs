// SPDX-License-Identifier: GPL-3.0-or-later
//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chancery_mail::{Clock, Instant};

/// A clock that stands still until it is moved. Its clones are the same clock.
#[derive(Clone, Debug)]
pub struct SettableClock(Arc<AtomicI64>);

impl SettableClock {
    /// A clock that shows this moment.
    pub fn at(instant: Instant) -> Self {
        Self(Arc::new(AtomicI64::new(instant.unix())))
    }

    /// Sets it to a moment, earlier or later.
    pub fn set(&self, instant: Instant) {
        self.0.store(instant.unix(), Ordering::SeqCst);
    }

    /// Moves it on by a span of whole seconds.
    pub fn advance(&self, span: Duration) {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_by_hand_and_for_all_its_clones() {
        let clock = SettableClock::at(Instant::from_unix(1_700_000_000));
        let same = clock.clone();
        clock.advance(Duration::from_secs(60));
        assert_eq!(same.now(), Instant::from_unix(1_700_000_060));
        same.set(Instant::from_unix(5));
        assert_eq!(clock.now(), Instant::from_unix(5));
    }
}
