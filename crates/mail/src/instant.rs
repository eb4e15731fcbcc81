// SPDX-License-Identifier: GPL-3.0-or-later
//! Time as a parameter.

use std::fmt;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Who says what time it is. Only the wiring has a clock that runs; tests set theirs.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

impl Instant {
    /// The moment so many seconds after 1970 began.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970 began.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This moment and a span later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
    }

    /// This moment and a span earlier.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
    }

    /// As a `date-time` of RFC 5322, section 3.3, in UTC.
    pub fn to_rfc5322(self) -> String {
        self.strftime("%a, %d %b %Y %H:%M:%S +0000")
    }

    fn strftime(self, format: &str) -> String {
        Timestamp::from_second(self.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::UTC)
            .strftime(format)
            .to_string()
    }
}

/// As RFC 3339 writes it, in UTC: `2026-11-22T18:00:00Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_rfc_5322_says() {
        let instant = Instant::from_unix(1_700_000_000);
        assert_eq!(instant.to_rfc5322(), "Tue, 14 Nov 2023 22:13:20 +0000");
        assert_eq!(instant.to_string(), "2023-11-14T22:13:20Z");
    }
}
