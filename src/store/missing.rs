//! Servers that rows were read from and that are no longer there: dropped, or left out of a dump.

use super::identity::as_owner;
use super::role_name;
use super::sql::{query, value};
use crate::entity::{Entity, quote};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Links of schemas that the role may become the owner of, whose server is gone.
const MISSING: &str = "
select p.server, min(p.entity), count(distinct p.entity)
from erp_sync.position p
join erp_sync.link l on l.id = p.link
join pg_namespace n on case when erp_sync.is_here(l.schema_id)
  then n.oid = erp_sync.oid_of(l.schema_id) else n.nspname = l.schema end
where pg_has_role($1::name, n.nspowner, 'MEMBER') and not exists (
  select from pg_foreign_server s
  where case when erp_sync.is_here(l.server_id) then s.oid = erp_sync.oid_of(l.server_id)
             else s.srvname = l.server end)
group by 1 order by 1";

/// Name of each missing server, with what to do about it. In the current transaction.
pub fn servers(known: &[Entity]) -> Result<Vec<(String, Error)>> {
    let role = role_name()?;
    let found =
        as_owner(|| query(MISSING, &[value(role)], |row| Ok((row.text(1)?, row.text(2)?, row.int(3)?))))?;
    Ok(found
        .into_iter()
        .map(|(server, entity, count)| {
            let error = told(&server, &entity, count, known);
            (server, error)
        })
        .collect())
}

fn told(server: &str, entity: &str, count: i64, known: &[Entity]) -> Error {
    let source =
        known.iter().find(|known| known.name == entity).map_or("odoo", |known| known.source.as_str());
    let options = match source {
        "sqlserver" => "host '...', database '...'",
        _ => "url 'https://...', database '...'",
    };
    let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    Error::new(Kind::Config, format!("there is no server \"{server}\" any more"))
        .detail(format!("{entity}{others} was read from it, and stays as it is"))
        .hint(format!(
            "create server {} foreign data wrapper {source} options ({options}), or let go of it: select \
             sync_reset('all', {})",
            hint::ident(server),
            quote::quote_literal(server)
        ))
}
