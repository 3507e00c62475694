//! Rows that somebody else wrote here: the transaction that PostgreSQL notes with each row (`xmin`) is none of those
//! in which a run wrote the stream, which are listed in `erp_sync.transaction`. Nothing is kept per row, and the list
//! holds no more than what the rows name and what was written since the last look.
//!
//! The list is not dumped, and 0.1.0 kept none: the first look at rows that it does not account for takes them as they
//! are. A number comes again after four billion transactions; by then its rows have mostly been written anew, and a
//! full pass finds what a look at keys does not.

use std::collections::BTreeSet;

use super::identity::as_owner;
use super::sql::{execute, query, value};
use super::{Place, Store};
use crate::entity::statement;
use crate::error::Result;

/// Transactions that wrote rows of a stream.
#[derive(Clone, Default)]
pub(super) struct Touched {
    /// Others' transactions, whose rows are not to be trusted.
    pub(super) by: Vec<i64>,
    /// Transactions to be listed behind the look: their rows were looked at.
    accepted: Vec<i64>,
    /// Listed ones of which no row is left.
    gone: Vec<i64>,
}

/// Stands in the list of a stream once it accounts for all rows: no row is of this transaction.
const COMPLETE: i64 = 0;

impl Store {
    /// The transactions of others, as they stood when this run first looked at the stream. Rows that come later are
    /// for the next look.
    pub(super) fn touched(&mut self, task: usize, stream: usize) -> Result<Vec<i64>> {
        if !is_listed(&self.place(task, stream)?) {
            return Ok(Vec::new());
        }
        if let Some(touched) = self.touched.get(&(task, stream)) {
            return Ok(touched.by.clone());
        }
        let place = self.place(task, stream)?;
        let touched = place.transaction(|| look(&place))?;
        let by = touched.by.clone();
        self.touched.insert((task, stream), touched);
        Ok(by)
    }
}

fn look(place: &Place<'_>) -> Result<Touched> {
    let mut arguments = vec![value(place.tenant())];
    if place.task.entity.is_of_servers() {
        arguments.push(value(place.label()));
    }
    let sql = statement::writers(place.stream, place.schema);
    let writers = place.query(&[&place.stream.table], &sql, &arguments, |row| row.int(1))?;
    let writers: BTreeSet<i64> = writers.into_iter().collect();
    let sql = "select id from erp_sync.transaction where link = $1 and entity = $2 and stream = $3";
    let listed = as_owner(|| query(sql, &stream(place), |row| row.int(1)))?;
    let listed: BTreeSet<i64> = listed.into_iter().collect();
    let gone = listed.difference(&writers).copied().filter(|id| *id != COMPLETE).collect();
    let others: Vec<i64> = writers.difference(&listed).copied().collect();
    Ok(match listed.contains(&COMPLETE) {
        true => Touched { by: others.clone(), accepted: others, gone },
        false => Touched { by: Vec::new(), accepted: [vec![COMPLETE], others].concat(), gone },
    })
}

/// Whether a list is kept: what is read as a whole each time needs none.
pub(super) fn is_listed(place: &Place<'_>) -> bool {
    !place.stream.snapshot
}

/// From now on the list accounts for all rows: there are none. As the owner.
pub(super) fn begin(place: &Place<'_>) -> Result<()> {
    add(place, &[COMPLETE])
}

/// Notes that the current transaction wrote rows. As the owner.
pub(super) fn note(place: &Place<'_>) -> Result<()> {
    if !is_listed(place) {
        return Ok(());
    }
    let sql = "insert into erp_sync.transaction (link, entity, stream, id)
               values ($1, $2, $3, pg_current_xact_id()::xid::text::bigint)
               on conflict (link, entity, stream, id) do nothing";
    execute(sql, &stream(place)).map(drop)
}

/// All rows have been looked at. As the owner.
pub(super) fn accept(place: &Place<'_>, touched: &Touched) -> Result<()> {
    add(place, &touched.accepted)?;
    if touched.gone.is_empty() {
        return Ok(());
    }
    let sql = "delete from erp_sync.transaction
               where link = $1 and entity = $2 and stream = $3 and id = any($4::bigint[])";
    let arguments: Vec<_> = stream(place).into_iter().chain([value(touched.gone.clone())]).collect();
    execute(sql, &arguments).map(drop)
}

fn add(place: &Place<'_>, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = "insert into erp_sync.transaction (link, entity, stream, id)
               select $1, $2, $3, x.id from unnest($4::bigint[]) as x(id)
               on conflict (link, entity, stream, id) do nothing";
    let arguments: Vec<_> = stream(place).into_iter().chain([value(ids.to_vec())]).collect();
    execute(sql, &arguments).map(drop)
}

fn stream<'a>(place: &Place<'_>) -> [pgrx::datum::DatumWithOid<'a>; 3] {
    [value(place.link()), value(place.entity()), value(place.table())]
}
