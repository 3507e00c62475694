//! Snapshots: pages are put aside in a table of the session, and taken over in one transaction.

use super::batch::record;
use super::identity::as_owner;
use super::rows::arrays;
use super::sql::{Row, change, query, value};
use super::{Place, Store, aside, derive};
use crate::engine::{Batch, Written};
use crate::entity::{ddl, statement};
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Rows};

impl Store {
    /// Puts rows aside; `anew` forgets what was put aside before.
    pub fn stage(&mut self, task: usize, stream: usize, rows: &Rows, anew: bool) -> Result<()> {
        let place = self.place(task, stream)?;
        place.transaction(|| {
            if anew {
                clear(&place)?;
            }
            put_aside(&place, rows)
        })?;
        self.advance(task, stream, rows.len() as u64)
    }

    /// The rows that are here and were not put aside.
    pub fn vanished(&mut self, task: usize, stream: usize, known: &[Key]) -> Result<Vec<Key>> {
        let place = self.place(task, stream)?;
        let sql = statement::vanished(place.stream, place.schema).ok_or_else(no_single_key)?;
        place.transaction(|| {
            let arguments = [value(place.tenant()), whole(known)];
            place.query(&[&place.stream.table], &sql, &arguments, |row| row.key(1))
        })
    }

    /// Takes over what was put aside.
    pub fn adopt(&mut self, batch: &Batch, remove: bool) -> Result<Written> {
        let place = self.place(batch.task, batch.stream)?;
        place.transaction(|| {
            derive::take_turn(&place)?;
            let mut written = take_over(&place, batch, remove)?;
            let own = written;
            as_owner(|| record(&place, batch, &own, &mut written, &[]))?;
            clear(&place)?;
            Ok(written)
        })
    }
}

fn no_single_key() -> Error {
    Error::new(Kind::Internal, "a snapshot without a single whole key")
}

fn whole<'a>(keys: &[Key]) -> pgrx::datum::DatumWithOid<'a> {
    value(keys.iter().filter_map(super::batch::whole).collect::<Vec<i64>>())
}

/// Makes the session's table, empty. It has no indexes but its key.
fn clear(place: &Place<'_>) -> Result<()> {
    let create = ddl::create_table(place.stream, statement::ASIDE).into_iter().next();
    aside::make(place, &create.unwrap_or_default())
}

fn put_aside(place: &Place<'_>, rows: &Rows) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns: Vec<usize> = place.layout.columns.iter().map(|field| field.column).collect();
    let sql = statement::upsert(place.stream, statement::ASIDE, &columns, rows.raw.is_some());
    let arguments: Vec<_> =
        [value(place.tenant()), value(place.run_id)].into_iter().chain(arrays(rows)).collect();
    change(&sql, &arguments, |_| Ok(())).map(drop)
}

fn take_over(place: &Place<'_>, batch: &Batch, remove: bool) -> Result<Written> {
    let columns: Vec<usize> = place.layout.columns.iter().map(|field| field.column).collect();
    let own = [place.stream.table.as_str()];
    let sql = statement::adopt(place.stream, place.schema, &columns, place.task.keep_raw);
    let arguments = [value(place.tenant()), value(place.run_id)];
    let read = |row: &Row<'_>| Ok((row.flag(1)?, row.key(2)?));
    let stored = place.change(&own, &sql.ok_or_else(no_single_key)?, &arguments, read)?;
    let gone = if remove { remove_vanished(place, batch)? } else { Vec::new() };
    let inserted = stored.iter().filter(|(inserted, _)| *inserted).count() as u64;
    let (updated, removed) = (stored.len() as u64 - inserted, gone.len() as u64);
    let staged = staged(place)?;
    let changed: Vec<Key> = stored.into_iter().map(|(_, key)| key).chain(gone).collect();
    derive::follow(place, &changed, &staged)?;
    let unchanged = (staged.len() as u64).saturating_sub(inserted + updated);
    Ok(Written { inserted, updated, unchanged, removed, ..Written::default() })
}

/// Deletes what is neither put aside nor known otherwise. Returns the keys.
fn remove_vanished(place: &Place<'_>, batch: &Batch) -> Result<Vec<Key>> {
    let known: Vec<Key> = batch.rejected.iter().filter_map(|rejected| rejected.key.clone()).collect();
    let sql = statement::remove_vanished(place.stream, place.schema).ok_or_else(no_single_key)?;
    let arguments = [value(place.tenant()), whole(&known)];
    place.change(&[&place.stream.table], &sql, &arguments, |row| row.key(1))
}

/// The keys that were put aside.
fn staged(place: &Place<'_>) -> Result<Vec<Key>> {
    query(&statement::keys(place.stream, statement::ASIDE), &[value(place.tenant())], |row| row.key(1))
}
