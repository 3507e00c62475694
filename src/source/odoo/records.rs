//! Collects the records of a page, one by one as they arrive, and makes columns of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cell::{NUL, flaw, integer, read};
use super::decode::{Row, paged};
use super::parts::{Halt, Long, Parts, Shape};
use super::rejection::rejected;
use super::rpc::Trouble;
use super::{cell, raw};
use crate::entity::{Column, Stream, Type};
use crate::source::cell::{Cell, Flaw};
use crate::source::{Ask, Field, Key, Layout, Page, Rejected, Scope, rules};

/// The records of one page.
pub(super) struct Records<'a> {
    stream: &'a Stream,
    layout: &'a Layout,
    raw: bool,
    /// How many bytes of texts may be kept, and how many are.
    most: usize,
    kept: usize,
    sent: usize,
    by_id: BTreeMap<i64, Result<Row, Rejected>>,
    without_id: Vec<Rejected>,
    duplicates: u64,
    /// For a person, why this is no list of records.
    strange: Option<&'static str>,
}

/// What one record holds of what is read.
struct Record<'a> {
    id: Option<Result<i64, Flaw>>,
    cells: Vec<Option<Result<Cell, Flaw>>>,
    updated_at: Result<Cell, Flaw>,
    /// The first of the fields, by name, that PostgreSQL cannot store, and why.
    flawed: Option<(Cow<'a, str>, Flaw)>,
}

impl<'a> Records<'a> {
    /// For a page of at most `most` bytes.
    pub(super) fn new(stream: &'a Stream, layout: &'a Layout, raw: bool, most: usize) -> Self {
        let (by_id, without_id) = (BTreeMap::new(), Vec::new());
        let (kept, sent, duplicates, strange) = (0, 0, 0, None);
        Records { stream, layout, raw, most, kept, sent, by_id, without_id, duplicates, strange }
    }

    /// The columns that are read, with where they lie.
    fn columns(&self) -> impl Iterator<Item = (&'a Field, &'a Column)> {
        let stream = self.stream;
        self.layout.columns.iter().filter_map(|field| Some((field, stream.columns.get(field.column)?)))
    }

    fn add(&mut self, json: &str) -> Result<(), Halt> {
        let record = self.record(json)?;
        match record.id {
            Some(Ok(id)) => {
                let outcome =
                    self.row(record, json).map_err(|(rule, why)| rejected(Some(id), json, rule, why));
                self.kept += outcome.as_ref().map_or_else(|no| no.record.len(), Row::bytes);
                self.duplicates += u64::from(self.by_id.insert(id, outcome).is_some());
            }
            Some(Err(_)) | None => {
                let why = "the id is no whole number".to_string();
                let rejected = rejected(None, json, "type", why);
                self.kept += rejected.record.len();
                self.without_id.push(rejected);
            }
        }
        self.fits(0)
    }

    /// Whether so many bytes more may be kept.
    fn fits(&self, more: usize) -> Result<(), Halt> {
        if self.kept + more > self.most { Err(Halt::TooLong(Long::Page, self.most)) } else { Ok(()) }
    }

