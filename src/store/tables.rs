//! Business tables: made and widened.

use super::identity::as_owner;
use super::lock::Lock;
use super::object_id::object_id;
use super::sql::{execute, first, value};
use super::target::{Target, Use};
use super::{Place, Store, derive, named, servers, touched, views};
use crate::engine::{Pass, Prepared, Stored, Task};
use crate::entity::named::without_view;
use crate::entity::{Stream, ddl, quote};
use crate::error::{Error, Kind, Result};
use crate::source::{Layout, Mark, hint};

impl Store {
    /// Makes or widens the stream's table, checks rights, and tells how the stream stands.
    pub fn prepare(&mut self, task: usize, stream: usize, layout: Layout) -> Result<Prepared> {
        self.reading(task, stream)?.layout = self.layout_here(task, stream, layout)?;
        let place = self.place(task, stream)?;
        let (prepared, warnings) = place.transaction(|| {
            one_manifest_per_table(&place)?;
            let made = make(&place)?;
            if made == Made::Wider {
                let schema_id = object_id(place.target()?.oid);
                as_owner(|| execute(REREAD, &[value(place.table()), value(schema_id)]))?;
            }
            derive::prepare(&place)?;
            views::keep(&place)?;
            let warnings = named::keep(&place, made)?;
            let stored = stored(place.task, place.stream)?;
            let rows = rows(&place, stored.as_ref().map_or(0, |(_, rows)| *rows))?;
            Ok((Prepared { stored: stored.map(|(stored, _)| stored), rows }, warnings))
        })?;
        warnings.into_iter().try_for_each(|text| self.warn(task, text))?;
        Ok(prepared)
    }

    /// Stores how a stream stands before its first batch.
    pub fn start(&mut self, task: usize, stream: usize, stored: &Stored, anew: bool) -> Result<()> {
        let place = self.place(task, stream)?;
        place.transaction(|| {
            let count = count(&place)?;
            as_owner(|| {
                save(&place, stored, count, anew)?;
                if count == 0 { touched::begin(&place) } else { Ok(()) }
            })
        })
    }
}

const CLAIMED: &str = "
select p.server, p.entity, p.entity = $3 and erp_sync.is_here(l.server_id) and exists (
    select from pg_catalog.pg_foreign_server s where s.oid = erp_sync.oid_of(l.server_id))
from erp_sync.position p join erp_sync.link l on l.id = p.link
where l.schema_id = $6 and p.stream = $1 and p.tenant = $2 and (p.entity <> $3 or p.link <> $4 and not $5)
limit 1";

/// Two entities or two servers that write one table would remove each other's rows.
fn one_manifest_per_table(place: &Place<'_>) -> Result<()> {
    let arguments = [
        value(place.table()),
        value(place.tenant()),
        value(place.entity()),
        value(place.link()),
        value(place.task.entity.is_of_servers()),
        value(object_id(place.target()?.oid)),
    ];
    let other =
        as_owner(|| first(CLAIMED, &arguments, |row| Ok((row.text(1)?, row.text(2)?, row.flag(3)?))))?;
    let Some((server, entity, is_there)) = other else { return Ok(()) };
    let (table, tenant) = (place.table(), place.tenant());
    Err(Error::new(
        Kind::Conflict,
        format!("table \"{table}\" of tenant \"{tenant}\" is already fed by entity \"{entity}\" of server \"{server}\""),
    )
    .detail(format!("now it was to be fed by entity \"{}\" of server \"{}\"", place.entity(), place.server()))
    .hint(match is_there {
        true => format!(
            "give its rows another tenant: alter server {} options (add tenant '...'); or, if server \"{server}\" is not \
             read any more, let go of it with: select sync_reset({}, {})",
            hint::ident(&place.server()),
            quote::quote_literal(&entity),
            quote::quote_literal(&server)
        ),
        false => format!(
            "nothing reads it from server \"{server}\" any more: let go of it with: select sync_reset({}, {})",
            quote::quote_literal(&entity),
            quote::quote_literal(&server)
        ),
    }))
}

/// A column that was added to a table with rows has values only after a full pass, of
/// every tenant: their fingerprints no longer fit.
const REREAD: &str = "
update erp_sync.position p set fingerprint = '' from erp_sync.link l
where p.stream = $1 and l.id = p.link and l.schema_id = $2";

/// What the table lacks, as statements; `None` where it is not there. Fails when it is not to be
/// written to.
fn lacking(place: &Place<'_>) -> Result<Option<Vec<String>>> {
    let Some(table) = place.relation(&place.stream.table)? else { return Ok(None) };
    let wanted: Vec<&str> =
        std::iter::once("tenant").chain(place.stream.key.iter().map(String::as_str)).collect();
    match table.key() {
        Some(key) if key != wanted => Err(of_another_key(place, &key, &wanted)),
        _ => ddl::add_columns(place.stream, place.schema, &table.columns()).map(Some),
    }
}

