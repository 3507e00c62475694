//! What a batch does to what is in the database.

use std::collections::BTreeMap;

use super::store::{Data, Row, Store};
use crate::engine::{Batch, Cause, Compared, Difference, Differs, KeyRange, Standing, Sweep, Written};
use crate::source::{Key, Rejected, Rows, Values};

impl Store {
    pub fn rows(&self, task: usize, stream: usize, rows: &Rows) -> Vec<(Key, Row)> {
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

    pub fn delete(&self, data: &mut Data, task: usize, stream: usize, keys: &[Key], reason: &str) -> u64 {
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

    /// The data after a batch, and what it did.
    pub fn apply(&self, batch: &Batch) -> (Data, Written) {
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
        if let Some(sweep) = &batch.sweep {
            let missing = missing(data.tables.entry(table.clone()).or_default(), sweep);
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
        Some(Standing::Verified) => *data.verified.entry(table.into()).or_default() += 1,
        Some(Standing::Done { position, full, .. }) => {
            stored.position.clone_from(position);
            stored.complete |= full;
            stored.filled = filled;
            stored.pass = None;
        }
    }
}

impl Store {
    /// What differs in a range of keys.
    pub fn compared(&self, task: usize, stream: usize, range: &KeyRange) -> Compared {
        let here = self.table(&self.name(task, stream));
        let headers = self.stream(task, stream).parent.as_ref().map(|parent| self.table(&parent.table));
        let mut compared = Compared::default();
        for (at, key) in range.keys.iter().enumerate() {
            let remote = range.updated_at[at].clone();
            let parent = range.parents.as_ref().and_then(|all| all[at]).map(Key::from);
            let has_header = headers.as_ref().is_none_or(|all| parent.is_some_and(|p| all.contains_key(&p)));
            let overdue = range.before.is_none() || remote.is_none() || remote < range.before;
            let (differs, row) = match here.get(key) {
                None if has_header => (Differs::Missing, None),
                Some(row) if row.updated_at != remote => (Differs::Stale, row.updated_at.clone()),
                Some(_) if self.touched.contains(key) => {
                    compared.touched.push(key.clone());
                    continue;
                }
                _ => continue,
            };
            let (cause, late) = (self.late.map(|_| Cause::LateCommit), self.late);
            let key = key.clone();
            compared.differences.push(Difference { key, differs, remote, here: row, overdue, cause, late });
        }
        let swept = range.sweep.iter().flat_map(|sweep| missing(&here, sweep));
        let extra = swept.chain(range.leaving.iter().filter(|key| here.contains_key(key)).cloned());
        compared.differences.extend(extra.map(Difference::extra));
        compared
    }

    /// The rows that are not here or hold something else.
    pub fn other_content(&self, task: usize, stream: usize, rows: &Rows) -> Vec<Difference> {
        let here = self.table(&self.name(task, stream));
        let sent = self.rows(task, stream, rows);
        let mut found = Vec::new();
        for (key, row) in sent {
            let touched = self.touched.contains(&key).then_some(Cause::ChangedHere);
            let (differs, cause) = match here.get(&key) {
                None => (Differs::Missing, None),
                Some(old) if old.updated_at != row.updated_at => (Differs::Stale, touched),
                Some(old) if *old != row => (Differs::Altered, touched.or(Some(Cause::NoNewTime))),
                Some(_) => continue,
            };
            let stored = here.get(&key).and_then(|old| old.updated_at.clone());
            let (remote, late) = (row.updated_at, None);
            found.push(Difference { key, differs, remote, here: stored, overdue: true, cause, late });
        }
        found
    }
}

/// Keys of a range that are here and were not sent.
fn missing(here: &BTreeMap<Key, Row>, Sweep { after, through, seen }: &Sweep) -> Vec<Key> {
    let inside = here.keys().filter(|key| after.as_ref().is_none_or(|after| *key > after));
    let inside = inside.filter(|key| through.as_ref().is_none_or(|through| *key <= through));
    inside.filter(|key| !seen.contains(key)).cloned().collect()
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
