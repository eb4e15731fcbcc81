// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits for facts. Nothing here sleeps for a time that is hoped to be long enough.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; panics with `what` after half a minute without one.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited 30 s in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