/// The manifest was given another key after the table was made.
fn of_another_key(place: &Place<'_>, key: &[String], wanted: &[&str]) -> Error {
    let table = format!("{}.{}", hint::ident(place.schema), hint::ident(&place.table()));
    Error::new(Kind::Altered, format!("table {table} has another key than its entity"))
        .detail(format!("the table's: {}; the entity's: {}", key.join(", "), wanted.join(", ")))
        .hint(format!(
            "have it made and filled anew with: {}drop table {table}; then run again; or give the entity its key back",
            without_view(place.stream, place.schema)
        ))
}

/// Fails when the table is there and not to be written to.
pub(super) fn refuse(place: &Place<'_>) -> Result<()> {
    lacking(place).map(drop)
}

/// What became of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    Wider,
    Anew,
}

/// Makes the table, or adds what it lacks.
fn make(place: &Place<'_>) -> Result<Made> {
    let lacking = lacking(place)?;
    let exists = lacking.is_some();
    if !exists {
        none_of_another_name(place, &place.stream.table)?;
    }
    let statements = lacking.unwrap_or_else(|| ddl::create_table(place.stream, place.schema));
    let indexes = missing_indexes(place)?;
    if statements.is_empty() && indexes.is_empty() {
        return Ok(Made::Nothing);
    }
    Lock::ddl(place.schema)?.wait();
    place.define(&statements)?;
    place.define(&indexes)?;
    place.tables.changed(&place.stream.table);
    // Somebody may have made it just before, and otherwise.
    place.opened(&place.stream.table, Use::Read)?;
    Ok(match (exists, statements.is_empty()) {
        (false, _) => Made::Anew,
        (true, false) => Made::Wider,
        (true, true) => Made::Nothing,
    })
}

/// The table whose key has the name that a new table's key will get.
const NAMESAKE: &str = "
select t.relname::text from pg_class i join pg_index x on x.indexrelid = i.oid join pg_class t on t.oid = x.indrelid
where i.relnamespace = $1 and i.relname = $2";

/// Fails where a table was given another name: its key has kept the name that a new one needs. In the current
/// transaction.
pub(super) fn none_of_another_name(place: &Place<'_>, table: &str) -> Result<()> {
    let key = format!("{table}_pkey");
    let arguments = [value(place.target()?.oid), value(key.clone())];
    let Some(other) = first(NAMESAKE, &arguments, |row| row.text(1))? else { return Ok(()) };
    let other_table = format!("{}.{}", hint::ident(place.schema), hint::ident(&other));
    let message = format!("table \"{table}\" is not there, and table \"{other}\" has its key, {key}");
    Err(Error::new(Kind::Altered, message).hint(format!(
        "if it was renamed: alter table {other_table} rename to {}; to have a new one made, move the old one with its \
         indexes: alter table {other_table} set schema ...",
        hint::ident(table)
    )))
}

/// The schema that rows go to; made where it is missing and the role may make it. In the current transaction.
pub(super) fn schema(schema: &str) -> Result<Target> {
    if let Some(target) = Target::find(schema)? {
        return Ok(target);
    }
    let role = servers::role_name()?;
    let may = "select has_database_privilege(current_database(), 'CREATE')";
    if !first(may, &[], |row| row.flag(1))?.unwrap_or(false) {
        return Err(Error::new(
            Kind::Denied,
            format!("schema \"{schema}\" does not exist, and role \"{role}\" may not make it"),
        )
        .hint(format!(
            "a superuser types: create schema {} authorization {}",
            hint::ident(schema),
            hint::ident(&role)
        )));
    }
    Lock::ddl(schema)?.wait();
    let name = quote::quote_ident(schema);
    execute(&format!("create schema if not exists {name}"), &[])?;
    execute(&format!("comment on schema {name} is 'business data kept by erp_sync'"), &[])?;
    Target::find(schema)?.ok_or_else(|| Error::new(Kind::Internal, "the schema was not made"))
}

fn missing_indexes(place: &Place<'_>) -> Result<Vec<String>> {
    let here = place.relation(&place.stream.table)?.map_or_else(Vec::new, |table| table.indexes());
    let here: Vec<String> =
        here.iter().map(|name| format!("if not exists {} on", quote::quote_ident(name))).collect();
    let all = ddl::indexes(place.stream, place.schema);
    Ok(all.into_iter().filter(|sql| !here.iter().any(|name| sql.contains(name.as_str()))).collect())
}

