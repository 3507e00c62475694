//! Business tables: made, widened, and refused where somebody else owns them.

use super::session::as_owner;
use super::sql::{execute, first, query, value};
use super::{Place, Store, derive, local, servers, views};
use crate::engine::{Pass, Prepared, Stored, Task};
use crate::entity::{Stream, ddl, quote};
use crate::error::{Error, Kind, Result};
use crate::source::{Layout, Mark, hint};

/// Advisory lock under which tables are made: `if not exists` alone races.
pub(super) const DDL_LOCK: i64 = 0x4552_5053_0000_0001;

impl Store {
    /// Makes or widens the stream's table, checks rights, and tells how the stream stands.
    pub fn prepare(&mut self, task: usize, stream: usize, layout: Layout) -> Result<Prepared> {
        let tracked = self.tracked(task)?;
        let layout = match (tracked.task.entity.is_of_servers(), tracked.local.get(stream)) {
            (true, Some(local)) => local::layout(layout, local.columns.len()),
            _ => layout,
        };
        self.reading(task, stream)?.layout = layout;
        let place = self.place(task, stream)?;
        place.transaction(|| {
            one_manifest_per_table(&place)?;
            if make(&place)? {
                as_owner(|| execute(REREAD, &[value(place.table())]))?;
            }
            derive::prepare(&place)?;
            views::keep(&place)?;
            let stored = as_owner(|| stored(&place))?;
            let rows = rows(&place, stored.as_ref().map_or(0, |(_, rows)| *rows))?;
            Ok(Prepared { stored: stored.map(|(stored, _)| stored), rows })
        })
    }

    /// Stores how a stream stands before its first batch.
    pub fn start(&mut self, task: usize, stream: usize, stored: &Stored, anew: bool) -> Result<()> {
        let place = self.place(task, stream)?;
        place.transaction(|| {
            let count = count(&place)?;
            as_owner(|| save(&place, stored, count, anew))
        })
    }
}

const CLAIMED: &str = "
select p.server, p.entity from erp_sync.position p
where p.stream = $1 and p.tenant = $2 and (p.entity <> $3 or p.server <> $4 and not $5)
limit 1";

/// Two entities or two servers that write one table would remove each other's rows.
fn one_manifest_per_table(place: &Place<'_>) -> Result<()> {
    let arguments = [
        value(place.table()),
        value(place.tenant()),
        value(place.entity()),
        value(place.server()),
        value(place.task.entity.is_of_servers()),
    ];
    let other = as_owner(|| first(CLAIMED, &arguments, |row| Ok((row.text(1)?, row.text(2)?))))?;
    let Some((server, entity)) = other else { return Ok(()) };
    let (table, tenant) = (place.table(), place.tenant());
    Err(Error::new(
        Kind::Conflict,
        format!("table \"{table}\" of tenant \"{tenant}\" is already fed by entity \"{entity}\" of server \"{server}\""),
    )
    .detail(format!("now it was to be fed by entity \"{}\" of server \"{}\"", place.entity(), place.server()))
    .hint(format!(
        "if server \"{server}\" is no more, let go of it with: select sync_reset('{entity}', '{server}')"
    )))
}

/// A table as the catalog shows it.
struct Found {
    kind: String,
    owner: String,
    ours: bool,
}

const FOUND: &str = "
select c.relkind::text, pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2";

/// A column that was added to a table with rows has values only after a full pass, of
/// every tenant: their fingerprints no longer fit.
const REREAD: &str = "update erp_sync.position set fingerprint = '' where stream = $1";

/// What the table lacks, as statements; `None` where it is not there. Fails when it is not to be
/// written to.
fn lacking(place: &Place<'_>) -> Result<Option<Vec<String>>> {
    let arguments = [value(place.schema.to_string()), value(place.table())];
    let found = first(FOUND, &arguments, |row| {
        Ok(Found { kind: row.text(1)?, owner: row.text(2)?, ours: row.flag(3)? })
    })?;
    let Some(found) = found else { return Ok(None) };
    refuse_foreign(place, &found)?;
    let columns = columns(&quote::qualified(place.schema, &place.table()))?;
    ddl::add_columns(place.stream, place.schema, &columns).map(Some)
}

