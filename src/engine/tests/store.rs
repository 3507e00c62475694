//! A sink in memory that behaves like the store: whole batches or nothing, positions,
//! candidates, counters. It can be told to crash before or after a write, and to be locked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use crate::engine::{Batch, Compared, Difference, KeyRange, Outcome, Prepared, Sink, Stored, Task, Written};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Layout, Rows};

/// A row: its columns, and the header it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub values: BTreeMap<String, Option<String>>,
    pub updated_at: Option<String>,
    pub parent: Option<Key>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    pub fetched: u64,
    pub written: Written,
    pub rejected: u64,
    pub duplicates: u64,
}

/// What is in the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    pub tables: BTreeMap<String, BTreeMap<Key, Row>>,
    pub stored: BTreeMap<String, Stored>,
    pub candidates: BTreeMap<String, BTreeSet<Key>>,
    pub rereads: BTreeMap<String, BTreeSet<Key>>,
    pub removed: Vec<(String, Key, String)>,
    /// How often all keys of a table were compared.
    pub verified: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Crash {
    /// Just before the n-th batch is written.
    Before(usize),
    /// Just after it.
    After(usize),
    /// Before the n-th call that changes anything.
    Call(usize),
}

#[derive(Default)]
pub struct Store {
    pub data: Data,
    pub tasks: Vec<Task>,
    pub layouts: BTreeMap<(usize, usize), Layout>,
    pub counts: Vec<Counts>,
    pub outcomes: Vec<Vec<Outcome>>,
    pub begun: Vec<usize>,
    pub warnings: Vec<String>,
    pub expected: Vec<u64>,
    pub batches: Vec<Arc<Batch>>,
    /// What differed, with its table.
    pub differences: Vec<(String, Difference)>,
    /// How late each was that was committed late.
    pub late: Option<u64>,
    /// Rows that somebody else wrote here.
    pub touched: BTreeSet<Key>,
    /// Rows of a snapshot that are put aside.
    pub staged: BTreeMap<Key, Row>,
    pub crash: Option<Crash>,
    pub writes: usize,
    pub calls: usize,
    pub dead: bool,
    /// So many writes more fail because something is locked.
    pub locked: usize,
    /// What `begin` answers.
    pub already_running: Option<String>,
}

impl Store {
    /// A new run begins; what is in the database stays.
    pub fn rerun(&mut self, tasks: Vec<Task>) {
        let data = std::mem::take(&mut self.data);
        let (counts, outcomes) = (vec![Counts::default(); tasks.len()], vec![Vec::new(); tasks.len()]);
        let Store { crash, locked, already_running, late, touched, .. } = std::mem::take(self);
        *self = Store {
            data,
            tasks,
            counts,
            outcomes,
            crash,
            locked,
            already_running,
            late,
            touched,
            ..Store::default()
        };
    }

    pub fn table(&self, name: &str) -> BTreeMap<Key, Row> {
        self.data.tables.get(name).cloned().unwrap_or_default()
    }

    /// How a stream stands, looked at from outside.
    pub fn standing(&self, table: &str) -> Prepared {
        let rows = self.data.tables.get(table).map_or(0, |rows| rows.len() as u64);
        Prepared { stored: self.data.stored.get(table).cloned(), rows }
    }

    pub fn keys(&self, table: &str) -> Vec<Key> {
        self.table(table).into_keys().collect()
    }

    pub fn stream(&self, task: usize, stream: usize) -> &Stream {
        &self.tasks[task].entity.streams[stream]
    }

    pub fn name(&self, task: usize, stream: usize) -> String {
        self.stream(task, stream).table.clone()
    }

    fn alive(&self) -> Result<()> {
        match self.dead {
            true => Err(Error::new(Kind::Cancelled, "crashed")),
            false => Ok(()),
        }
    }

    /// A call that changes something.
    fn change(&mut self) -> Result<()> {
        self.calls += 1;
        self.dead |= self.crash == Some(Crash::Call(self.calls));
        self.alive()
    }
}

#[async_trait(?Send)]
impl Sink for Store {
    async fn begin(&mut self, task: usize) -> Result<Option<String>> {
        self.alive()?;
        self.begun.push(task);
        Ok(self.already_running.clone())
    }

    async fn prepare(&mut self, task: usize, stream: usize, layout: &Layout) -> Result<Prepared> {
        self.alive()?;
        self.layouts.insert((task, stream), layout.clone());
        let table = self.name(task, stream);
        self.data.tables.entry(table.clone()).or_default();
        Ok(self.standing(&table))
    }

    async fn start(&mut self, task: usize, stream: usize, stored: Stored, anew: bool) -> Result<()> {
        self.change()?;
        let table = self.name(task, stream);
        if anew {
            self.data.candidates.remove(&table);
        }
        self.data.stored.insert(table, stored);
        Ok(())
    }

    async fn expect(&mut self, _task: usize, _stream: usize, rows: u64) -> Result<()> {
        self.expected.push(rows);
        self.alive()
    }

