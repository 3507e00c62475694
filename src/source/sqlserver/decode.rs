//! Rows of the remote as the columns of a page.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::{Map, Value};
use tiberius::{ColumnData, Row};

use super::cell;
use super::mark::{self, Cursor};
use super::select::{NO_CURSOR, Plan};
use crate::entity::{Column, Stream, Type};
use crate::source::cell::Cell;
use crate::source::rules;
use crate::source::{Ask, Key, Layout, Mark, Page, Rejected, Rows, Scalar, Scope, Values};

/// A page while its rows come in.
pub(super) struct Builder<'a> {
    stream: &'a Stream,
    plan: &'a Plan,
    columns: Vec<&'a Column>,
    keys: Vec<usize>,
    by_cursor: bool,
    raw: bool,
    zone: Tz,
    page: Page,
    sent: usize,
    /// Bytes of memory that the page takes.
    held: usize,
    /// The place of the row before, and whether the rows came in the order of the scope as far as
    /// that can be told here.
    before: Option<Key>,
    ordered: bool,
    /// Where each key lies in the page.
    seen: BTreeMap<Key, usize>,
}

/// A row that can be stored.
struct Decoded {
    key: Key,
    cells: Vec<Cell>,
    updated_at: Option<String>,
}

/// A value that cannot: rule and reason.
type Broken = (&'static str, String);

impl<'a> Builder<'a> {
    pub(super) fn new(stream: &'a Stream, layout: &'a Layout, plan: &'a Plan, ask: &Ask, zone: Tz) -> Self {
        let columns: Vec<&Column> =
            layout.columns.iter().filter_map(|field| stream.columns.get(field.column)).collect();
        let at = |name: &String| columns.iter().position(|column| column.name == *name);
        let keys = stream.key.iter().filter_map(at).collect();
        let empty = columns.iter().map(|column| empty(column.kind)).collect();
        let rows = Rows { columns: empty, raw: ask.raw.then(Vec::new), ..Rows::default() };
        let by_cursor = matches!(ask.scope, Scope::Since { .. });
        let page = Page { rows, ..Page::default() };
        Builder {
            stream,
            plan,
            columns,
            keys,
            by_cursor,
            raw: ask.raw,
            zone,
            page,
            sent: 0,
            held: 0,
            before: ask.after.clone(),
            ordered: true,
            seen: BTreeMap::new(),
        }
    }

    /// How many rows have come, copies and broken ones among them.
    pub(super) fn len(&self) -> usize {
        self.sent
    }

    /// How much memory they take, in bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether no row came that belongs before an earlier one.
    pub(super) fn is_ordered(&self) -> bool {
        self.ordered
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Row) {
        self.sent += 1;
        let data: Vec<&ColumnData<'static>> = row.cells().map(|(_, data)| data).collect();
        self.page.bytes += data.iter().map(|data| size(data)).sum::<usize>();
        self.held += held(row);
        let key = self.key(&data);
        let place = key.as_ref().ok().and_then(|key| self.place(key, &data));
        if let Some(place) = place {
            self.comes_behind(&place);
            self.page.last = Some(place);
        }
        match key.and_then(|key| self.decode(key, &data)) {
            Ok(row) => self.keep(row, &data),
            Err(broken) => self.reject(broken, &data),
        }
    }

    /// Adds a row of which nothing but its key and its cursor was asked for, as one that cannot be stored.
    pub(super) fn set_aside(&mut self, row: &Row, rule: &'static str, reason: String) {
        self.sent += 1;
        let data: Vec<&ColumnData<'static>> = row.cells().map(|(_, data)| data).collect();
        self.page.last = self.key(&data).ok().and_then(|key| self.place(&key, &data));
        self.reject((rule, reason), &data);
    }

    /// Notes whether a place lies before that of the row before.
    fn comes_behind(&mut self, place: &Key) {
        if let (Some(now), Some(earlier)) =
            (place.0.first(), self.before.as_ref().and_then(|key| key.0.first()))
        {
            // Texts go by an order of the remote's; marks and numbers by one that is known here.
            self.ordered &= match self.by_cursor {
                true => now >= earlier,
                false => !self.plan.goes_by_number() || number(now) >= number(earlier),
            };
        }
        self.before = Some(place.clone());
    }

    /// The page. `more`: whether rows may follow.
    pub(super) fn finish(mut self, more: bool) -> Page {
        self.page.more = more;
        self.page
    }

    /// A row that changed while it was read may come twice: the last copy counts.
    fn keep(&mut self, row: Decoded, data: &[&ColumnData<'static>]) {
        let rows = &mut self.page.rows;
        let at = *self.seen.entry(row.key.clone()).or_insert(rows.keys.len());
        self.page.duplicates += u64::from(at < rows.keys.len());
        rows.columns.iter_mut().zip(row.cells).for_each(|(values, cell)| put(values, at, cell));
        set(&mut rows.keys, at, row.key);
        set(&mut rows.updated_at, at, row.updated_at);
        let plan = self.plan;
        if let Some(raw) = &mut rows.raw {
            let record = record(plan, data);
            self.held += record.len();
            set(raw, at, record);
        }
    }

    fn reject(&mut self, (rule, reason): Broken, data: &[&ColumnData<'static>]) {
        let key = self.key(data).ok();
        let record = record(self.plan, data);
        self.held += record.len();
        self.page.rejected.push(Rejected { key, record, rule: rule.into(), reason });
    }

    /// Where the row lies in the order of the scope.
    fn place(&self, key: &Key, data: &[&ColumnData<'static>]) -> Option<Key> {
        if !self.by_cursor {
            return Some(key.clone());
        }
        let (cursor, at) = self.plan.cursor?;
        let data = data.get(at)?;
        let mark = match cell::is_null(data) {
            true => NO_CURSOR.to_string(),
            false => of_cursor(cursor, data)?.0,
        };
        let mut place = vec![Scalar::Text(mark)];
        place.extend(key.0.iter().cloned());
        Some(Key(place))
    }

    fn key(&self, data: &[&ColumnData<'static>]) -> Result<Key, Broken> {
        let mut key = Vec::new();
        for at in &self.keys {
            let (Some(column), Some(data)) = (self.columns.get(*at), data.get(*at)) else { continue };
            let name = &column.name;
            key.push(match cell::cell(column.kind, data, self.zone) {
                Ok(Cell::Int(number)) => Scalar::Int(number),
                Ok(Cell::Text(text)) => Scalar::Text(text),
                Ok(_) => return Err(("required", format!("the key column \"{name}\" has no value"))),
                Err(flaw) => return Err((flaw.rule, format!("the key column \"{name}\" {}", flaw.why))),
            });
        }
        Ok(Key(key))
    }

    fn decode(&self, key: Key, data: &[&ColumnData<'static>]) -> Result<Decoded, Broken> {
        let each = self.columns.iter().zip(data).map(|(column, data)| self.cell(column, data));
        let cells = each.collect::<Result<Vec<_>, _>>()?;
        let seen = self.columns.iter().zip(&cells).map(|(column, cell)| (*column, cell));
        rules::keep(&seen.collect::<Vec<_>>())?;
        if self.raw {
            self.storable(data)?;
        }
        Ok(Decoded { key, cells, updated_at: self.updated_at(data)? })
    }

    fn cell(&self, column: &Column, data: &ColumnData<'static>) -> Result<Cell, Broken> {
        let name = &column.name;
        match cell::cell(column.kind, data, self.zone) {
            Ok(cell) => Ok(cell),
            Err(flaw) => Err((flaw.rule, format!("the column \"{name}\" {}", flaw.why))),
        }
    }

    /// The record is kept as a document, which takes no U+0000 either.
    fn storable(&self, data: &[&ColumnData<'static>]) -> Result<(), Broken> {
        for (item, data) in self.plan.items.iter().zip(data) {
            if let (false, Err(flaw)) = (cell::is_null(data), cell::text(data)) {
                return Err((flaw.rule, format!("the remote column \"{}\" {}", item.name, flaw.why)));
            }
        }
        Ok(())
    }

    fn updated_at(&self, data: &[&ColumnData<'static>]) -> Result<Option<String>, Broken> {
        let Some((Cursor::Moment(_), at)) = self.plan.cursor else { return Ok(None) };
        let Some(data) = data.get(at).filter(|data| !cell::is_null(data)) else { return Ok(None) };
        let stamp = cell::stamp(data, self.zone).map(Some);
        let name = self.stream.cursor.as_deref().unwrap_or_default();
        stamp.map_err(|flaw| (flaw.rule, format!("the cursor \"{name}\" {}", flaw.why)))
    }
}

/// A cursor value as a mark.
pub(super) fn of_cursor(cursor: Cursor, data: &ColumnData<'static>) -> Option<Mark> {
    match (cursor, data) {
        (Cursor::Rowversion, ColumnData::Binary(Some(bytes))) => mark::of_version(bytes),
        (Cursor::Growing, data) => {
            let (number, scale) = cell::exact(data)?;
            mark::of_number(number, scale)
        }
        (Cursor::Moment(_), data) => mark::of_moment(cell::moment(data)?.0),
        _ => None,
    }
}

fn record(plan: &Plan, data: &[&ColumnData<'static>]) -> String {
    let named = plan.items.iter().zip(data).map(|(item, data)| (item.name.clone(), cell::record(data)));
    Value::Object(named.collect::<Map<_, _>>()).to_string()
}

fn empty(kind: Type) -> Values {
    match kind {
        Type::Bigint => Values::Int(Vec::new()),
        Type::Boolean => Values::Bool(Vec::new()),
        _ => Values::Text(Vec::new()),
    }
}

/// The types agree: both come from the column's.
fn put(values: &mut Values, at: usize, cell: Cell) {
    match (values, cell) {
        (Values::Int(values), Cell::Int(number)) => set(values, at, Some(number)),
        (Values::Bool(values), Cell::Bool(flag)) => set(values, at, Some(flag)),
        (Values::Text(values), Cell::Text(text)) => set(values, at, Some(text)),
        (Values::Int(values), _) => set(values, at, None),
        (Values::Bool(values), _) => set(values, at, None),
        (Values::Text(values), _) => set(values, at, None),
    }
}

/// Puts a value in its place, or behind the last.
fn set<T>(values: &mut Vec<T>, at: usize, value: T) {
    match values.get_mut(at) {
        Some(place) => *place = value,
        None => values.push(value),
    }
}

/// How much memory a row takes, in bytes: as the driver hands it over, and about the same again as
/// columns of a page.
pub(super) fn held(row: &Row) -> usize {
    row.cells().map(|(_, data)| size_of::<ColumnData>() + size(data)).sum()
}

/// A whole number of a key, which may be kept as text here.
fn number(part: &Scalar) -> Option<i64> {
    match part {
        Scalar::Int(number) => Some(*number),
        Scalar::Text(text) => text.parse().ok(),
    }
}

/// About how many bytes a value takes on the wire.
fn size(data: &ColumnData<'static>) -> usize {
    match data {
        ColumnData::String(Some(text)) => text.len(),
        ColumnData::Binary(Some(bytes)) => bytes.len(),
        ColumnData::Xml(Some(xml)) => xml.as_ref().as_ref().len(),
        ColumnData::Numeric(Some(_)) | ColumnData::Guid(Some(_)) => 16,
        _ => 8,
    }
}