/// Fails when the table is there and not to be written to.
pub(super) fn refuse(place: &Place<'_>) -> Result<()> {
    lacking(place).map(drop)
}

/// Makes the table, or adds what it lacks. Returns whether columns were added.
fn make(place: &Place<'_>) -> Result<bool> {
    let lacking = lacking(place)?;
    let exists = lacking.is_some();
    let statements = match lacking {
        None => {
            make_schema(place)?;
            ddl::create_table(place.stream, place.schema)
        }
        Some(lacking) => lacking,
    };
    let indexes = missing_indexes(place)?;
    if statements.is_empty() && indexes.is_empty() {
        return Ok(false);
    }
    execute("select pg_advisory_xact_lock($1)", &[value(DDL_LOCK)])?;
    statements.iter().chain(&indexes).try_for_each(|sql| execute(sql, &[]).map(drop))?;
    Ok(exists && !statements.is_empty())
}

fn refuse_foreign(place: &Place<'_>, found: &Found) -> Result<()> {
    let name = quote::qualified(place.schema, &place.stream.table);
    if found.kind != "r" {
        return Err(Error::new(Kind::Conflict, format!("{name} is not an ordinary table"))
            .detail("erp_sync writes ordinary tables only, no views and no partitioned tables")
            .hint("choose another schema with: set erp_sync.target_schema = '...'"));
    }
    if !found.ours {
        let role = servers::role_name()?;
        return Err(Error::new(
            Kind::Denied,
            format!("table {name} belongs to role \"{}\", not to \"{role}\"", found.owner),
        )
        .detail("only a member of the owner may sync into a table")
        .hint(format!(
            "run as {}, or: {}",
            hint::ident(&found.owner),
            servers::line_to_become(&found.owner)?
        )));
    }
    Ok(())
}

const SCHEMA: &str = "
select has_schema_privilege(n.oid, 'CREATE') and has_schema_privilege(n.oid, 'USAGE')
from pg_namespace n where n.nspname = $1";

fn make_schema(place: &Place<'_>) -> Result<()> {
    let schema = place.schema;
    let role = servers::role_name()?;
    match first(SCHEMA, &[value(schema.to_string())], |row| row.flag(1))? {
        Some(true) => Ok(()),
        Some(false) => Err(Error::new(
            Kind::Denied,
            format!("role \"{role}\" may not make tables in schema \"{schema}\""),
        )
        .hint(format!(
            "grant usage, create on schema {} to {}",
            hint::ident(schema),
            hint::ident(&role)
        ))),
        None => {
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
            let name = quote::quote_ident(schema);
            execute(&format!("create schema if not exists {name}"), &[])?;
            execute(&format!("comment on schema {name} is 'business data kept by erp_sync'"), &[]).map(drop)
        }
    }
}

const COLUMNS: &str = "
select a.attname::text, format_type(a.atttypid, a.atttypmod)
from pg_attribute a
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped";

/// Name and type of each column of a table; none when it is not there.
pub(super) fn columns(table: &str) -> Result<Vec<(String, String)>> {
    query(COLUMNS, &[value(table.to_string())], |row| Ok((row.text(1)?, row.text(2)?)))
}

const INDEXES: &str = "
select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = to_regclass(format('%I.%I', $1, $2))";

fn missing_indexes(place: &Place<'_>) -> Result<Vec<String>> {
    let arguments = [value(place.schema.to_string()), value(place.table())];
    let here = query(INDEXES, &arguments, |row| {
        Ok(format!("if not exists {} on", quote::quote_ident(&row.text(1)?)))
    })?;
    let all = ddl::indexes(place.stream, place.schema);
    Ok(all.into_iter().filter(|sql| !here.iter().any(|name| sql.contains(name.as_str()))).collect())
}

