//! Derived tables: made, and kept in the transaction that changes what they are made of.

use std::ffi::CStr;

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;

use super::Place;
use super::identity::{self, as_owner};
use super::lock::Lock;
use super::object_id::object_id;
use super::session::LOCK_TIMEOUT;
use super::sql::{execute, key_arrays, value};
use super::tables;
use super::target::Use;
use crate::entity::{Entity, Stream, ddl, derive, quote};
use crate::error::Result;
use crate::source::Key;

/// How long a tenant's turn is waited for: it is held by other servers' batches alone, and there may be
/// many of them.
const TURN: &CStr = c"60s";

/// So many rows are recomputed by one statement.
const CHUNK: usize = 5000;

/// Makes the tables that are filled from the stream's. In the current transaction.
pub(super) fn prepare(place: &Place<'_>) -> Result<()> {
    let fills = derive::rule(&place.stream.table).map_or(&[][..], |rule| rule.fills);
    fills.iter().try_for_each(|table| make(place, table))
}

/// Makes a derived table, or adds what it lacks. In the current transaction.
pub(super) fn make(place: &Place<'_>, table: &str) -> Result<()> {
    let Some(table) = derive::table(table) else { return Ok(()) };
    let statements = match place.relation(&table.table)? {
        None => {
            tables::none_of_another_name(place, &table.table)?;
            ddl::create_table(table, place.schema)
        }
        Some(there) => ddl::add_columns(table, place.schema, &there.columns())?,
    };
    if statements.is_empty() {
        return Ok(());
    }
    Lock::ddl(place.schema)?.wait();
    place.define(&statements)?;
    place.define(&ddl::indexes(table, place.schema))?;
    place.tables.changed(&table.table);
    place.opened(&table.table, Use::Read).map(drop)
}

/// Takes the tenant's turn, for a batch whose rows matter to a derived table: a product and its
/// sale that arrive from two servers at the same moment would miss each other for ever.
pub(super) fn take_turn(place: &Place<'_>) -> Result<()> {
    if !place.task.entity.streams.iter().any(|stream| derive::matters(&stream.table)) {
        return Ok(());
    }
    let turn =
        Lock::named(&format!("tenant {} in schema {}", place.tenant(), object_id(place.target()?.oid)))?;
    let patience = |limit| identity::set(c"lock_timeout", limit, pg_sys::GucAction::GUC_ACTION_LOCAL);
    patience(TURN);
    turn.wait();
    patience(LOCK_TIMEOUT);
    Ok(())
}

/// Brings derived tables up to date after rows of the stream changed. `seen`: rows that did
/// not change but are to be looked at, so that a lost derived row comes back.
pub(super) fn follow(place: &Place<'_>, changed: &[Key], seen: &[Key]) -> Result<()> {
    let table = place.stream.table.as_str();
    if let Some(rule) = derive::rule(table) {
        let columns = place.stream.key.len();
        recompute(place, rule, columns, if seen.is_empty() { changed } else { seen })?;
    }
    if changed.is_empty() {
        return Ok(());
    }
    for touch in derive::TOUCHES.iter().filter(|touch| touch.on == table) {
        let (Some(rule), Some(stream)) = (derive::rule(touch.of), stream(place, touch.of)) else { continue };
        if place.all_opened(touch.needs)? && place.all_opened(&[touch.of])? {
            let arguments = parameters(place, changed, place.stream.key.len());
            let keys = place.query(&[table], &touch.query(place.schema), &arguments, |row| row.key(1))?;
            recompute(place, rule, stream.key.len() + usize::from(of_servers(place, touch.of)), &keys)?;
        }
    }
    Ok(())
}

/// A stream by its table, of any entity there is.
fn stream<'a>(place: &Place<'a>, table: &str) -> Option<&'a Stream> {
    place.entities.iter().flat_map(|entity| &entity.streams).find(|stream| stream.table == table)
}

/// Whether the rows of a table are told apart by their server too.
fn of_servers(place: &Place<'_>, table: &str) -> bool {
    let fills = |entity: &&Entity| entity.streams.iter().any(|stream| stream.table == table);
    place.entities.iter().find(fills).is_some_and(Entity::is_of_servers)
}

