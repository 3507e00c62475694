//! In which order the servers of a run come: who has waited longest is first, so that with many
//! servers and runs that are cut off, none is left behind for ever.

use std::collections::HashMap;

use super::servers::Server;
use super::session::as_owner;
use super::sql::{query, value};
use crate::entity::Entity;
use crate::error::Result;

/// By entity, because of the index: the whole history is longer than that.
const WAITED: &str = "
select s.name, row_number() over (order by last.started_at nulls first, s.name)
from unnest($1::text[]) s(name)
left join lateral (
  select max(l.started_at) as started_at
  from unnest($2::text[]) e(name), lateral (
    select t.started_at from erp_sync.task t
    where t.server = s.name and t.entity = e.name and t.started_at is not null
    order by t.run_id desc limit 1) l) last on true";

/// The servers by the last start of a task among these entities: never first, then the oldest; equal
/// ones by name. In the current transaction.
pub(super) fn order(mut servers: Vec<Server>, entities: &[&Entity]) -> Result<Vec<Server>> {
    let servers_named: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    let entities_named: Vec<String> = entities.iter().map(|entity| entity.name.clone()).collect();
    let arguments = [value(servers_named), value(entities_named)];
    let turns = as_owner(|| query(WAITED, &arguments, |row| Ok((row.text(1)?, row.int(2)?))))?;
    let turns: HashMap<String, i64> = turns.into_iter().collect();
    servers.sort_by_key(|server| turns.get(&server.name).copied());
    Ok(servers)
}
