//! A sink in memory that behaves like the store: whole batches or nothing, positions,
//! candidates, counters. It can be told to crash before or after a write, and to be locked.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::engine::{Batch, Outcome, Prepared, Sink, Standing, Stored, Sweep, Task, Written};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Layout, Rejected, Rows, Values};

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
    pub removed: Vec<(String, Key, String)>,
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
    pub batches: Vec<Batch>,
    pub crash: Option<Crash>,
    pub writes: usize,
    pub calls: usize,
    pub dead: bool,
    /// So many writes more fail because something is locked.
    pub locked: usize,
    /// So many tries more find the lane taken.
    pub lane_taken: usize,
    /// What `begin` answers.
    pub already_running: Option<String>,
}

impl Store {
    /// A new run begins; what is in the database stays.
    pub fn rerun(&mut self, tasks: Vec<Task>) {
        let data = std::mem::take(&mut self.data);
        let (counts, outcomes) = (vec![Counts::default(); tasks.len()], vec![Vec::new(); tasks.len()]);
        let Store { crash, locked, lane_taken, already_running, .. } = std::mem::take(self);
        *self = Store {
            data,
            tasks,
            counts,
            outcomes,
            crash,
            locked,
            lane_taken,
            already_running,
            ..Store::default()
        };
    }

    pub fn table(&self, name: &str) -> BTreeMap<Key, Row> {
        self.data.tables.get(name).cloned().unwrap_or_default()
    }

    pub fn keys(&self, table: &str) -> Vec<Key> {
        self.table(table).into_keys().collect()
    }

    fn stream(&self, task: usize, stream: usize) -> &Stream {
        &self.tasks[task].entity.streams[stream]
    }

