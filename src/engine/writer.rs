//! The local side of a task: what is told to the sink, tried again while something is
//! locked, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::breaker::{Trip, allowance};
use super::retry::retry;

use super::task::Running;
use super::{Batch, Cause, Compared, Difference, KeyRange, Prepared, Sink, Stored, Written};
use crate::error::Result;
use crate::source::{Key, Layout, Rows};

/// Writes the streams of a task. Streams are named by their index in the entity.
pub(super) struct Writer<'a> {
    pub(super) running: Running<'a>,
    sink: &'a mut dyn Sink,
    tallies: Vec<Tally>,
    /// Streams of which too much vanished.
    pub(super) trips: Vec<Trip>,
    /// What a look at all keys found.
    pub(super) found: Found,
}

/// Rows that differed from the remote's.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// How many, by the word that says how.
    pub(super) differing: BTreeMap<&'static str, u64>,
    /// How many, by why.
    pub(super) causes: BTreeMap<Cause, u64>,
    /// By how many seconds the latest was committed after its cursor value, at least.
    pub(super) late: Option<u64>,
}

/// What this run did to a stream.
#[derive(Clone, Debug, Default)]
struct Tally {
    rows: u64,
    removed: u64,
    candidates: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(running: Running<'a>, sink: &'a mut dyn Sink) -> Self {
        let tallies = vec![Tally::default(); running.task.entity.streams.len()];
        Writer { running, sink, tallies, trips: Vec::new(), found: Found::default() }
    }

    /// Rows in the table, as far as is known.
    pub(super) fn rows(&self, stream: usize) -> u64 {
        self.tallies[stream].rows
    }

    /// Rows that this run removed.
    pub(super) fn removed(&self, stream: usize) -> u64 {
        self.tallies[stream].removed
    }

    /// Whether this run found rows that may be gone and were not asked for yet.
    pub(super) fn suspects(&self, stream: usize) -> bool {
        self.tallies[stream].candidates
    }

    /// [`Sink::prepare`].
    pub(super) async fn prepare(&mut self, stream: usize, layout: &Layout) -> Result<Prepared> {
        let Running { id, settings, .. } = self.running;
        let prepared = retry(settings, async || self.sink.prepare(id, stream, layout).await).await?;
        self.tallies[stream].rows = prepared.rows;
        Ok(prepared)
    }

