//! The records of one answer as the columns of one page.

use std::collections::{BTreeMap, BTreeSet};

use crate::entity::Type;
use crate::source::cell::Cell;
use crate::source::{Ask, Key, Odd, Page, Rejected, Rows, Scope, Values};

/// A record that can be stored.
pub(super) struct Row {
    /// The values of the columns that are read.
    pub(super) cells: Vec<Cell>,
    /// Its cursor value.
    pub(super) updated_at: Option<String>,
    /// The whole record, where it is kept.
    pub(super) raw: Option<String>,
    /// Columns of the stream that do not take what was sent, and why.
    pub(super) odd: Vec<(usize, &'static str)>,
}

impl Row {
    /// Length of its texts, and what long lists and documents cost beyond it.
    pub(super) fn bytes(&self) -> usize {
        let cell = |cell: &Cell| if let Cell::Text(text) = cell { cost(text) } else { 0 };
        let others = [&self.updated_at, &self.raw].into_iter().flatten().map(|text| cost(text));
        let odd = self.odd.len() * size_of::<Odd>();
        self.cells.iter().map(cell).chain(others).sum::<usize>() + odd
    }
}

/// A longer list or document is counted by its items too.
const LONG: usize = 64 * 1024;

/// What an item costs beside its text: PostgreSQL takes 48 bytes for one while it reads an array (measured).
const ITEM: usize = 24;

fn cost(text: &str) -> usize {
    match text.len() > LONG && text.starts_with(['{', '[']) {
        true => text.len() + ITEM * text.bytes().filter(|byte| *byte == b',').count(),
        false => text.len(),
    }
}

/// Puts the records, by id, to a page; or says for a person why this is none.
pub(super) fn paged(
    mut page: Page,
    columns: &[Type],
    raw: bool,
    by_id: BTreeMap<i64, Result<Row, Rejected>>,
    ask: &Ask,
) -> Result<Page, String> {
    page.last = by_id.last_key_value().map(|(id, _)| Key::from(*id));
    advances(ask, &by_id, page.more)?;
    let mut rows = Rows { raw: raw.then(Vec::new), ..Rows::default() };
    rows.columns = columns.iter().map(|kind| empty(*kind, by_id.len())).collect();
    for (id, record) in by_id {
        match record {
            Ok(row) => {
                rows.columns.iter_mut().zip(row.cells).for_each(|(column, cell)| push(column, cell));
                let odd = row.odd.into_iter().map(|(column, why)| Odd { key: Key::from(id), column, why });
                page.odd.extend(odd);
                rows.keys.push(Key::from(id));
                rows.updated_at.push(row.updated_at);
                rows.raw.iter_mut().zip(row.raw).for_each(|(all, raw)| all.push(raw));
            }
            Err(rejected) => page.rejected.push(rejected),
        }
    }
    page.rows = rows;
    Ok(page)
}

/// A remote that does not keep to the order, or to the keys, would send the reader round for ever.
fn advances<T>(ask: &Ask, by_id: &BTreeMap<i64, T>, more: bool) -> Result<(), String> {
    let first = by_id.keys().next().map(|id| Key::from(*id));
    let goes_back = ask.after.as_ref().zip(first.as_ref()).is_some_and(|(after, first)| first <= after);
    let is_asked = match &ask.scope {
        Scope::Keys(keys) => {
            let keys: BTreeSet<&Key> = keys.iter().collect();
            by_id.keys().all(|id| keys.contains(&Key::from(*id)))
        }
        _ => true,
    };
    match first {
        _ if goes_back || !is_asked => Err("records that were not asked for".into()),
        None if more => Err("a full page without one id".into()),
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