    fn name(&self, task: usize, stream: usize) -> String {
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

    fn rows(&self, task: usize, stream: usize, rows: &Rows) -> Vec<(Key, Row)> {
        let about = self.stream(task, stream);
        let layout = &self.layouts[&(task, stream)];
        let row = |at: usize| {
            let named = layout.columns.iter().zip(&rows.columns);
            let values = named.map(|(field, all)| (about.columns[field.column].name.clone(), text(all, at)));
            let values: BTreeMap<_, _> = values.collect();
            let parent = about.parent.as_ref().and_then(|parent| values[&parent.column].clone());
            let parent = parent.and_then(|id| id.parse::<i64>().ok()).map(Key::from);
            Row { values, updated_at: rows.updated_at[at].clone(), parent }
        };
        (0..rows.len()).map(|at| (rows.keys[at].clone(), row(at))).collect()
    }

    fn upsert(&self, data: &mut Data, task: usize, stream: usize, rows: &Rows, written: &mut Written) {
        let header = self.stream(task, stream).parent.as_ref().map(|parent| parent.table.clone());
        for (key, row) in self.rows(task, stream, rows) {
            let headers = header.as_ref().map(|table| data.tables.get(table).cloned().unwrap_or_default());
            let here = headers.is_none_or(|all| row.parent.as_ref().is_some_and(|p| all.contains_key(p)));
            let table = data.tables.entry(self.name(task, stream)).or_default();
            match table.get(&key) {
                _ if !here => written.left_out += 1,
                Some(old) if *old == row => written.unchanged += 1,
                old => {
                    *(if old.is_some() { &mut written.updated } else { &mut written.inserted }) += 1;
                    table.insert(key, row);
                }
            }
        }
    }

    fn suspect(&self, data: &mut Data, table: &str, keys: Vec<Key>, written: &mut Written) {
        let here = data.tables.entry(table.into()).or_default().clone();
        let candidates = data.candidates.entry(table.into()).or_default();
        for key in keys.into_iter().filter(|key| here.contains_key(key)) {
            written.candidates += u64::from(candidates.insert(key));
        }
    }

    fn delete(&self, data: &mut Data, task: usize, stream: usize, keys: &[Key], reason: &str) -> u64 {
        let table = self.name(task, stream);
        let mut gone = 0;
        for key in keys {
            data.candidates.entry(table.clone()).or_default().remove(key);
            if data.tables.entry(table.clone()).or_default().remove(key).is_some() {
                data.removed.push((table.clone(), key.clone(), reason.into()));
                gone += 1;
            }
        }
        for (child, about) in self.tasks[task].entity.streams.iter().enumerate() {
            if about.parent.as_ref().is_some_and(|parent| parent.table == table) {
                let lines = data.tables.entry(about.table.clone()).or_default();
                let of_gone = |row: &Row| row.parent.as_ref().is_some_and(|p| keys.contains(p));
                let lines: Vec<Key> =
                    lines.iter().filter(|(_, row)| of_gone(row)).map(|(key, _)| key.clone()).collect();
                gone += self.delete(data, task, child, &lines, "header removed");
            }
        }
        gone
    }

    fn apply(&self, batch: &Batch) -> (Data, Written) {
        let (mut data, mut written) = (self.data.clone(), Written::default());
        let Batch { task, stream, .. } = *batch;
        let table = self.name(task, stream);
        self.upsert(&mut data, task, stream, &batch.rows, &mut written);
        written.left_out += batch.leaving.len() as u64;
        self.suspect(&mut data, &table, batch.leaving.clone(), &mut written);
        for lines in &batch.lines {
            self.upsert(&mut data, task, lines.stream, &lines.rows, &mut written);
            let name = self.name(task, lines.stream);
            let there: Vec<Key> = sent(&lines.rows, &lines.rejected);
            let here = data.tables.entry(name.clone()).or_default();
            let of_these = |row: &Row| row.parent.as_ref().is_some_and(|p| lines.parents.contains(p));
            let missing = here.iter().filter(|(key, row)| of_these(row) && !there.contains(key));
            let missing: Vec<Key> = missing.map(|(key, _)| key.clone()).collect();
            match missing.len() as u64 > lines.may_remove {
                true => self.suspect(&mut data, &name, missing, &mut written),
                false => {
                    written.removed += self.delete(&mut data, task, lines.stream, &missing, "line removed")
                }
            }
        }
        if let Some(Sweep { after, through, seen }) = &batch.sweep {
            let here = data.tables.entry(table.clone()).or_default().keys();
            let inside = here.filter(|key| after.as_ref().is_none_or(|after| *key > after));
            let inside = inside.filter(|key| through.as_ref().is_none_or(|through| *key <= through));
            let missing = inside.filter(|key| !seen.contains(key)).cloned().collect();
            self.suspect(&mut data, &table, missing, &mut written);
        }
        stand(&mut data, &table, batch.standing.as_ref());
        (data, written)
    }
}

fn stand(data: &mut Data, table: &str, standing: Option<&Standing>) {
    let filled = data.tables.get(table).is_some_and(|rows| !rows.is_empty());
    let stored = data.stored.entry(table.into()).or_default();
    match standing {
        None => {}
        Some(Standing::Open(pass)) => stored.pass = Some(pass.clone()),
        Some(Standing::Done { position, full }) => {
            stored.position.clone_from(position);
            stored.complete |= full;
            stored.filled = filled;
            stored.pass = None;
        }
    }
}

fn sent(rows: &Rows, rejected: &[Rejected]) -> Vec<Key> {
    rows.keys.iter().cloned().chain(rejected.iter().filter_map(|rejected| rejected.key.clone())).collect()
}

fn text(values: &Values, at: usize) -> Option<String> {
    match values {
        Values::Int(all) => all[at].map(|value| value.to_string()),
        Values::Bool(all) => all[at].map(|value| value.to_string()),
        Values::Text(all) => all[at].clone(),
    }
}

fn add(sum: &mut Written, more: Written) {
    sum.inserted += more.inserted;
    sum.updated += more.updated;
    sum.unchanged += more.unchanged;
    sum.left_out += more.left_out;
    sum.removed += more.removed;
    sum.candidates += more.candidates;
}

#[async_trait(?Send)]
impl Sink for Store {
    async fn lock(&mut self, _lane: &str) -> Result<bool> {
        self.alive()?;
        let taken = self.lane_taken > 0;
        self.lane_taken = self.lane_taken.saturating_sub(1);
        Ok(!taken)
    }

    async fn begin(&mut self, task: usize) -> Result<Option<String>> {
        self.alive()?;
        self.begun.push(task);
        Ok(self.already_running.clone())
    }

    async fn prepare(&mut self, task: usize, stream: usize, layout: &Layout) -> Result<Prepared> {
        self.alive()?;
        self.layouts.insert((task, stream), layout.clone());
        let table = self.name(task, stream);
        let rows = self.data.tables.entry(table.clone()).or_default().len() as u64;
        Ok(Prepared { stored: self.data.stored.get(&table).cloned(), rows })
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

    async fn write(&mut self, batch: Batch) -> Result<Written> {
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
        add(&mut counts.written, written);
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