    /// Reads the fields of a record; of a field that is there twice the last one counts.
    fn record<'r>(&self, json: &'r str) -> Result<Record<'r>, Halt> {
        let columns: Vec<(&Field, &Column)> = self.columns().collect();
        let cursor = self.stream.cursor.as_deref();
        let mut record = Record {
            id: None,
            cells: columns.iter().map(|_| None).collect(),
            updated_at: Ok(Cell::Null),
            flawed: None,
        };
        let mut broken = None;
        let read = raw::members(json, |name, value| {
            match flaw_of(&name, value) {
                Ok(None) => {}
                Ok(Some(flaw)) => record.note(name.clone(), flaw),
                Err(error) => broken = Some(error),
            }
            if name == "id" {
                record.id = Some(integer(value));
            }
            if cursor == Some(&*name) {
                record.updated_at = cell::read(Type::Timestamptz, "datetime", value);
            }
            for (cell, (field, column)) in record.cells.iter_mut().zip(&columns) {
                if field.path == name {
                    *cell = Some(read(column.kind, &field.remote_type, value));
                }
            }
        });
        match (read, broken) {
            (Ok(()), None) => Ok(record),
            _ => Err(Trouble::Garbage(format!("no JSON in record {}", self.sent)).into()),
        }
    }

    fn row(&self, record: Record<'_>, json: &str) -> Result<Row, (&'static str, String)> {
        if let Some((field, flaw)) = record.flawed {
            return Err(match field.contains('\0') {
                true => (flaw.rule, format!("the name of a field {}", flaw.why)),
                false => (flaw.rule, format!("the field \"{field}\" {}", flaw.why)),
            });
        }
        let (mut cells, mut odd) = (Vec::with_capacity(record.cells.len()), Vec::new());
        for (cell, (field, column)) in record.cells.into_iter().zip(self.columns()) {
            let name = &column.name;
            let cell = cell.ok_or_else(|| ("type", format!("the column \"{name}\" was not sent")))?;
            cells.push(match cell {
                Ok(cell) => cell,
                // One odd value hides no row that means something without it.
                Err(flaw) if !self.stream.is_needed(column) => {
                    odd.push((field.column, flaw.why));
                    Cell::Null
                }
                Err(flaw) => return Err((flaw.rule, format!("the column \"{name}\" {}", flaw.why))),
            });
        }
        let columns = self.columns().map(|(_, column)| column);
        rules::keep(&columns.zip(&cells).collect::<Vec<_>>())?;
        let updated_at = match (record.updated_at, &self.stream.cursor) {
            (Err(flaw), Some(cursor)) => {
                return Err((flaw.rule, format!("the field \"{cursor}\" {}", flaw.why)));
            }
            (Ok(Cell::Text(moment)), Some(_)) => Some(moment),
            _ => None,
        };
        Ok(Row { cells, updated_at, odd, raw: self.raw.then(|| cell::document(json)) })
    }

    /// An empty page of the same kind, with the room that is left.
    pub(super) fn another(&self) -> Self {
        Records::new(self.stream, self.layout, self.raw, self.most.saturating_sub(self.kept))
    }

    /// Takes over what others hold of the same page.
    pub(super) fn absorb(&mut self, other: Records<'_>) -> Result<(), Halt> {
        self.kept += other.kept;
        self.fits(0)?;
        self.sent += other.sent;
        self.duplicates += other.duplicates;
        self.without_id.extend(other.without_id);
        self.by_id.extend(other.by_id);
        self.strange = self.strange.or(other.strange);
        Ok(())
    }

    /// Why these are no records, for a person.
    pub(super) fn strange(&self, shape: Shape) -> Option<&'static str> {
        if shape == Shape::List { self.strange } else { Some("the result is no list") }
    }

    /// Whether what can be seen of the conditions holds: a module may ignore one. For records that were searched and
    /// read in one request, and so in one snapshot. Those on keys are looked at with the order of the page.
    pub(super) fn are_asked_for(&self, scope: &Scope) -> bool {
        let mut rows = self.by_id.values().filter_map(|record| record.as_ref().ok());
        match scope {
            // It may be another record that changed.
            Scope::Since { .. } if !self.stream.follows.is_empty() => true,
            Scope::Since { from, .. } => {
                // Odoo compares microseconds and sends whole seconds: a row of the first second is none before it.
                let from = seconds(&from.0);
                rows.all(|row| {
                    row.updated_at.as_deref().is_some_and(|changed_at| seconds(changed_at) >= from)
                })
            }
            Scope::Parents(parents) => {
                let wanted = self.stream.parent.as_ref().map(|parent| &parent.column);
                let place = self.columns().position(|(_, column)| Some(&column.name) == wanted);
                let parents: BTreeSet<&Key> = parents.iter().collect();
                let is_among = |cell: Option<&Cell>| match cell {
                    Some(Cell::Int(parent)) => parents.contains(&Key::from(*parent)),
                    _ => false,
                };
                place.is_none_or(|place| rows.all(|row| is_among(row.cells.get(place))))
            }
            Scope::All | Scope::From(_) | Scope::Keys(_) => true,
        }
    }

    /// The page, or for a person why this is none.
    pub(super) fn page(self, ask: &Ask) -> Result<Page, String> {
        if let Some(why) = self.strange {
            return Err(why.into());
        }
        let columns: Vec<Type> = self.columns().map(|(_, column)| column.kind).collect();
        let more = self.sent >= ask.limit.max(1);
        let page = Page { more, rejected: self.without_id, duplicates: self.duplicates, ..Page::default() };
        paged(page, &columns, self.raw, self.by_id, ask)
    }
}

impl Parts for Records<'_> {
    fn part(&mut self, json: &str) -> Result<(), Halt> {
        // What is kept of a record is no longer than its text, but for the whole of it beside its columns.
        let needed = if self.raw { 2 * json.len() } else { json.len() };
        self.fits(needed)?;
        self.sent += 1;
        if self.strange.is_some() {
            return Ok(());
        }
        if Shape::of(json) != Shape::Structure {
            raw::value(json).map_err(|_| Trouble::Garbage(format!("no JSON in record {}", self.sent)))?;
            self.strange = Some("a record is no structure");
            return Ok(());
        }
        self.add(json)
    }
}

impl<'a> Record<'a> {
    fn note(&mut self, field: Cow<'a, str>, flaw: Flaw) {
        if self.flawed.as_ref().is_none_or(|(known, _)| field < *known) {
            self.flawed = Some((field, flaw));
        }
    }
}

/// A moment up to its whole second, whose order as text is that in time.
fn seconds(moment: &str) -> &str {
    moment.get(..19).unwrap_or(moment)
}

fn flaw_of(name: &str, value: &str) -> Result<Option<Flaw>, raw::Broken> {
    if name.contains('\0') { flaw(value).map(|_| Some(NUL)) } else { flaw(value) }
}
