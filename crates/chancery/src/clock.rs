// SPDX-License-Identifier: GPL-3.0-or-later
//! The one clock that runs.

use std::time::{SystemTime, UNIX_EPOCH};

use chancery_mail::{Clock, Instant};

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}