const STORED: &str = "
select identity, tenant, fingerprint, position, pass::text, full_at is not null, filled, rows
from erp_sync.position where server = $1 and entity = $2 and stream = $3";

fn stored(place: &Place<'_>) -> Result<Option<(Stored, u64)>> {
    stored_of(place.task, place.stream)
}

fn stored_of(task: &Task, stream: &Stream) -> Result<Option<(Stored, u64)>> {
    let (server, entity) = (task.server.clone(), task.entity.name.clone());
    let arguments = [value(server), value(entity), value(stream.table.clone())];
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
}

/// Rows of this tenant: what the bookkeeping counted, but exactly 0 when the table is empty.
fn rows(place: &Place<'_>, counted: u64) -> Result<u64> {
    rows_of(place.task, &quote::qualified(place.schema, &place.stream.table), counted)
}

/// The condition of the rows that a task keeps: `$1` is the tenant, `$2` the server, whichever
/// of the two tells them apart.
fn own(task: &Task) -> &'static str {
    match task.entity.is_of_servers() {
        true => "tenant = $1 and server = $2",
        false => "tenant = $1 and $2 <> ''",
    }
}

fn rows_of(task: &Task, table: &str, counted: u64) -> Result<u64> {
    let sql = format!("select exists (select from {table} where {})", own(task));
    let arguments = [value(task.tenant.clone()), value(task.server.clone())];
    let any = first(&sql, &arguments, |row| row.flag(1))?.unwrap_or(false);
    Ok(if any { counted.max(1) } else { 0 })
}

const READABLE: &str = "
select has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2";

/// Whether a table is there and the current role may read it: to ask by its name would fail
/// where the role may not look into the schema.
pub(super) fn readable(schema: &str, table: &str) -> Result<bool> {
    let arguments = [value(schema.to_string()), value(table.to_string())];
    Ok(first(READABLE, &arguments, |row| row.flag(1))?.unwrap_or(false))
}

/// How every stream of a task stands; makes no table. In the current transaction.
pub fn standings(task: &Task, schema: &str) -> Result<Vec<Prepared>> {
    let of = |stream: &Stream| {
        let stored = as_owner(|| stored_of(task, stream))?;
        let counted = stored.as_ref().map_or(0, |(_, rows)| *rows);
        let table = quote::qualified(schema, &stream.table);
        let rows = if readable(schema, &stream.table)? { rows_of(task, &table, counted)? } else { 0 };
        Ok(Prepared { stored: stored.map(|(stored, _)| stored), rows })
    };
    task.entity.streams.iter().map(of).collect()
}

fn count(place: &Place<'_>) -> Result<i64> {
    let table = quote::qualified(place.schema, &place.stream.table);
    let sql = format!("select count(*) from {table} where {}", own(place.task));
    let arguments = [value(place.tenant()), value(place.server())];
    Ok(first(&sql, &arguments, |row| row.int(1))?.unwrap_or_default())
}

const SAVE: &str = "
insert into erp_sync.position (server, entity, stream, tenant, identity, fingerprint, position, pass, rows,
  initial_range, initial_from)
values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $11, $12::date)
on conflict (server, entity, stream) do update
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
    ];
    execute(SAVE, &arguments)?;
    if anew {
        let sql = "delete from erp_sync.candidate where server = $1 and entity = $2 and stream = $3";
        execute(sql, &[value(place.server()), value(place.entity()), value(place.table())])?;
    }
    Ok(())
}

/// A pass as the bookkeeping keeps it.
pub(super) fn pass_text(pass: Option<&Pass>) -> Result<Option<String>> {
    pass.map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::new(Kind::Internal, format!("a pass cannot be written: {error}")))
}
