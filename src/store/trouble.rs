//! What went wrong with a business table, told so that a person can mend it: who holds the lock,
//! which constraint is in the way, what the table lacks.

use super::identity::as_owner;
use super::session::transaction;
use super::sql::{first, query, value};
use super::{Place, tables};
use crate::entity::{derive, quote};
use crate::error::{Error, Kind, Result};

impl Place<'_> {
    /// A [`transaction`] on the stream's table, whose errors say what stands in the way. After a
    /// constraint violation it is tried once more: somebody else may have inserted the same key meanwhile.
    pub(super) fn transaction<R>(&self, body: impl Fn() -> Result<R>) -> Result<R> {
        let whole = || {
            self.tables.forget();
            transaction(|| {
                let value = body()?;
                self.tables.settle()?;
                self.tables.unchanged(self.schema)?;
                Ok(value)
            })
        };
        let done = match whole() {
            Err(error) if error.kind == Kind::Constraint => whole(),
            done => done,
        };
        done.map_err(|error| told(self, error))
    }

    /// The tables that a batch of the stream writes.
    fn written(&self) -> Vec<String> {
        let streams = self.task.entity.streams.iter();
        let lines = streams.filter(|s| s.parent.as_ref().is_some_and(|p| p.table == self.stream.table));
        let fills = derive::rule(&self.stream.table).map_or(&[][..], |rule| rule.fills);
        let own = std::iter::once(self.stream.table.clone());
        own.chain(lines.map(|s| s.table.clone())).chain(fills.iter().map(|table| table.to_string())).collect()
    }
}

/// The error with what can be seen of its reason. What cannot be looked up is left out.
fn told(place: &Place<'_>, error: Error) -> Error {
    let found = match error.kind {
        Kind::Locked => held(place, &error),
        Kind::Constraint => broken(place, &error),
        Kind::Altered => altered(place, &error),
        Kind::Local | Kind::Full | Kind::Denied => Ok(None),
        _ => return error,
    };
    match found {
        Ok(Some(told)) => told,
        // Somebody stopped the run while its reason was looked for.
        Err(stopped) if stopped.kind == Kind::Cancelled => stopped,
        _ if error.detail.is_some() => error,
        _ => at(place, error),
    }
}

fn at(place: &Place<'_>, error: Error) -> Error {
    error.detail(format!("while table {} was written", quote::qualified(place.schema, &place.table())))
}

/// Who else has one of the tables in hand. Readers count only where there is nobody else: they
/// are in the way of a new column, not of rows.
const HOLDERS: &str = "
with held as (
  select c.relname::text as relation, l.pid, string_agg(distinct l.mode, ', ') as mode,
         bool_and(l.mode = 'AccessShareLock') as reads
  from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
  where l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.granted and l.pid <> pg_backend_pid() and n.nspname = $1 and c.relname = any ($2)
  group by 1, 2)
select h.relation, h.pid::bigint, format('%s of process %s (%s%s, %s, in a transaction for %s s)', h.mode, h.pid,
         a.usename, ', ' || quote_ident(nullif(a.application_name, '')), a.state,
         greatest(0, extract(epoch from clock_timestamp() - a.xact_start))::bigint)
from held h join pg_stat_activity a on a.pid = h.pid
where not h.reads or not exists (select from held o where not o.reads)
order by a.xact_start limit 3";

fn held(place: &Place<'_>, error: &Error) -> Result<Option<Error>> {
    let (schema, tables) = (place.schema.to_string(), place.written());
    let holders = transaction(|| {
        as_owner(|| {
            query(HOLDERS, &[value(schema), value(tables)], |row| {
                Ok((row.text(1)?, row.int(2)?, row.text(3)?))
            })
        })
    })?;
    let Some((table, pid, _)) = holders.first() else { return Ok(None) };
    let seen: Vec<&str> = holders.iter().map(|(_, _, seen)| seen.as_str()).collect();
    let table = quote::qualified(place.schema, table);
    Ok(Some(
        Error::new(Kind::Locked, format!("table {table} is held by somebody else: {error}"))
            .detail(seen.join("\n"))
            .hint(format!(
                "wait for its end, or end it with: select pg_terminate_backend({pid}); then run again: the run goes \
                 on where it stopped"
            )),
    ))
}

/// What of the table a row can break, with the words that take it away. What the extension
/// itself asks of a table is not among it.
const CONSTRAINTS: &str = "
select k.name, k.words from pg_class c join pg_namespace n on n.oid = c.relnamespace,
lateral (
  select o.conname::text, format('drop constraint %I', o.conname)
  from pg_constraint o where o.conrelid = c.oid and o.contype <> 'p'
  union all
  select a.attname::text, format('alter column %I drop not null', a.attname)
  from pg_attribute a
  where a.attrelid = c.oid and a.attnotnull and a.attnum > 0 and not a.attisdropped
    and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey))
  union all
  select x.relname::text, format('drop index %I.%I', n.nspname, x.relname)
  from pg_index i join pg_class x on x.oid = i.indexrelid
  where i.indrelid = c.oid and i.indisunique
    and not exists (select from pg_constraint o where o.conindid = i.indexrelid)) k(name, words)
where n.nspname = $1 and c.relname = any ($2) and strpos($3, k.name) > 0
order by length(k.name) desc limit 1";

/// Only names are looked for in the message: its words are in the server's language.
fn broken(place: &Place<'_>, error: &Error) -> Result<Option<Error>> {
    let message = error.original.clone().unwrap_or_else(|| error.message.clone());
    let (schema, tables) = (place.schema.to_string(), place.written());
    let arguments = move || [value(schema), value(tables), value(message)];
    let found = transaction(|| first(CONSTRAINTS, &arguments(), |row| Ok((row.text(1)?, row.text(2)?))))?;
    let table = quote::qualified(place.schema, &place.table());
    Ok(found.map(|(name, words)| {
        let line = match words.starts_with("drop index") {
            true => words,
            false => format!("alter table {table} {words}"),
        };
        let message = format!("\"{name}\" of table {table} refused a row");
        Error { message, ..error.clone() }
            .hint(format!("mend the row on the remote, or take the constraint away: {line}"))
    }))
}

const KEYED: &str = "
select count(*) = 0 or bool_or(exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary))
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2";

/// The next run makes again what is missing; what it would refuse, and a primary key that is gone,
/// is told at once.
fn altered(place: &Place<'_>, error: &Error) -> Result<Option<Error>> {
    place.tables.forget();
    if let Err(refused) = transaction(|| tables::refuse(place)) {
        return Ok(Some(refused));
    }
    let table = quote::qualified(place.schema, &place.table());
    let arguments = || [value(place.schema.to_string()), value(place.table())];
    if transaction(|| first(KEYED, &arguments(), |row| row.flag(1)))? != Some(false) {
        return Ok(None);
    }
    let key = std::iter::once("tenant").chain(place.stream.key.iter().map(String::as_str));
    let key: Vec<String> = key.map(quote::quote_ident).collect();
    let message = format!("table {table} has no primary key any more");
    Ok(Some(
        Error::new(Kind::Altered, message)
            .detail(error.message.clone())
            .hint(format!("make it again: alter table {table} add primary key ({})", key.join(", "))),
    ))
}
