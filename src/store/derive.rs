//! Derived tables: made, and kept in the transaction that changes what they are made of.

use pgrx::datum::DatumWithOid;

use super::session::LOCK_TIMEOUT;
use super::sql::{change, execute, first, key_arrays, query, value};
use super::tables::DDL_LOCK;
use super::{Place, servers};
use crate::entity::{Entity, Stream, ddl, derive, quote};
use crate::error::{Error, Kind, Result};
use crate::source::Key;

/// How long a tenant's turn is waited for: it is held by other servers' batches alone, and there may be
/// many of them.
const TURN: &str = "60s";

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
    let name = quote::qualified(place.schema, &table.table);
    let columns = super::tables::columns(&name)?;
    let statements = match columns.is_empty() {
        true => ddl::create_table(table, place.schema),
        false => ddl::add_columns(table, place.schema, &columns)?,
    };
    if statements.is_empty() {
        return mine(&name);
    }
    execute("select pg_advisory_xact_lock($1)", &[value(DDL_LOCK)])?;
    let indexes = ddl::indexes(table, place.schema);
    statements.iter().chain(&indexes).try_for_each(|sql| execute(sql, &[]).map(drop))
}

/// Fails when somebody else owns the table.
fn mine(name: &str) -> Result<()> {
    let sql = "select pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE')
               from pg_class c where c.oid = to_regclass($1)";
    match first(sql, &[value(name.to_string())], |row| Ok((row.text(1)?, row.flag(2)?)))? {
        Some((owner, false)) => {
            let role = servers::role_name()?;
            let message = format!("table {name} belongs to role \"{owner}\", not to \"{role}\"");
            Err(Error::new(Kind::Denied, message).hint(servers::line_to_become(&owner)?))
        }
        _ => Ok(()),
    }
}

/// Takes the tenant's turn, for a batch whose rows matter to a derived table: a product and its
/// sale that arrive from two servers at the same moment would miss each other for ever.
pub(super) fn take_turn(place: &Place<'_>) -> Result<()> {
    if !place.task.entity.streams.iter().any(|stream| derive::matters(&stream.table)) {
        return Ok(());
    }
    let lock = "select pg_advisory_xact_lock(hashtextextended('erp_sync derive ' || $1, 0))";
    execute(&patience(TURN), &[])?;
    execute(lock, &[value(place.tenant())])?;
    execute(&patience(LOCK_TIMEOUT), &[]).map(drop)
}

/// How long locks are waited for in the rest of the transaction.
fn patience(limit: &str) -> String {
    format!("set local lock_timeout to '{limit}'")
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
        if there(place, touch.needs)? && there(place, &[touch.of])? {
            let arguments = parameters(place, changed, place.stream.key.len());
            let keys = query(&touch.query(place.schema), &arguments, |row| row.key(1))?;
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
    if keys.is_empty() || !there(place, rule.fills)? {
        return Ok(());
    }
    let sql = match there(place, rule.needs)? {
        true => Some(rule.statement(place.schema)),
        false => rule.early(place.schema),
    };
    let Some(sql) = sql else { return Ok(()) };
    for some in keys.chunks(CHUNK) {
        change(&sql, &parameters(place, some, columns), |_| Ok(()))?;
    }
    Ok(())
}

fn parameters<'a>(place: &Place<'_>, keys: &[Key], columns: usize) -> Vec<DatumWithOid<'a>> {
    let mut all = vec![value(place.tenant()), value(place.server())];
    all.extend(key_arrays(keys, columns));
    all
}

/// Whether all these tables are there.
fn there(place: &Place<'_>, tables: &[&str]) -> Result<bool> {
    let names: Vec<String> = tables.iter().map(|table| quote::qualified(place.schema, table)).collect();
    let sql = "select coalesce(bool_and(to_regclass(t) is not null), true) from unnest($1::text[]) t";
    Ok(first(sql, &[value(names)], |row| row.flag(1))?.unwrap_or(false))
}

const WAITING: &str = "
select w.row_key from {waiting} w
where w.tenant = $1 and w.server = $2 and w.stream = $3 and ($4::text is null or w.row_key > $4)
order by w.row_key limit $5";

/// Looks again at the rows of a stream that wait: what somebody filled in by hand admits them.
/// At most so many behind `after`; returns the last, if there may be more. In the current transaction.
pub(super) fn readmit(place: &Place<'_>, after: Option<String>) -> Result<Option<String>> {
    let Some(rule) = derive::rule(&place.stream.table).filter(|rule| rule.fills.contains(&"waiting")) else {
        return Ok(None);
    };
    if !there(place, rule.fills)? {
        return Ok(None);
    }
    take_turn(place)?;
    let sql = WAITING.replace("{waiting}", &quote::qualified(place.schema, "waiting"));
    let arguments = [
        value(place.tenant()),
        value(place.server()),
        value(place.table()),
        value(after),
        value(CHUNK as i64),
    ];
    let found = query(&sql, &arguments, |row| row.text(1))?;
    let keys: Vec<Key> = found.iter().map(|key| super::gone::read_key(key)).collect::<Result<_>>()?;
    recompute(place, rule, place.stream.key.len(), &keys)?;
    Ok(found.last().filter(|_| found.len() == CHUNK).cloned())
}

/// Rows of the task's streams that wait for a partner. In the current transaction, as the role.
pub(super) fn waiting(place: &Place<'_>) -> Result<i64> {
    let Some(table) = super::waiting::readable(place.schema)? else { return Ok(0) };
    let sql = format!("select count(*) from {table} where tenant = $1 and server = $2 and entity = $3");
    let arguments = [value(place.tenant()), value(place.server()), value(place.entity())];
    Ok(first(&sql, &arguments, |row| row.int(1))?.unwrap_or_default())
}
