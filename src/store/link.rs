//! Links: a foreign server with the schema its rows go to. Everything that is kept of a server belongs to a link, which
//! holds the identities of both, so that whoever makes a server or a schema of an old name takes over nothing.

use std::collections::{BTreeMap, BTreeSet};

use pgrx::pg_sys;

use super::identity::{as_owner, under_policies};
use super::object_id::object_id;
use super::servers::Server;
use super::sql::{Row, change, execute, first, look, query, value};
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

/// Of each server its link. By identity; where one is of another database, or its object is gone, by name: a restored
/// dump goes on, and a server that was made again. The schema is found by its identity, unless it is of another
/// database. A server that is taken for another one must be the tables' owner's own, or a superuser's: its owner sees
/// what was read from the other. By both identities there is one at most, so that is looked for first.
const FIND: &str = "
select g.place::bigint, l.id, l.label, l.is_known, exists (select from erp_sync.position p where p.link = l.id)
from (select unnest($1::text[]) as server_id, unnest($2::text[]) as server, unnest($5::oid[]) as oid,
             generate_subscripts($1::text[], 1) as place) g
cross join lateral (
  (select l.id, l.label, l.server = g.server and l.schema = $4 and l.schema_owner = $7 as is_known
   from erp_sync.link l where l.server_id = g.server_id and l.schema_id = $3)
  union all
  (select l.id, l.label, false
   from erp_sync.link l
   where (l.server_id = g.server_id
          or l.server = g.server and (not erp_sync.is_here(l.server_id) or not exists (
               select from pg_catalog.pg_foreign_server s where s.oid = erp_sync.oid_of(l.server_id)))
             and exists (
               select from pg_catalog.pg_foreign_server s
               join pg_catalog.pg_namespace n on n.oid = $6 join pg_catalog.pg_roles o on o.oid = s.srvowner
               where s.oid = g.oid and (o.rolsuper or pg_has_role(o.oid, n.nspowner, 'MEMBER'))))
     and (l.schema_id = $3 or l.schema = $4 and l.schema_owner = $7 and not erp_sync.is_here(l.schema_id))
   order by l.server_id = g.server_id desc, l.schema_id = $3 desc, l.id desc limit 1)
  limit 1) l";

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

/// The link of a server with a schema, as it is recorded; for a look that writes nothing. In the current transaction.
pub(super) fn find(server: &Server, schema_oid: pg_sys::Oid, schema: &str) -> Result<Option<Link>> {
    Ok(found(server, schema_oid, schema)?.map(|(link, _)| link))
}

/// The same, and whether all its names are still the same.
fn found(server: &Server, schema_oid: pg_sys::Oid, schema: &str) -> Result<Option<(Link, bool)>> {
    Ok(all_found(std::slice::from_ref(server), schema_oid, schema)?.into_values().next())
}

/// The same of several servers, by their places.
fn all_found(
    servers: &[Server],
    schema_oid: pg_sys::Oid,
    schema: &str,
) -> Result<BTreeMap<usize, (Link, bool)>> {
    let texts = |of: fn(&Server) -> String| value(servers.iter().map(of).collect::<Vec<String>>());
    let arguments = [
        texts(|server| object_id(server.oid)),
        texts(|server| server.name.clone()),
        value(object_id(schema_oid)),
        value(schema.to_string()),
        value(servers.iter().map(|server| server.oid).collect::<Vec<pg_sys::Oid>>()),
        value(schema_oid),
        value(owner_name(schema_oid)?),
    ];
    let read = |row: &Row<'_>| {
        let place = usize::try_from(row.int(1)? - 1).unwrap_or_default();
        Ok((place, (Link { id: row.int(2)?, label: row.text(3)?, is_read: row.flag(5)? }, row.flag(4)?)))
    };
    Ok(as_owner(|| look(FIND, &arguments, read))?.into_iter().collect())
}

/// Name of a schema's owner.
fn owner_name(schema: pg_sys::Oid) -> Result<String> {
    syscache::owner_of_schema(schema).map_or(Ok(String::new()), syscache::role)
}

/// For the policies to say; pg_monitor sees states and counts of all.
const SEEN: &str = "
select k from unnest($1::bigint[]) k
where pg_has_role('pg_monitor', 'USAGE') or k in (select l.id from erp_sync.link l)";

/// The links of servers with a schema as far as the current role may see how they stand, by the servers' places. In the
/// current transaction.
pub(super) fn visible(servers: &[Server], schema: &str) -> Result<BTreeMap<usize, Link>> {
    let sql = "select n.oid from pg_catalog.pg_namespace n where n.nspname = $1";
    let oid = first(sql, &[value(schema.to_string())], |row| row.get::<pg_sys::Oid>(1))?.flatten();
    let Some(oid) = oid else { return Ok(BTreeMap::new()) };
    let found = all_found(servers, oid, schema)?;
    let ids: Vec<i64> = found.values().map(|(link, _)| link.id).collect();
    let seen = under_policies(|| query(SEEN, &[value(ids)], |row| row.int(1)))?;
    let seen: BTreeSet<i64> = seen.into_iter().collect();
    let links = found.into_iter().map(|(place, (link, _))| (place, link));
    Ok(links.filter(|(_, link)| seen.contains(&link.id)).collect())
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
