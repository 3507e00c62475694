//! How far all keys of a stream have been seen, one stretch behind the other. What was in no stretch is known to be gone
//! only behind the last of an unbroken row.

use chrono::{DateTime, Utc};

use super::Store;
use crate::engine::Batch;
use crate::source::Key;

/// A walk through all keys of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Walk {
    /// When it began.
    pub(super) began: DateTime<Utc>,
    /// Where it has come.
    through: Option<Key>,
}

impl Walk {
    /// Whether all keys were seen.
    pub(super) fn is_over(&self) -> bool {
        self.through.is_none()
    }
}

impl Store {
    /// The walk that the sweep of a batch goes on with; `None` behind a gap, and in a run that did not begin it.
    pub(super) fn walk(&self, batch: &Batch) -> Option<Walk> {
        let sweep = batch.sweep.as_ref()?;
        let through = sweep.through.clone();
        match &sweep.after {
            None => Some(Walk { began: std::time::SystemTime::now().into(), through }),
            after => {
                let walk = self.walks.get(&(batch.task, batch.stream)).filter(|walk| walk.through == *after);
                walk.map(|walk| Walk { through, ..walk.clone() })
            }
        }
    }

    /// Notes that the batch of a sweep is committed.
    pub(super) fn walked(&mut self, batch: &Batch, walk: Option<Walk>) {
        if batch.sweep.is_none() {
            return;
        }
        let stream = (batch.task, batch.stream);
        match walk.filter(|walk| !walk.is_over()) {
            Some(walk) => self.walks.insert(stream, walk),
            None => self.walks.remove(&stream),
        };
    }
}
