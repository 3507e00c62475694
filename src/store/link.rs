//! Links: a foreign server with the schema its rows go to. Everything that is kept of a server belongs to a link, which
//! holds the identities of both, so that whoever makes a server or a schema of an old name takes over nothing.

use pgrx::pg_sys;

use super::identity::{as_owner, under_policies};
use super::object_id::object_id;
use super::servers::Server;
use super::sql::{Row, change, execute, first, look, value};
use super::syscache;
use super::target::Target;
use crate::error::{Error, Kind, Result};

/// A link, as tasks know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number; 0: nothing was ever read.
    pub id: i64,
    /// What the server is called in rows that several servers fill.
    pub label: String,
    /// Whether a stream of it was ever read.
    pub is_read: bool,
}

/// By identity; where one is of another database, or its object is gone, by name: a restored dump goes on, and a
/// server that was made again. The schema is found by its identity, unless it is of another database. A server that is
/// taken for another one must be the tables' owner's own, or a superuser's: its owner sees what was read from the other.
const FIND: &str = "
select l.id, l.label, l.server_id = $1 and l.server = $2 and l.schema_id = $3 and l.schema = $4 and l.schema_owner = $7,
  exists (select from erp_sync.position p where p.link = l.id)
from erp_sync.link l
where (l.server_id = $1
       or l.server = $2 and (not erp_sync.is_here(l.server_id) or not exists (
            select from pg_catalog.pg_foreign_server s where s.oid = erp_sync.oid_of(l.server_id)))
          and exists (
            select from pg_catalog.pg_foreign_server s
            join pg_catalog.pg_namespace n on n.oid = $6 join pg_catalog.pg_roles o on o.oid = s.srvowner
            where s.oid = $5 and (o.rolsuper or pg_has_role(o.oid, n.nspowner, 'MEMBER'))))
  and (l.schema_id = $3 or l.schema = $4 and l.schema_owner = $7 and not erp_sync.is_here(l.schema_id))
order by l.server_id = $1 desc, l.schema_id = $3 desc, l.id desc limit 1";

/// One whose identities and names are still those of its server and its schema.
const KNOWN: &str = "
select l.id, l.label, exists (select from erp_sync.position p where p.link = l.id)
from erp_sync.link l
where l.server_id = $1 and l.server = $2 and l.schema_id = $3 and l.schema = $4 and l.schema_owner = $5";

/// All links into a schema of another database that is called so, and whose owner is called so, are into this one: `$1`
/// its identity, `$2` its name, `$3` its owner's.
const ADOPT_SCHEMA: &str = "
update erp_sync.link l set schema_id = $1
where l.schema = $2 and l.schema_owner = $3 and not erp_sync.is_here(l.schema_id)
  and l.id = (select max(o.id) from erp_sync.link o where o.server_id = l.server_id and o.schema = $2)
  and not exists (select from erp_sync.link o where o.server_id = l.server_id and o.schema_id = $1)";

const ADOPT: &str = "
update erp_sync.link set server_id = $1, server = $2, schema_id = $3, schema = $4, schema_owner = $6 where id = $5";

/// Names that are shown with what is current; history keeps those of its time.
const RENAME: [&str; 5] = [
    "update erp_sync.position set server = $2 where link = $1 and server <> $2",
    "update erp_sync.candidate set server = $2 where link = $1 and server <> $2",
    "update erp_sync.reread set server = $2 where link = $1 and server <> $2",
    "update erp_sync.rejected set server = $2 where link = $1 and server <> $2",
    "update erp_sync.setting s set server = $2 from erp_sync.link l
     where l.id = $1 and s.server = l.server and l.server <> $2 and not exists (
       select from pg_catalog.pg_foreign_server f where f.srvname = l.server)
     and not exists (select from erp_sync.setting o
                     where o.role_id = s.role_id and o.entity = s.entity and o.server = $2)",
];

const MAKE: &str = "
insert into erp_sync.link (server_id, server, schema_id, schema, schema_owner, label)
select $1, $2, $3, $4, $6, case when exists (
  select from erp_sync.link o where o.schema_id = $3 and o.label = $2) then format('%s (%s)', $2, $5) else $2 end
on conflict (server_id, schema_id) do nothing
returning id, label";