const STORED: &str = "
select p.identity, p.tenant, p.fingerprint, p.position, p.pass::text, p.full_at is not null, p.filled,
  case when exists (select from pg_class c where c.relnamespace = erp_sync.oid_of(l.schema_id) and c.relname = p.stream)
       then p.rows else 0 end
from erp_sync.position p join erp_sync.link l on l.id = p.link
where p.link = $1 and p.entity = $2 and p.stream = $3";

fn stored(task: &Task, stream: &Stream) -> Result<Option<(Stored, u64)>> {
    let arguments = [value(task.link), value(task.entity.name.clone()), value(stream.table.clone())];
    let found = as_owner(|| {
        first(STORED, &arguments, |row| {
            let pass: Option<Pass> = match row.get::<String>(5)? {
                // A pass of a version that wrote it differently is dropped: it begins anew.
                Some(text) => serde_json::from_str(&text).ok(),
                None => None,
            };
            let stored = Stored {
                identity: row.text(1)?,
                tenant: row.text(2)?,
                fingerprint: row.text(3)?,
                position: row.get::<String>(4)?.map(Mark),
                pass,
                complete: row.flag(6)?,
                filled: row.flag(7)?,
            };
            Ok((stored, row.int(8)?.unsigned_abs()))
        })
    })?;
    Ok(found)
}

/// The condition of the rows that a task keeps: `$1` is the tenant, `$2` the server, whichever
/// of the two tells them apart.
fn own(task: &Task) -> &'static str {
    match task.entity.is_of_servers() {
        true => "tenant = $1 and server = $2",
        false => "tenant = $1 and $2 <> ''",
    }
}

/// Rows of this tenant: what the bookkeeping counted, but exactly 0 when the table is empty.
fn rows(place: &Place<'_>, counted: u64) -> Result<u64> {
    let table = quote::qualified(place.schema, &place.stream.table);
    let sql = format!("select exists (select from {table} where {})", own(place.task));
    let arguments = [value(place.tenant()), value(place.label())];
    let any = place.query(&[&place.stream.table], &sql, &arguments, |row| row.flag(1))?;
    Ok(if any.contains(&true) { counted.max(1) } else { 0 })
}

/// How every stream of a task stands, by the bookkeeping alone. In the current transaction.
pub fn standings(task: &Task) -> Result<Vec<Prepared>> {
    let of = |stream: &Stream| {
        let stored = stored(task, stream)?;
        let rows = stored.as_ref().map_or(0, |(_, rows)| *rows);
        Ok(Prepared { stored: stored.map(|(stored, _)| stored), rows })
    };
    task.entity.streams.iter().map(of).collect()
}

fn count(place: &Place<'_>) -> Result<i64> {
    let table = quote::qualified(place.schema, &place.stream.table);
    let sql = format!("select count(*) from {table} where {}", own(place.task));
    let arguments = [value(place.tenant()), value(place.label())];
    let count = place.query(&[&place.stream.table], &sql, &arguments, |row| row.int(1))?;
    Ok(count.into_iter().next().unwrap_or_default())
}

const SAVE: &str = "
insert into erp_sync.position (server, entity, stream, tenant, identity, fingerprint, position, pass, rows,
  initial_range, initial_from, link)
values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $11, $12::date, $13)
on conflict (link, entity, stream) do update
set tenant = excluded.tenant, identity = excluded.identity, fingerprint = excluded.fingerprint,
    position = excluded.position, pass = excluded.pass, rows = excluded.rows,
    initial_range = excluded.initial_range, initial_from = excluded.initial_from,
    full_at = case when $10 then null else erp_sync.position.full_at end";

fn save(place: &Place<'_>, stored: &Stored, count: i64, anew: bool) -> Result<()> {
    let range = place.task.range.as_ref();
    let arguments = [
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(stored.tenant.clone()),
        value(stored.identity.clone()),
        value(stored.fingerprint.clone()),
        value(stored.position.clone().map(|mark| mark.0)),
        value(pass_text(stored.pass.as_ref())?),
        value(count),
        value(anew),
        value(range.map(|range| range.text.clone())),
        value(range.map(|range| range.from.clone())),
        value(place.link()),
    ];
    execute(SAVE, &arguments)?;
    if anew {
        let sql = "delete from erp_sync.candidate where link = $1 and entity = $2 and stream = $3";
        execute(sql, &[value(place.link()), value(place.entity()), value(place.table())])?;
    }
    Ok(())
}

/// A pass as the bookkeeping keeps it.
pub(super) fn pass_text(pass: Option<&Pass>) -> Result<Option<String>> {
    pass.map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::new(Kind::Internal, format!("a pass cannot be written: {error}")))
}
