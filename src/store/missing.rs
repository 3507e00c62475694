//! Servers that rows were read from and that are no longer there: dropped, or left out of a dump.

use super::role_name;
use super::session::as_owner;
use super::sql::{query, value};
use crate::entity::{Entity, quote};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Only what the role, or one it is a member of, has read itself.
const MISSING: &str = "
select p.server, min(p.entity), count(distinct p.entity)
from erp_sync.position p
where not exists (select from pg_foreign_server s where s.srvname = p.server)
  and exists (select from erp_sync.task t join erp_sync.run r on r.id = t.run_id
              join pg_roles o on o.rolname = r.role
              where t.server = p.server and t.entity = p.entity and pg_has_role($1::name, o.oid, 'USAGE'))
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