    /// [`Sink::start`].
    pub(super) async fn start(&mut self, stream: usize, stored: &Stored, anew: bool) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.start(id, stream, stored.clone(), anew).await).await
    }

    /// [`Sink::expect`].
    pub(super) async fn expect(&mut self, stream: usize, rows: u64) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.expect(id, stream, rows).await).await
    }

    /// [`Sink::warn`].
    pub(super) async fn warn(&mut self, text: String) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.warn(id, text.clone()).await).await
    }

    /// [`Sink::not_read`].
    pub(super) async fn not_read(&mut self, what: Vec<String>) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.not_read(id, what.clone()).await).await
    }

    /// [`Sink::write`]; decides how many lines may be removed.
    pub(super) async fn write(&mut self, mut batch: Batch) -> Result<Written> {
        for lines in &mut batch.lines {
            lines.may_remove = self.may_remove(lines.stream);
        }
        let (settings, batch) = (self.running.settings, Arc::new(batch));
        let written = retry(settings, async || self.sink.write(batch.clone()).await).await?;
        self.note(&batch, written);
        Ok(written)
    }

    fn may_remove(&self, stream: usize) -> u64 {
        match self.running.task.confirm {
            true => u64::MAX,
            false => allowance(self.rows(stream)).saturating_sub(self.removed(stream)),
        }
    }

    fn note(&mut self, batch: &Batch, written: Written) {
        self.tallies[batch.stream].candidates |= written.candidates > 0;
        for lines in &batch.lines {
            let tally = &mut self.tallies[lines.stream];
            tally.candidates |= written.candidates > 0;
            tally.removed += written.removed;
        }
        if batch.lines.is_empty() {
            self.tallies[batch.stream].rows += written.inserted;
        }
    }

    /// [`Sink::stage`].
    pub(super) async fn stage(&mut self, stream: usize, rows: Rows, first: bool) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        let rows = Arc::new(rows);
        retry(settings, async || self.sink.stage(id, stream, rows.clone(), first).await).await
    }

    /// [`Sink::adopt`], unless more vanished than may go unasked: then only what is new or
    /// changed is adopted. `lists`: what vanished is listed.
    pub(super) async fn adopt(&mut self, batch: Batch, lists: bool) -> Result<()> {
        let (Running { id, settings, task }, stream) = (self.running, batch.stream);
        let known: Vec<Key> = batch.rejected.iter().filter_map(|rejected| rejected.key.clone()).collect();
        let vanished = retry(settings, async || self.sink.vanished(id, stream, known.clone()).await).await?;
        let (gone, rows) = (vanished.len() as u64, self.rows(stream));
        let remove = task.confirm || gone <= allowance(rows);
        // A rejected record without a key could be any of those that seem to be gone.
        let remove = remove && known.len() == batch.rejected.len();
        if lists && remove {
            self.differ(stream, vanished.into_iter().map(Difference::extra).collect()).await?;
        }
        let batch = Arc::new(batch);
        retry(settings, async || self.sink.adopt(batch.clone(), remove).await).await?;
        if !task.confirm && gone > allowance(rows) {
            let table = self.running.stream(stream).table.clone();
            self.trips.push(Trip { table, gone, left: 0, rows });
        }
        Ok(())
    }

    /// [`Sink::candidates`], from now on asked for.
    pub(super) async fn candidates(
        &mut self,
        stream: usize,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        self.tallies[stream].candidates = false;
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.candidates(id, stream, after.clone(), limit).await).await
    }

    /// [`Sink::acquit`].
    pub(super) async fn acquit(&mut self, stream: usize, keys: Vec<Key>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.acquit(id, stream, keys.clone()).await).await
    }

    /// [`Sink::rereads`].
    pub(super) async fn rereads(&mut self, stream: usize, limit: usize) -> Result<Vec<Key>> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.rereads(id, stream, limit).await).await
    }

    /// [`Sink::reread`].
    pub(super) async fn reread(&mut self, stream: usize, keys: Vec<Key>) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.reread(id, stream, keys.clone()).await).await
    }

    /// [`Sink::compare`].
    pub(super) async fn compare(&mut self, stream: usize, range: KeyRange) -> Result<Compared> {
        let (Running { id, settings, .. }, range) = (self.running, Arc::new(range));
        retry(settings, async || self.sink.compare(id, stream, range.clone()).await).await
    }

    /// [`Sink::altered`].
    pub(super) async fn altered(
        &mut self,
        stream: usize,
        layout: &Layout,
        rows: Rows,
    ) -> Result<Vec<Difference>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (Running { id, settings, .. }, rows) = (self.running, Arc::new(rows));
        retry(settings, async || self.sink.altered(id, stream, layout, rows.clone()).await).await
    }

    /// [`Sink::differ`]; counts what differs.
    pub(super) async fn differ(&mut self, stream: usize, differences: Vec<Difference>) -> Result<()> {
        if differences.is_empty() {
            return Ok(());
        }
        let (Running { id, settings, .. }, differences) = (self.running, Arc::new(differences));
        let stored =
            retry(settings, async || self.sink.differ(id, stream, differences.clone()).await).await?;
        for difference in &stored {
            *self.found.differing.entry(difference.differs.word()).or_default() += 1;
            if let Some(cause) = difference.cause {
                *self.found.causes.entry(cause).or_default() += 1;
            }
            self.found.late = self.found.late.max(difference.late);
        }
        Ok(())
    }

    /// [`Sink::remove`].
    pub(super) async fn remove(&mut self, stream: usize, keys: &[Key], reason: &str) -> Result<()> {
        let Running { id, settings, .. } = self.running;
        retry(settings, async || self.sink.remove(id, stream, keys.to_vec(), reason).await).await?;
        self.tallies[stream].removed += keys.len() as u64;
        Ok(())
    }
}
