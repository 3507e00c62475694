//! `sync_reset()`: forgetting how far an entity is.

use pgrx::pg_sys;

use super::identity::as_owner;
use super::role_name;
use super::sql::{execute, first, query, value};
use super::target::{Tables, Target, Use};
use crate::entity::{Entity, quote};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Of links whose schema is there; `$3` is the schema that the caller means.
const POSITIONS: &str = "
select p.link, p.server, p.stream, p.tenant, l.label, n.nspname::text, s.oid
from erp_sync.position p
join erp_sync.link l on l.id = p.link
join pg_catalog.pg_namespace n on case when erp_sync.is_here(l.schema_id)
  then n.oid = erp_sync.oid_of(l.schema_id) else n.nspname = l.schema end
left join pg_catalog.pg_foreign_server s on case when erp_sync.is_here(l.server_id)
  then s.oid = erp_sync.oid_of(l.server_id) else s.srvname = l.server end
where p.entity = $1 and ($2::text is null or p.server = $2) and n.nspname = $3
order by 1, 3";

const FORGET: &str = "
with c as (delete from erp_sync.candidate where entity = $1 and link = $2)
delete from erp_sync.position where entity = $1 and link = $2";

/// A stream whose position is to be forgotten.
struct Found {
    link: i64,
    server: String,
    table: String,
    tenant: String,
    label: String,
    server_oid: Option<pg_sys::Oid>,
}

/// Forgets position and pass of an entity, and empties its tables of the tenant's rows
/// when `truncate`. Returns how many streams were reset. In the current transaction.
///
/// Errors: [`Kind::Denied`] when the current role may not become the tables' owner, or may not use the server.
pub fn reset(entity: &Entity, server: Option<&str>, truncate: bool, schema: &str) -> Result<i64> {
    let arguments =
        [value(entity.name.clone()), value(server.map(str::to_string)), value(schema.to_string())];
    let found = as_owner(|| {
        query(POSITIONS, &arguments, |row| {
            Ok(Found {
                link: row.int(1)?,
                server: row.text(2)?,
                table: row.text(3)?,
                tenant: row.text(4)?,
                label: row.text(5)?,
                server_oid: row.get(7)?,
            })
        })
    })?;
    if found.is_empty() {
        return Ok(0);
    }
    let Some(target) = Target::find(schema)? else { return Ok(0) };
    let tables = Tables::default();
    let mut seen = Vec::new();
    for stream in &found {
        if !seen.contains(&stream.link) {
            may_use(stream)?;
            as_owner(|| execute(FORGET, &[value(entity.name.clone()), value(stream.link)]))?;
            seen.push(stream.link);
        }
        if truncate {
            empty(entity, stream, &target, &tables, schema)?;
        }
    }
    tables.unchanged(schema)?;
    Ok(found.len() as i64)
}

/// Deletes the rows of a stream, as the tables' owner.
fn empty(entity: &Entity, stream: &Found, target: &Target, tables: &Tables, schema: &str) -> Result<()> {
    let shape = entity.streams.iter().find(|own| own.table == stream.table);
    let shape = shape.map(|own| if entity.is_of_servers() { own.of_server() } else { own.clone() });
    if !tables.open(schema, &stream.table, Use::Write, shape.as_ref())? {
        return Ok(());
    }
    let name = quote::qualified(schema, &stream.table);
    let own = if entity.is_of_servers() { "server = $2" } else { "$2 <> ''" };
    let sql = format!("delete from {name} where tenant = $1 and {own}");
    target.run(|| execute(&sql, &[value(stream.tenant.clone()), value(stream.label.clone())])).map(drop)
}

/// A server that is no more is let go of by who may become the tables' owner; one that is there needs USAGE too.
fn may_use(stream: &Found) -> Result<()> {
    let Some(oid) = stream.server_oid else { return Ok(()) };
    let sql = "select pg_catalog.has_server_privilege($1, 'USAGE')";
    if first(sql, &[value(oid)], |row| row.flag(1))? == Some(true) {
        return Ok(());
    }
    let (server, role) = (&stream.server, role_name()?);
    Err(Error::new(Kind::Denied, format!("role \"{role}\" may not use server \"{server}\"")).hint(format!(
        "its owner lets you with: grant usage on foreign server {} to {}",
        hint::ident(server),
        hint::ident(&role)
    )))
}
