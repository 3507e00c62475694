//! The double's clock: real time, moved as a test wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::calendar::{DAY, SECOND};

/// Days from 0001-01-01 to 1970-01-01.
const TO_1970: i64 = 719_162;

/// A clock with a local time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_s: Arc<AtomicI64>,
    zone_minutes: Arc<AtomicI64>,
}

impl Clock {
    /// Now, in units of 100 ns since 0001-01-01, in UTC.
    pub fn utc(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let units = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX);
        TO_1970 * DAY + units + self.ahead_s.load(Ordering::Relaxed) * SECOND
    }

    /// What local time is ahead of UTC, in minutes.
    pub fn zone(&self) -> i64 {
        self.zone_minutes.load(Ordering::Relaxed)
    }

    /// Sets the clock wrong.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead_s.store(seconds, Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Moves the server to another zone.
    pub fn set_zone(&self, minutes: i64) {
        self.zone_minutes.store(minutes, Ordering::Relaxed);
    }
}