fn recompute(place: &Place<'_>, rule: &derive::Rule, columns: usize, keys: &[Key]) -> Result<()> {
    if keys.is_empty() || !place.all_opened(rule.fills)? || !place.all_opened(&[rule.of])? {
        return Ok(());
    }
    let sql = match place.all_opened(rule.needs)? {
        true => Some(rule.statement(place.schema)),
        false => rule.early(place.schema),
    };
    let Some(sql) = sql else { return Ok(()) };
    let mut waiting = Vec::new();
    for some in keys.chunks(CHUNK) {
        let arguments = parameters(place, some, columns);
        waiting.extend(place.change(rule.fills, &sql, &arguments, |row| Ok((row.text(1)?, row.int(2)?)))?);
    }
    count(place, rule, waiting)
}

const COUNT: &str = "
insert into erp_sync.waiting_count as c (link, entity, rows)
select l.id, $2, greatest(0, sum(x.more))
from unnest($3::text[], $4::bigint[]) as x(label, more)
join erp_sync.link l on l.schema_id = $1 and l.label = x.label
group by l.id having sum(x.more) <> 0
on conflict (link, entity) do update set rows = greatest(0, c.rows + (
  select sum(x.more) from unnest($3::text[], $4::bigint[]) as x(label, more)
  join erp_sync.link l on l.id = c.link and l.label = x.label))";

/// Counts rows that began to wait, or no longer do, each with the server they were read from.
fn count(place: &Place<'_>, rule: &derive::Rule, waiting: Vec<(String, i64)>) -> Result<()> {
    if waiting.iter().all(|(_, more)| *more == 0) {
        return Ok(());
    }
    let (labels, more): (Vec<String>, Vec<i64>) = waiting.into_iter().unzip();
    let schema_id = object_id(place.target()?.oid);
    let arguments = [value(schema_id), value(rule.entity), value(labels), value(more)];
    as_owner(|| execute(COUNT, &arguments)).map(drop)
}

fn parameters<'a>(place: &Place<'_>, keys: &[Key], columns: usize) -> Vec<DatumWithOid<'a>> {
    let mut all = vec![value(place.tenant()), value(place.label())];
    all.extend(key_arrays(keys, columns));
    all
}

/// Whether rows of the stream may wait for a partner.
pub(super) fn may_wait(stream: &Stream) -> bool {
    derive::rule(&stream.table).is_some_and(|rule| rule.fills.contains(&"waiting"))
}

/// Looks again at rows of a stream that wait for what is there now: what somebody filled in by hand admits them.
/// At most so many; returns them if there may be more. In the current transaction.
pub(super) fn readmit(place: &Place<'_>) -> Result<Vec<Key>> {
    let Some(rule) = derive::rule(&place.stream.table) else { return Ok(Vec::new()) };
    let Some(sql) = rule.found(place.schema) else { return Ok(Vec::new()) };
    if !place.all_opened(rule.fills)? || !place.all_opened(rule.needs)? {
        return Ok(Vec::new());
    }
    take_turn(place)?;
    let arguments = [value(place.tenant()), value(place.label()), value(CHUNK as i64)];
    let found = place.query(&["waiting"], &sql, &arguments, |row| row.text(1))?;
    let keys: Vec<Key> = found.iter().map(|key| super::gone::read_key(key)).collect::<Result<_>>()?;
    recompute(place, rule, place.stream.key.len(), &keys)?;
    Ok(if keys.len() == CHUNK { keys } else { Vec::new() })
}

const RECOUNT: &str = "
insert into erp_sync.waiting_count (link, entity, rows) values ($1, $2, $3)
on conflict (link, entity) do update set rows = excluded.rows where erp_sync.waiting_count.rows <> excluded.rows";

/// Rows of the task's entity that wait for a partner, counted anew: somebody may have emptied the table. In the
/// current transaction.
pub(super) fn waiting(place: &Place<'_>) -> Result<i64> {
    if !place.opened("waiting", Use::Read)? {
        return Ok(0);
    }
    let table = quote::qualified(place.schema, "waiting");
    let sql = format!("select count(*) from {table} where tenant = $1 and server = $2 and entity = $3");
    let arguments = [value(place.tenant()), value(place.label()), value(place.entity())];
    let count = place.query(&["waiting"], &sql, &arguments, |row| row.int(1))?;
    let count = count.into_iter().next().unwrap_or_default();
    as_owner(|| execute(RECOUNT, &[value(place.link()), value(place.entity()), value(count)]))?;
    Ok(count)
}
