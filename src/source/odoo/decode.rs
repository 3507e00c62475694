//! The records of one answer as the columns of one page.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::cell::{cell, integer, is_storable};
use crate::entity::{Column, Stream, Type};
use crate::source::cell::{Cell, Flaw};
use crate::source::rules;
use crate::source::{Ask, Field, Key, Layout, Page, Rejected, Rows, Values};

/// A page, or for a person why this is none.
pub(super) fn page(stream: &Stream, layout: &Layout, ask: &Ask, answer: &Value) -> Result<Page, String> {
    let records = answer.as_array().ok_or("the result is no list")?;
    let reader = Reader { stream, layout, raw: ask.raw };
    let mut page = Page { more: records.len() >= ask.limit.max(1), ..Page::default() };
    let mut by_id = BTreeMap::new();
    for record in records {
        let record = record.as_object().ok_or("a record is no structure")?;
        match record.get("id").map(integer) {
            Some(Ok(id)) if by_id.insert(id, record).is_some() => page.duplicates += 1,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                page.rejected.push(rejected(None, record, "type", "the id is no whole number".into()))
            }
        }
    }
    page.last = by_id.last_key_value().map(|(id, _)| Key::from(*id));
    advances(ask, &by_id, page.more)?;
    reader.read(&by_id, &mut page);
    Ok(page)
}

/// A remote that does not keep to the order would send the reader round for ever.
fn advances(ask: &Ask, by_id: &BTreeMap<i64, &Map<String, Value>>, more: bool) -> Result<(), String> {
    match (&ask.after, by_id.keys().next()) {
        (Some(after), Some(first)) if Key::from(*first) <= *after => {
            Err("records that were not asked for".into())
        }
        (_, None) if more => Err("a full page without one id".into()),
        _ => Ok(()),
    }
}

struct Reader<'a> {
    stream: &'a Stream,
    layout: &'a Layout,
    raw: bool,
}

/// A record that can be stored.
struct Row {
    cells: Vec<Cell>,
    updated_at: Option<String>,
}

impl<'a> Reader<'a> {
    fn read(&self, by_id: &BTreeMap<i64, &Map<String, Value>>, page: &mut Page) {
        let mut columns: Vec<Values> =
            self.columns().map(|(_, column)| empty(column.kind, by_id.len())).collect();
        let mut rows = Rows { raw: self.raw.then(Vec::new), ..Rows::default() };
        for (id, record) in by_id {
            match self.row(record) {
                Ok(row) => {
                    columns.iter_mut().zip(row.cells).for_each(|(column, cell)| push(column, cell));
                    rows.keys.push(Key::from(*id));
                    rows.updated_at.push(row.updated_at);
                    rows.raw.iter_mut().for_each(|raw| raw.push(json(record)));
                }
                Err((rule, reason)) => page.rejected.push(rejected(Some(*id), record, rule, reason)),
            }
        }
        rows.columns = columns;
        page.rows = rows;
    }

    /// The columns that are read, with where they lie.
    fn columns(&self) -> impl Iterator<Item = (&'a Field, &'a Column)> {
        self.layout.columns.iter().filter_map(|field| Some((field, self.stream.columns.get(field.column)?)))
    }

    fn row(&self, record: &Map<String, Value>) -> Result<Row, (&'static str, String)> {
        for (field, value) in record {
            if field.contains('\0') {
                return Err((NUL.rule, format!("the name of a field {}", NUL.why)));
            }
            storable(value).map_err(|flaw| (flaw.rule, format!("the field \"{field}\" {}", flaw.why)))?;
        }
        let cells: Vec<Cell> =
            self.columns().map(|(field, column)| read(field, column, record)).collect::<Result<_, _>>()?;
        let seen = self.columns().zip(&cells).map(|((_, column), cell)| (column, cell));
        rules::keep(&seen.collect::<Vec<_>>())?;
        Ok(Row { cells, updated_at: self.updated_at(record)? })
    }

    fn updated_at(&self, record: &Map<String, Value>) -> Result<Option<String>, (&'static str, String)> {
        let Some(cursor) = &self.stream.cursor else { return Ok(None) };
        match cell(Type::Timestamptz, "datetime", record.get(cursor).unwrap_or(&Value::Null)) {
            Ok(Cell::Text(moment)) => Ok(Some(moment)),
            Ok(_) => Ok(None),
            Err(flaw) => Err((flaw.rule, format!("the field \"{cursor}\" {}", flaw.why))),
        }
    }
}

fn read(field: &Field, column: &Column, record: &Map<String, Value>) -> Result<Cell, (&'static str, String)> {
    let name = &column.name;
    let value =
        record.get(&field.path).ok_or_else(|| ("type", format!("the column \"{name}\" was not sent")))?;
    match cell(column.kind, &field.remote_type, value) {
        Ok(cell) => Ok(cell),
        Err(flaw) => Err((flaw.rule, format!("the column \"{name}\" {}", flaw.why))),
    }
}

const NUL: Flaw = Flaw { rule: "nul", why: "holds the character U+0000, which PostgreSQL cannot store" };

/// What no type of PostgreSQL takes, wherever it lies in a document.
fn storable(value: &Value) -> Result<(), Flaw> {
    match value {
        Value::String(text) if text.contains('\0') => Err(NUL),
        Value::Number(number) if !is_storable(&number.to_string()) => {
            Err(Flaw { rule: "range", why: "holds a number that is too large or too long" })
        }
        Value::Array(items) => items.iter().try_for_each(storable),
        Value::Object(members) if members.keys().any(|name| name.contains('\0')) => Err(NUL),
        Value::Object(members) => members.values().try_for_each(storable),
        _ => Ok(()),
    }
}

fn empty(kind: Type, rows: usize) -> Values {
    match kind {
        Type::Bigint => Values::Int(Vec::with_capacity(rows)),
        Type::Boolean => Values::Bool(Vec::with_capacity(rows)),
        _ => Values::Text(Vec::with_capacity(rows)),
    }
}

/// The types agree: both come from the column's.
fn push(values: &mut Values, cell: Cell) {
    match (values, cell) {
        (Values::Int(values), Cell::Int(number)) => values.push(Some(number)),
        (Values::Bool(values), Cell::Bool(flag)) => values.push(Some(flag)),
        (Values::Text(values), Cell::Text(text)) => values.push(Some(text)),
        (Values::Int(values), _) => values.push(None),
        (Values::Bool(values), _) => values.push(None),
        (Values::Text(values), _) => values.push(None),
    }
}

fn rejected(id: Option<i64>, record: &Map<String, Value>, rule: &str, reason: String) -> Rejected {
    // In JSON text the character is written as an escape; one behind an escaped
    // backslash is none.
    let record =
        json(record).split("\\\\").map(|part| part.replace("\\u0000", "\u{fffd}")).collect::<Vec<_>>();
    Rejected { key: id.map(Key::from), record: record.join("\\\\"), rule: rule.into(), reason }
}

fn json(record: &Map<String, Value>) -> String {
    serde_json::to_string(record).unwrap_or_default()
}