    async fn write(&mut self, batch: Arc<Batch>) -> Result<Written> {
        self.change()?;
        if self.locked > 0 {
            self.locked -= 1;
            return Err(Error::new(Kind::Locked, "a lock was not to be had"));
        }
        self.writes += 1;
        if self.crash == Some(Crash::Before(self.writes)) {
            self.dead = true;
            return self.alive().map(|()| Written::default());
        }
        let (data, written) = self.apply(&batch);
        self.data = data;
        let counts = &mut self.counts[batch.task];
        for (rows, rejected, duplicates) in [(&batch.rows, &batch.rejected, batch.duplicates)]
            .into_iter()
            .chain(batch.lines.iter().map(|lines| (&lines.rows, &lines.rejected, lines.duplicates)))
        {
            counts.fetched += (rows.len() + rejected.len()) as u64 + duplicates;
            counts.rejected += rejected.len() as u64;
            counts.duplicates += duplicates;
        }
        counts.fetched += batch.leaving.len() as u64;
        counts.written += written;
        self.dead = self.crash == Some(Crash::After(self.writes));
        self.batches.push(batch);
        // A write takes its time: the next page is read meanwhile.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        self.alive().map(|()| written)
    }

    async fn candidates(
        &mut self,
        task: usize,
        stream: usize,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        self.alive()?;
        let all = self.data.candidates.entry(self.name(task, stream)).or_default().iter();
        let behind = all.filter(|key| after.as_ref().is_none_or(|after| *key > after));
        Ok(behind.take(limit).cloned().collect())
    }

    async fn acquit(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()> {
        self.change()?;
        let candidates = self.data.candidates.entry(self.name(task, stream)).or_default();
        candidates.retain(|key| !keys.contains(key));
        Ok(())
    }

    async fn remove(&mut self, task: usize, stream: usize, keys: Vec<Key>, reason: &str) -> Result<u64> {
        self.change()?;
        let mut data = self.data.clone();
        let gone = self.delete(&mut data, task, stream, &keys, reason);
        self.data = data;
        self.counts[task].written.removed += gone;
        Ok(gone)
    }

    async fn rereads(&mut self, task: usize, stream: usize, limit: usize) -> Result<Vec<Key>> {
        self.alive()?;
        let all = self.data.rereads.entry(self.name(task, stream)).or_default().iter();
        Ok(all.take(limit).cloned().collect())
    }

    async fn reread(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()> {
        self.change()?;
        let rereads = self.data.rereads.entry(self.name(task, stream)).or_default();
        rereads.retain(|key| !keys.contains(key));
        Ok(())
    }

    async fn stage(&mut self, task: usize, stream: usize, rows: Arc<Rows>, first: bool) -> Result<()> {
        self.alive()?;
        if first {
            self.staged.clear();
        }
        let of_page = self.rows(task, stream, &rows);
        self.staged.extend(of_page);
        Ok(())
    }

    async fn vanished(&mut self, task: usize, stream: usize, known: Vec<Key>) -> Result<Vec<Key>> {
        self.alive()?;
        let here = self.keys(&self.name(task, stream)).into_iter();
        Ok(here.filter(|key| !self.staged.contains_key(key) && !known.contains(key)).collect())
    }

    async fn adopt(&mut self, batch: Arc<Batch>, remove: bool) -> Result<Written> {
        self.change()?;
        let table = self.name(batch.task, batch.stream);
        let known: Vec<&Key> = batch.rejected.iter().filter_map(|r| r.key.as_ref()).collect();
        let rows = self.data.tables.entry(table.clone()).or_default();
        let before = rows.len();
        rows.retain(|key, _| !remove || self.staged.contains_key(key) || known.contains(&key));
        let removed = (before - rows.len()) as u64;
        rows.extend(self.staged.clone());
        let filled = !rows.is_empty();
        let stored = self.data.stored.entry(table).or_default();
        (stored.pass, stored.complete, stored.filled) = (None, true, filled);
        Ok(Written { removed, ..Written::default() })
    }

    async fn compare(&mut self, task: usize, stream: usize, range: Arc<KeyRange>) -> Result<Compared> {
        self.alive()?;
        Ok(self.compared(task, stream, &range))
    }

    async fn altered(
        &mut self,
        task: usize,
        stream: usize,
        layout: &Layout,
        rows: Arc<Rows>,
    ) -> Result<Vec<Difference>> {
        self.alive()?;
        self.layouts.insert((task, stream), layout.clone());
        Ok(self.other_content(task, stream, &rows))
    }

    async fn differ(
        &mut self,
        task: usize,
        stream: usize,
        differences: Arc<Vec<Difference>>,
    ) -> Result<Vec<Difference>> {
        self.change()?;
        let table = self.name(task, stream);
        self.differences.extend(differences.iter().map(|found| (table.clone(), found.clone())));
        Ok(differences.to_vec())
    }

    async fn warn(&mut self, _task: usize, text: String) -> Result<()> {
        self.warnings.push(text);
        self.alive()
    }

    async fn finish(&mut self, task: usize, outcome: Outcome) -> Result<()> {
        self.change()?;
        self.outcomes[task].push(outcome);
        Ok(())
    }
}
