//! In which order the servers of a run come: who has waited longest is first, so that with many
//! servers and runs that are cut off, none is left behind for ever.

use std::collections::HashMap;

use super::identity::as_owner;
use super::link::Link;
use super::servers::Server;
use super::sql::{query, value};
use crate::entity::Entity;
use crate::error::Result;

/// By entity, because of the index: the whole history is longer than that.
const WAITED: &str = "
select s.name, row_number() over (order by last.started_at nulls first, s.name)
from unnest($1::text[], $3::bigint[]) s(name, link)
left join lateral (
  select max(l.started_at) as started_at
  from unnest($2::text[]) e(name), lateral (
    select t.started_at from erp_sync.task t
    where t.link = s.link and t.entity = e.name and t.started_at is not null
    order by t.run_id desc limit 1) l) last on true";

/// The servers by the last start of a task among these entities: never first, then the oldest; equal
/// ones by name. In the current transaction.
pub(super) fn order(mut servers: Vec<(Server, Link)>, entities: &[&Entity]) -> Result<Vec<(Server, Link)>> {
    if servers.len() < 2 {
        return Ok(servers);
    }
    let servers_named: Vec<String> = servers.iter().map(|(server, _)| server.name.clone()).collect();
    let links: Vec<i64> = servers.iter().map(|(_, link)| link.id).collect();
    let entities_named: Vec<String> = entities.iter().map(|entity| entity.name.clone()).collect();
    let arguments = [value(servers_named), value(entities_named), value(links)];
    let turns = as_owner(|| query(WAITED, &arguments, |row| Ok((row.text(1)?, row.int(2)?))))?;
    let turns: HashMap<String, i64> = turns.into_iter().collect();
    servers.sort_by_key(|(server, _)| turns.get(&server.name).copied());
    Ok(servers)
}