fn read(row: &Row<'_>) -> Result<(Link, bool)> {
    Ok((Link { id: row.int(1)?, label: row.text(2)?, is_read: row.flag(4)? }, row.flag(3)?))
}

/// The link of a server with a schema, as it is recorded; for a look that writes nothing. In the current transaction.
pub(super) fn find(server: &Server, schema_oid: pg_sys::Oid, schema: &str) -> Result<Option<Link>> {
    Ok(found(server, schema_oid, schema)?.map(|(link, _)| link))
}

fn found(server: &Server, schema_oid: pg_sys::Oid, schema: &str) -> Result<Option<(Link, bool)>> {
    let arguments = [
        value(object_id(server.oid)),
        value(server.name.clone()),
        value(object_id(schema_oid)),
        value(schema.to_string()),
        value(server.oid),
        value(schema_oid),
        value(owner_name(schema_oid)?),
    ];
    as_owner(|| Ok(look(FIND, &arguments, read)?.into_iter().next()))
}

/// Name of a schema's owner.
fn owner_name(schema: pg_sys::Oid) -> Result<String> {
    syscache::owner_of_schema(schema).map_or(Ok(String::new()), syscache::role)
}

/// For the policies to say; pg_monitor sees states and counts of all.
const SEEN: &str = "
select exists (select from erp_sync.link l where l.id = $1) or pg_has_role('pg_monitor', 'USAGE')";

/// The same, where the current role may see how it stands. In the current transaction.
pub(super) fn visible(server: &Server, schema: &str) -> Result<Option<Link>> {
    let sql = "select n.oid from pg_catalog.pg_namespace n where n.nspname = $1";
    let oid = first(sql, &[value(schema.to_string())], |row| row.get::<pg_sys::Oid>(1))?.flatten();
    let Some(link) = oid.map(|oid| find(server, oid, schema)).transpose()?.flatten() else { return Ok(None) };
    let seen = under_policies(|| first(SEEN, &[value(link.id)], |row| row.flag(1)))?;
    Ok(seen.filter(|seen| *seen).map(|_| link))
}

/// The link of a server with a schema that the current role may become the owner of: found, taken over, or made. In the
/// current transaction.
pub(super) fn of(server: &Server, target: &Target, schema: &str) -> Result<Link> {
    let (server_id, schema_id) = (object_id(server.oid), object_id(target.oid));
    as_owner(|| {
        let owner = target.owner_name.clone();
        let both = [&server_id, &server.name, &schema_id, schema, &owner].map(|text| value(text.to_string()));
        let known = |row: &Row<'_>| Ok(Link { id: row.int(1)?, label: row.text(2)?, is_read: row.flag(3)? });
        if let Some(link) = look(KNOWN, &both, known)?.pop() {
            return Ok(link);
        }
        execute(ADOPT_SCHEMA, &[value(schema_id.clone()), value(schema.to_string()), value(owner.clone())])?;
        match found(server, target.oid, schema)? {
            Some((link, true)) => Ok(link),
            Some((link, false)) => {
                for sql in RENAME {
                    execute(sql, &[value(link.id), value(server.name.clone())])?;
                }
                let (server, schema) = (server.name.clone(), schema.to_string());
                let arguments = [
                    value(server_id),
                    value(server),
                    value(schema_id),
                    value(schema),
                    value(link.id),
                    value(owner),
                ];
                execute(ADOPT, &arguments)?;
                Ok(link)
            }
            None => match make(server, server_id, schema_id, schema, owner)? {
                Some(link) => Ok(link),
                // Somebody else made it at this moment.
                None => found(server, target.oid, schema)?.map(|(link, _)| link).ok_or_else(|| {
                    Error::new(Kind::Internal, format!("the link of server \"{}\" was not made", server.name))
                }),
            },
        }
    })
}

fn make(
    server: &Server,
    server_id: String,
    schema_id: String,
    schema: &str,
    owner: String,
) -> Result<Option<Link>> {
    let arguments = [
        value(server_id),
        value(server.name.clone()),
        value(schema_id),
        value(schema.to_string()),
        value(i64::from(server.oid.to_u32())),
        value(owner),
    ];
    let read = |row: &Row<'_>| Ok(Link { id: row.int(1)?, label: row.text(2)?, is_read: false });
    Ok(change(MAKE, &arguments, read)?.pop())
}
