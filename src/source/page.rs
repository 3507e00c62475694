//! Holds what a source answers: rows as columns, and beside them what could not be stored.

use serde::{Deserialize, Serialize};

use super::Key;

/// The values of one column of a page. Numbers that are no whole numbers, dates,
/// times, documents and arrays travel as text that PostgreSQL casts.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// `bigint`.
    Int(Vec<Option<i64>>),
    /// `boolean`.
    Bool(Vec<Option<bool>>),
    /// Everything else.
    Text(Vec<Option<String>>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Int(v) => v.len(),
            Values::Bool(v) => v.len(),
            Values::Text(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn only(self, stays: &[bool]) -> Values {
        match self {
            Values::Int(values) => Values::Int(chosen(values, stays)),
            Values::Bool(values) => Values::Bool(chosen(values, stays)),
            Values::Text(values) => Values::Text(chosen(values, stays)),
        }
    }
}

/// Rows as columns. `columns[i]` belongs to `layout.columns[i]`; all vectors are equally long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The key of each row.
    pub keys: Vec<Key>,
    /// One vector per column of the layout.
    pub columns: Vec<Values>,
    /// The remote's cursor value of each row, as text PostgreSQL reads as timestamptz.
    pub updated_at: Vec<Option<String>>,
    /// The whole record as JSON text, where it is kept.
    pub raw: Option<Vec<String>>,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The rows for which `stays` is true, in the same order.
    pub fn only(self, stays: &[bool]) -> Rows {
        Rows {
            keys: chosen(self.keys, stays),
            columns: self.columns.into_iter().map(|values| values.only(stays)).collect(),
            updated_at: chosen(self.updated_at, stays),
            raw: self.raw.map(|raw| chosen(raw, stays)),
        }
    }
}

fn chosen<T>(all: Vec<T>, stays: &[bool]) -> Vec<T> {
    all.into_iter().zip(stays).filter(|(_, stays)| **stays).map(|(one, _)| one).collect()
}

/// A remote row that cannot be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its key, where that could be read.
    pub key: Option<Key>,
    /// The record as JSON text without U+0000 (each replaced by U+FFFD).
    pub record: String,
    /// The rule it breaks: `type`, `required`, `nul`, `range`, ...
    pub rule: String,
    /// What is wrong, for a person: names the column, not the value.
    pub reason: String,
}

/// A value that its column does not take, in a row that is stored without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// The row.
    pub key: Key,
    /// Index into `stream.columns`.
    pub column: usize,
    /// What is wrong, for a person; never the value.
    pub why: &'static str,
}

/// One reply of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The rows, without duplicate keys.
    pub rows: Rows,
    /// Values that are null in `rows` because their columns do not take them.
    pub odd: Vec<Odd>,
    /// Rows that could not be decoded.
    pub rejected: Vec<Rejected>,
    /// How many further copies of a key in `rows` were dropped (the last copy wins).
    pub duplicates: u64,
    /// Where the page ended, the rows that were not decoded included: the next one begins behind
    /// it. In the scope of all rows it is the last key, by which a full pass finds what is gone;
    /// where the order is another, it is that order's values, which only the source understands.
    pub last: Option<Key>,
    /// Whether there may be more rows behind `last`.
    pub more: bool,
    /// Size of the answer on the wire, in bytes.
    pub bytes: usize,
}
