//! `sync_reset()`: forgetting how far an entity is.

use super::session::as_owner;
use super::sql::{execute, first, query, value};
use super::{role_name, servers};
use crate::entity::{Entity, quote};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

const POSITIONS: &str = "
select p.server, p.stream, p.tenant from erp_sync.position p
where p.entity = $1 and ($2::text is null or p.server = $2) order by 1, 2";

const FORGET: &str = "
with c as (delete from erp_sync.candidate where entity = $1 and server = $2)
delete from erp_sync.position where entity = $1 and server = $2";

/// Forgets position and pass of an entity, and empties its tables of the tenant's rows
/// when `truncate`. Returns how many streams were reset. In the current transaction.
pub fn reset(entity: &Entity, server: Option<&str>, truncate: bool, schema: &str) -> Result<i64> {
    let arguments = [value(entity.name.clone()), value(server.map(str::to_string))];
    let found =
        as_owner(|| query(POSITIONS, &arguments, |row| Ok((row.text(1)?, row.text(2)?, row.text(3)?))))?;
    let mut seen = Vec::new();
    for (server, table, tenant) in &found {
        if !seen.contains(&server) {
            may_use(server)?;
            as_owner(|| execute(FORGET, &[value(entity.name.clone()), value(server.clone())]))?;
            seen.push(server);
        }
        if truncate {
            let name = quote::qualified(schema, table);
            let own = if entity.is_of_servers() { "server = $2" } else { "$2 <> ''" };
            let sql = format!("delete from {name} where tenant = $1 and {own}");
            execute(&sql, &[value(tenant.clone()), value(server.clone())])?;
        }
    }
    Ok(found.len() as i64)
}

/// A server that is no more may be let go of by the owner of a database's data: whoever
/// may use any server of that wrapper; one that is there needs USAGE.
fn may_use(server: &str) -> Result<()> {
    let sql = "select pg_catalog.has_server_privilege(s.oid, 'USAGE') from pg_catalog.pg_foreign_server s
               where s.srvname operator(pg_catalog.=) $1";
    let may = first(sql, &[value(server.to_string())], |row| row.flag(1))?;
    if may == Some(true) || may.is_none() && !servers::usable()?.is_empty() {
        return Ok(());
    }
    let role = role_name()?;
    Err(Error::new(Kind::Denied, format!("role \"{role}\" may not use server \"{server}\"")).hint(format!(
        "its owner lets you with: grant usage on foreign server {} to {}",
        hint::ident(server),
        hint::ident(&role)
    )))
}
