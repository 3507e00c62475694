//! Whether what a report is about to read is complete: `sync_ready()`, `sync_require()`.

use super::identity::as_owner;
use super::servers::{self, Server};
use super::sql::{first, value};
use crate::entity::{Entity, catalog, quote};
use crate::error::{Error, Kind, Result};

/// Streams of an entity and server: how many have finished a full pass, and whether any has not.
const PASSES: &str = "
select count(*) filter (where p.full_at is not null and p.stream = any($3::text[])),
       coalesce(bool_or(p.full_at is null), false)
from erp_sync.position p where p.link = $1 and p.entity = $2";

/// What the last task of an entity and server did.
const LAST: &str = "
select case t.state
         when 'running' then format('running, %s of %s rows of %s', t.done, coalesce(t.expected::text, '?'), t.stream)
         when 'queued' then 'waiting for its turn'
         else concat_ws(': ', t.state, t.error) end
from erp_sync.task t
where t.link = $1 and t.entity = $2
order by t.run_id desc limit 1";

/// What is not ready: one line per entity and server. `named`: what no server gives is not ready either. In the current
/// transaction.
///
/// Errors: unknown entities or servers, or no server that gives an entity.
pub fn unready(entities: &[&Entity], server: Option<&str>, named: bool, schema: &str) -> Result<Vec<String>> {
    let mut servers = super::with_links(servers::wanted(server)?, schema)?;
    if server.is_none() {
        servers.retain(|(server, link)| server.is_meant(*link));
    }
    let mut lines = Vec::new();
    for entity in entities {
        let of: Vec<&(Server, i64)> =
            servers.iter().filter(|(server, _)| server.kind == entity.source).collect();
        // Of all, what no server gives is nobody's concern.
        if of.is_empty() && named {
            lines.push(format!("{}: no server gives it", entity.name));
        }
        for (server, link) in of {
            if !is_ready(entity, *link)? {
                let last = as_owner(|| first(LAST, &arguments(entity, *link), |row| row.text(1)))?;
                let last = last.unwrap_or_else(|| "never read".into());
                lines.push(format!("{} from {}: {last}", entity.name, server.name));
            }
        }
    }
    Ok(lines)
}

/// Whether all streams that must be there have been read in full, and none that may be
/// missing is still being read.
fn is_ready(entity: &Entity, link: i64) -> Result<bool> {
    let needed: Vec<String> =
        entity.streams.iter().filter(|stream| !stream.optional).map(|stream| stream.table.clone()).collect();
    let count = needed.len() as i64;
    let [link, name] = arguments(entity, link);
    let found =
        as_owner(|| first(PASSES, &[link, name, value(needed)], |row| Ok((row.int(1)?, row.flag(2)?))))?;
    Ok(found.is_some_and(|(finished, unfinished)| finished >= count && !unfinished))
}

fn arguments<'a>(entity: &Entity, link: i64) -> [pgrx::datum::DatumWithOid<'a>; 2] {
    [value(link), value(entity.name.clone())]
}

fn is_named(names: &str) -> bool {
    names.trim() != "all"
}

/// Whether everything that is named can be relied on. In the current transaction.
pub fn ready(names: &str, server: Option<&str>, schema: &str) -> Result<bool> {
    let all = super::entities()?;
    Ok(unready(&catalog::resolve(names, &all)?, server, is_named(names), schema)?.is_empty())
}

/// Fails unless everything that is named can be relied on. In the current transaction.
pub fn require(names: &str, server: Option<&str>, schema: &str) -> Result<()> {
    let all = super::entities()?;
    let unready = unready(&catalog::resolve(names, &all)?, server, is_named(names), schema)?;
    if unready.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::NotReady, format!("sync_not_ready: \"{names}\" has not been read to the end yet"))
        .detail(unready.join("\n"))
        .hint(format!(
            "see how far it is with: select * from sync_progress(); start it with: select * from sync_run({})",
            quote::quote_literal(names)
        )))
}
