//! Rows of one stream on their way into its table.

use std::borrow::Cow;
use std::collections::HashSet;

use pgrx::datum::DatumWithOid;

use super::sql::{array, key_arrays, texts, value};
use super::{Place, derive};
use crate::engine::Written;
use crate::entity::statement;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Rows, Values};

/// Stores rows of one stream; lines whose header is not here are left out. `whole`: what is
/// derived from rows that did not change is looked at too.
pub(super) fn put(place: &Place<'_>, rows: &Rows, whole: bool) -> Result<Written> {
    let mut written = Written::default();
    if rows.is_empty() {
        return Ok(written);
    }
    let orphans = orphans(place, rows)?;
    // Lines that moved to a header that is not here are nobody's lines here any more.
    let moved: Vec<Key> = orphans.iter().cloned().collect();
    written.removed = place.delete(&moved, "moved to a header that is not here")?;
    let kept = without(rows, &orphans);
    written.left_out = (rows.len() - kept.len()) as u64;
    if kept.is_empty() {
        return Ok(written);
    }
    let arguments: Vec<_> =
        [value(place.tenant()), value(place.run_id)].into_iter().chain(arrays(&kept)).collect();
    (written.inserted, written.updated) = upsert(place, &kept, &arguments, whole)?;
    written.unchanged = (kept.len() as u64).saturating_sub(written.inserted + written.updated);
    Ok(written)
}

/// Rows as array parameters: one per column, the cursor values, the records where they are kept.
pub(super) fn arrays<'a>(rows: &'a Rows) -> Vec<DatumWithOid<'a>> {
    let mut arrays: Vec<_> = rows.columns.iter().map(array).collect();
    arrays.push(texts(&rows.updated_at));
    arrays.extend(rows.raw.iter().map(|raw| value(raw.iter().map(String::as_str).collect::<Vec<_>>())));
    arrays
}

pub(super) fn without<'a>(rows: &'a Rows, orphans: &HashSet<Key>) -> Cow<'a, Rows> {
    if orphans.is_empty() {
        return Cow::Borrowed(rows);
    }
    let stays: Vec<bool> = rows.keys.iter().map(|key| !orphans.contains(key)).collect();
    Cow::Owned(rows.clone().only(&stays))
}

/// Keys of lines whose header is not here.
pub(super) fn orphans(place: &Place<'_>, rows: &Rows) -> Result<HashSet<Key>> {
    let Some(parent) = &place.stream.parent else { return Ok(HashSet::new()) };
    let header = place.task.entity.streams.iter().find(|stream| stream.table == parent.table);
    let column = place.stream.column(&parent.column);
    let read = place.layout.columns.iter().position(|field| Some(field.column) == column);
    let sql = header.and_then(|header| statement::orphans(place.stream, header, place.schema));
    let (Some(sql), Some(Values::Int(headers))) = (sql, read.and_then(|i| rows.columns.get(i))) else {
        return Err(Error::new(Kind::Internal, "the lines' header column was not read"));
    };
    let mut arguments = vec![value(place.tenant())];
    arguments.extend(key_arrays(&rows.keys, place.stream.key.len()));
    arguments.push(value(headers.clone()));
    Ok(place.query(&[&parent.table], &sql, &arguments, |row| row.key(1))?.into_iter().collect())
}

/// Inserts and updates what differs, and what is derived from it. Returns how many rows of each.
fn upsert(place: &Place<'_>, rows: &Rows, arguments: &[DatumWithOid<'_>], whole: bool) -> Result<(u64, u64)> {
    let columns: Vec<usize> = place.layout.columns.iter().map(|field| field.column).collect();
    let (raw, own) = (rows.raw.is_some(), [place.stream.table.as_str()]);
    if !crate::entity::derive::matters(&place.stream.table) {
        let sql = statement::upsert(place.stream, place.schema, &columns, raw);
        let counts = place.change(&own, &sql, arguments, |row| Ok((row.int(1)?, row.int(2)?)))?;
        let counts = counts.into_iter().next().unwrap_or_default();
        return Ok((counts.0.unsigned_abs(), counts.1.unsigned_abs()));
    }
    let sql = statement::upsert_keys(place.stream, place.schema, &columns, raw);
    let written = place.change(&own, &sql, arguments, |row| Ok((row.flag(1)?, row.key(2)?)))?;
    let inserted = written.iter().filter(|(inserted, _)| *inserted).count() as u64;
    let changed: Vec<Key> = written.into_iter().map(|(_, key)| key).collect();
    derive::follow(place, &changed, if whole { &rows.keys } else { &[] })?;
    Ok((inserted, changed.len() as u64 - inserted))
}
