//! A store in memory for one stream: whole batches, a position, candidates. Keys are ordered here as
//! a local key is: numbers as numbers, texts by their characters' codes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use erp_sync::engine::{
    Batch, Compared, Difference, Differs, KeyRange, Outcome, Prepared, Sink, Standing, Stored, Written,
};
use erp_sync::error::Result;
use erp_sync::source::{Key, Layout, Rows, Values};

#[derive(Default)]
pub struct Table {
    pub rows: BTreeMap<Key, Vec<Option<String>>>,
    pub stored: Option<Stored>,
    pub candidates: BTreeSet<Key>,
    pub staged: BTreeMap<Key, Vec<Option<String>>>,
    pub removed: Vec<Key>,
    pub outcome: Option<Outcome>,
    pub warnings: Vec<String>,
    /// What the last run did.
    pub written: Written,
    pub batches: usize,
}

impl Table {
    fn put(&mut self, rows: &Rows) -> Written {
        let mut written = Written::default();
        for (at, key) in rows.keys.iter().enumerate() {
            let row: Vec<_> = rows.columns.iter().map(|values| text(values, at)).collect();
            match self.rows.insert(key.clone(), row.clone()) {
                None => written.inserted += 1,
                Some(before) if before == row => written.unchanged += 1,
                Some(_) => written.updated += 1,
            }
        }
        written
    }

    fn stand(&mut self, standing: &Standing) {
        let filled = !self.rows.is_empty();
        let stored = self.stored.get_or_insert_default();
        match standing {
            Standing::Open(pass) => stored.pass = Some(pass.clone()),
            Standing::Verified => {}
            Standing::Done { position, full, .. } => {
                stored.position.clone_from(position);
                stored.complete |= full;
                stored.filled = filled;
                stored.pass = None;
            }
        }
    }
}

fn text(values: &Values, at: usize) -> Option<String> {
    match values {
        Values::Int(values) => values[at].map(|value| value.to_string()),
        Values::Bool(values) => values[at].map(|value| value.to_string()),
        Values::Text(values) => values[at].clone(),
    }
}

#[async_trait(?Send)]
impl Sink for Table {
    async fn begin(&mut self, _task: usize) -> Result<Option<String>> {
        (self.written, self.batches, self.outcome) = (Written::default(), 0, None);
        Ok(None)
    }

    async fn prepare(&mut self, _task: usize, _stream: usize, _layout: &Layout) -> Result<Prepared> {
        Ok(Prepared { stored: self.stored.clone(), rows: self.rows.len() as u64 })
    }

    async fn start(&mut self, _task: usize, _stream: usize, stored: Stored, anew: bool) -> Result<()> {
        if anew {
            self.candidates.clear();
        }
        self.stored = Some(stored);
        Ok(())
    }

    async fn expect(&mut self, _task: usize, _stream: usize, _rows: u64) -> Result<()> {
        Ok(())
    }

    async fn write(&mut self, batch: Arc<Batch>) -> Result<Written> {
        let mut written = self.put(&batch.rows);
        if let Some(sweep) = &batch.sweep {
            let behind = |key: &&Key| sweep.after.as_ref().is_none_or(|after| *key > after);
            let up_to = |key: &&Key| sweep.through.as_ref().is_none_or(|through| *key <= through);
            let missing = |key: &&Key| !sweep.seen.contains(key);
            let missed: Vec<Key> =
                self.rows.keys().filter(behind).filter(up_to).filter(missing).cloned().collect();
            written.candidates += missed.len() as u64;
            self.candidates.extend(missed);
        }
        if let Some(standing) = &batch.standing {
            self.stand(standing);
        }
        self.written += written;
        self.batches += 1;
        Ok(written)
    }

    async fn candidates(
        &mut self,
        _task: usize,
        _stream: usize,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        let behind = self.candidates.iter().filter(|key| after.as_ref().is_none_or(|after| *key > after));
        Ok(behind.take(limit).cloned().collect())
    }

    async fn acquit(&mut self, _task: usize, _stream: usize, keys: Vec<Key>) -> Result<()> {
        self.candidates.retain(|key| !keys.contains(key));
        Ok(())
    }

    async fn remove(&mut self, _task: usize, _stream: usize, keys: Vec<Key>, _reason: &str) -> Result<u64> {
        for key in &keys {
            self.candidates.remove(key);
            self.rows.remove(key);
        }
        let removed = keys.len() as u64;
        self.removed.extend(keys);
        Ok(removed)
    }

    async fn rereads(&mut self, _task: usize, _stream: usize, _limit: usize) -> Result<Vec<Key>> {
        Ok(Vec::new())
    }

    async fn reread(&mut self, _task: usize, _stream: usize, _keys: Vec<Key>) -> Result<()> {
        Ok(())
    }

    async fn stage(&mut self, _task: usize, _stream: usize, rows: Arc<Rows>, first: bool) -> Result<()> {
        if first {
            self.staged.clear();
        }
        let row = |at: usize| rows.columns.iter().map(|values| text(values, at)).collect();
        self.staged.extend(rows.keys.iter().enumerate().map(|(at, key)| (key.clone(), row(at))));
        Ok(())
    }

    async fn vanished(&mut self, _task: usize, _stream: usize, known: Vec<Key>) -> Result<Vec<Key>> {
        let gone = |key: &&Key| !self.staged.contains_key(key) && !known.contains(key);
        Ok(self.rows.keys().filter(gone).cloned().collect())
    }

    async fn adopt(&mut self, batch: Arc<Batch>, remove: bool) -> Result<Written> {
        let before = self.rows.len();
        self.rows.retain(|key, _| !remove || self.staged.contains_key(key));
        let removed = (before - self.rows.len()) as u64;
        self.rows.extend(std::mem::take(&mut self.staged));
        batch.standing.iter().for_each(|standing| self.stand(standing));
        Ok(Written { removed, ..Written::default() })
    }

    async fn compare(&mut self, _task: usize, _stream: usize, range: Arc<KeyRange>) -> Result<Compared> {
        let missing = range.keys.iter().filter(|key| !self.rows.contains_key(key));
        let differences =
            missing.cloned().map(|key| Difference { differs: Differs::Missing, ..Difference::extra(key) });
        Ok(Compared { differences: differences.collect(), ..Compared::default() })
    }

    async fn altered(
        &mut self,
        _task: usize,
        _stream: usize,
        _layout: &Layout,
        _rows: Arc<Rows>,
    ) -> Result<Vec<Difference>> {
        Ok(Vec::new())
    }

    async fn differ(
        &mut self,
        _task: usize,
        _stream: usize,
        differences: Arc<Vec<Difference>>,
    ) -> Result<Vec<Difference>> {
        Ok(differences.to_vec())
    }

    async fn warn(&mut self, _task: usize, text: String) -> Result<()> {
        self.warnings.push(text);
        Ok(())
    }

    async fn finish(&mut self, _task: usize, outcome: Outcome) -> Result<()> {
        self.outcome = Some(outcome);
        Ok(())
    }
}
