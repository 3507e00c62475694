//! Notes how long the remote is waited for, so that whoever looks at the run is told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Error;

/// A shorter wait is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(5);

/// A wait before the next try.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// When it ends.
    pub until: DateTime<Utc>,
    /// The error that is waited out, for a person.
    pub why: String,
}

/// The last wait that nobody was told of yet. Clones share it: one lives on the network thread, one beside the store.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<Mutex<Option<Wait>>>);

impl Patience {
    /// Notes a wait that begins now.
    pub(super) fn begins(&self, wait: Duration, error: &Error) {
        if wait < WORTH_A_WORD {
            return;
        }
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let until = DateTime::<Utc>::from(SystemTime::now())
            .checked_add_signed(wait)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Wait { until, why: error.to_string() });
    }

    /// The wait that is to be told, once.
    pub fn news(&self) -> Option<Wait> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
