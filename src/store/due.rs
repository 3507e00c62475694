//! What `sync_auto()` would do with an entity of a server, and when.

use super::identity::as_owner;
use super::sql::{Row, first, value};
use crate::engine::{Due, Every};
use crate::entity::{Entity, Settings};
use crate::error::Result;

/// How often all keys are compared where nothing else is said.
const VERIFY_EVERY: &str = "1 day";

/// Whatever comes round: every time.
const ALWAYS: &str = "0 seconds";

const DUE: &str = "
select extract(epoch from $3::interval)::float8, extract(epoch from n - started_at)::float8,
       extract(epoch from $4::interval)::float8, extract(epoch from n - full_at)::float8,
       extract(epoch from $5::interval)::float8, extract(epoch from n - greatest(full_at, verified_at))::float8
from (select clock_timestamp() as n,
        (select t.started_at from erp_sync.task t
         where t.link = $1 and t.entity = $2 and t.state = 'succeeded' order by t.run_id desc limit 1),
        (select case when bool_and(p.full_at is not null) then min(p.full_at) end as full_at
         from erp_sync.position p where p.link = $1 and p.entity = $2),
        (select case when bool_and(p.verified_at is not null) then min(p.verified_at) end as verified_at
         from erp_sync.position p where p.link = $1 and p.entity = $2)) s";

/// How often an entity is to be read at all, in full, and looked at, as PostgreSQL writes intervals.
pub(super) fn intervals(entity: &Entity, own: &Settings) -> [String; 3] {
    let text =
        |setting: &Option<String>, otherwise: &str| setting.clone().unwrap_or_else(|| otherwise.to_string());
    [
        text(&own.interval, ALWAYS),
        text(&own.full_every, &entity.full_every),
        text(&own.verify_every, VERIFY_EVERY),
    ]
}

/// How an entity of a server stands. In the current transaction.
pub(super) fn due(link: i64, entity: &Entity, own: &Settings) -> Result<Due> {
    let arguments = [value(link), value(entity.name.clone())].into_iter();
    let arguments: Vec<_> = arguments.chain(intervals(entity, own).map(value)).collect();
    let every = |row: &Row<'_>, at: usize| {
        Ok::<_, crate::error::Error>(Every { every: row.get(at)?.unwrap_or_default(), ago: row.get(at + 1)? })
    };
    let due = as_owner(|| {
        first(DUE, &arguments, |row| {
            Ok(Due { any: every(row, 1)?, full: every(row, 3)?, verify: every(row, 5)? })
        })
    })?;
    Ok(due.unwrap_or_default())
}
