//! How far all keys of a stream have been seen in this run, one stretch behind the other. What was in no stretch is
//! known to be gone only behind the last of an unbroken row.

use super::Store;
use crate::engine::{Batch, Sweep};

impl Store {
    /// The sweep of a batch, if it begins a walk or goes on where this run's last one ended.
    pub(super) fn walks<'a>(&self, batch: &'a Batch) -> Option<&'a Sweep> {
        let sweep = batch.sweep.as_ref()?;
        let goes_on = sweep.after.is_none() || sweep.after.as_ref() == self.walks.get(&stream(batch));
        goes_on.then_some(sweep)
    }

    /// Notes that a batch is committed, whose sweep [`walks`](Self::walks) or does not.
    pub(super) fn walked(&mut self, batch: &Batch, walks: bool) {
        let Some(sweep) = &batch.sweep else { return };
        match sweep.through.clone().filter(|_| walks) {
            Some(through) => self.walks.insert(stream(batch), through),
            None => self.walks.remove(&stream(batch)),
        };
    }
}

fn stream(batch: &Batch) -> (usize, usize) {
    (batch.task, batch.stream)
}
