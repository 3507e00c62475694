//! What the functions that only read give: status, progress.

use std::collections::{BTreeMap, HashMap, HashSet};

use pgrx::datum::{Interval, TimestampWithTimeZone};

use super::Configured;
use super::cron::Ticks;
use super::due::intervals;
use super::identity::as_owner;
use super::servers::Server;
use super::sql::{query, value};
use crate::engine::{Due, Every};
use crate::entity::Entity;
use crate::error::Result;

/// One row of `sync_status()`.
#[derive(Default)]
pub struct Status {
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// `never`, or the state of the last task.
    pub state: String,
    /// End of the last task that succeeded.
    pub last_success_at: Option<TimestampWithTimeZone>,
    /// Time since everything that was committed on the remote was here.
    pub lag: Option<Interval>,
    /// Until when everything that was committed on the remote is here.
    pub synced_to: Option<TimestampWithTimeZone>,
    /// Rows in the entity's tables.
    pub rows: i64,
    /// Rows that could not be stored.
    pub rejected: i64,
    /// Removals that wait for confirmation, and rows that wait for a partner.
    pub waiting: i64,
    /// When the next scheduled task begins; none without a schedule, or when `sync_auto()` leaves the
    /// entity out.
    pub next_due_at: Option<TimestampWithTimeZone>,
    /// What it reads; without a schedule, what `sync_auto()` would read now.
    pub next_mode: Option<String>,
    /// Why the last task failed.
    pub last_error: Option<String>,
    /// What to type next.
    pub hint: Option<String>,
}

/// An entity of a server whose status is asked for.
pub struct Asked<'a> {
    server: &'a str,
    link: i64,
    entity: String,
    /// How often it is read; none, where `sync_auto()` of the current role leaves it out.
    intervals: Option<[String; 3]>,
}

/// Of stored entities, whoever stored them, those that were read for each of the links.
const OTHERS: &str = "
select l.link, n.name
from (select unnest($1::bigint[]) as link) l cross join (select distinct e.name from erp_sync.entity e) n
where exists (select from erp_sync.task t where t.link = l.link and t.entity = n.name)
order by 1, 2";

/// The entities of servers whose status is shown: those the current role may sync, and those that others stored and
/// that were read for the server's link. In the current transaction.
pub fn entities_of<'a>(
    servers: &'a [(Server, i64)],
    entities: &[Entity],
    configured: &Configured,
) -> Result<Vec<Asked<'a>>> {
    let links: Vec<i64> = servers.iter().map(|(_, link)| *link).collect();
    let others = as_owner(|| query(OTHERS, &[value(links)], |row| Ok((row.int(1)?, row.text(2)?))))?;
    let mut asked = Vec::new();
    for (server, link) in servers {
        let own = entities.iter().filter(|entity| entity.source == server.kind);
        let known: HashSet<&str> = own.clone().map(|entity| entity.name.as_str()).collect();
        let others = others.iter().filter(|(of, name)| of == link && !known.contains(name.as_str()));
        let others = others.map(|(_, name)| (name.clone(), None));
        let own = own.map(|entity| {
            let set = configured.of(&server.name, &entity.name);
            (entity.name.clone(), (set.auto != Some(false)).then(|| intervals(entity, &set)))
        });
        let of_both = own.chain(others);
        asked.extend(of_both.map(|(entity, intervals)| Asked {
            server: &server.name,
            link: *link,
            entity,
            intervals,
        }));
    }
    Ok(asked)
}

/// One statement for all entities. The newest task of each is looked up by index; older ones are looked up only where
/// the newest was skipped or did not succeed. Counts are aggregated for all entities together.
const STATUS: &str = "
with a as materialized (
  select unnest($1::text[]) as server, unnest($2::text[]) as entity, unnest($3::bigint[]) as link,
         generate_subscripts($1::text[], 1) as place),
links as materialized (select distinct a.link from a),
p as (
  select p.link, p.entity, sum(p.rows)::bigint as rows,
         case when bool_and(p.full_at is not null) then min(p.full_at) end as full_at,
         case when bool_and(p.verified_at is not null) then min(p.verified_at) end as verified_at
  from erp_sync.position p where p.link in (select l.link from links l) group by 1, 2),
r as (
  select r.link, r.entity, count(*) as rows
  from erp_sync.rejected r where r.link in (select l.link from links l) group by 1, 2),
c as (
  select c.link, c.entity, count(*) as rows
  from erp_sync.candidate c where c.link in (select l.link from links l) group by 1, 2)
select a.server, a.entity, coalesce(last.state, 'never'), ok.finished_at,
       case when ok.started_at is not null then greatest(t.now - ok.started_at, interval '0') end,
       ok.started_at,
       coalesce(p.rows, 0), coalesce(r.rows, 0), coalesce(c.rows, 0) + coalesce(w.rows, 0),
       case when last.state in ('failed', 'cancelled') then last.error end,
       case when last.state in ('failed', 'cancelled') then last.hint
            when c.rows > 0 then format(
              'select * from sync_run(%L, %L, mode => ''full'', confirm => true)', a.entity, a.server)
            when skipped.error is not null then format(
              'not read: %s; see: select * from sync_check(%L)', skipped.error, a.server)
            when ok.not_read <> '{}' then format(
              'not read: %s%s; see: select detail, hint from sync_check(%L) where aspect = %L',
              array_to_string(ok.not_read[:3], ', '), ' and ' || nullif(greatest(cardinality(ok.not_read) - 3, 0), 0)
                || ' more', a.server, 'entity ' || a.entity) end,
       extract(epoch from t.now - ok.started_at)::float8, extract(epoch from t.now - p.full_at)::float8,
       extract(epoch from t.now - greatest(p.full_at, p.verified_at))::float8
from a
cross join (select clock_timestamp() as now) t
left join lateral (
  select t.run_id, t.state, t.error, t.hint, t.started_at, t.finished_at, t.not_read from erp_sync.task t
  where t.link = a.link and t.entity = a.entity and t.state <> 'queued'
  order by t.run_id desc limit 1) newest on true
left join lateral (
  select newest.* where newest.state <> 'skipped'
  union all
  (select t.run_id, t.state, t.error, t.hint, t.started_at, t.finished_at, t.not_read from erp_sync.task t
   where newest.state = 'skipped' and t.link = a.link and t.entity = a.entity and t.state not in ('queued', 'skipped')
   order by t.run_id desc limit 1)) last on true
left join lateral (
  select last.started_at, last.finished_at, last.not_read where last.state = 'succeeded'
  union all
  (select t.started_at, t.finished_at, t.not_read from erp_sync.task t
   where last.state <> 'succeeded' and t.link = a.link and t.entity = a.entity and t.state = 'succeeded'
   order by t.run_id desc limit 1)) ok on true
-- Only a task that had begun found out that the remote cannot give it.
left join lateral (
  select t.error from erp_sync.task t
  where newest.state = 'skipped' and t.link = a.link and t.entity = a.entity and t.state = 'skipped'
    and t.started_at is not null and t.run_id > coalesce(last.run_id, 0) and last.state is distinct from 'running'
  order by t.run_id desc limit 1) skipped on true
left join p on p.link = a.link and p.entity = a.entity
left join r on r.link = a.link and r.entity = a.entity
left join c on c.link = a.link and c.entity = a.entity
left join erp_sync.waiting_count w on w.link = a.link and w.entity = a.entity
order by a.place";

/// How entities of servers stand, in the order they were asked for. In the current transaction.
pub fn statuses(asked: &[Asked<'_>], ticks: &Ticks) -> Result<Vec<Status>> {
    let texts = |of: fn(&Asked<'_>) -> String| value(asked.iter().map(of).collect::<Vec<String>>());
    let links: Vec<i64> = asked.iter().map(|asked| asked.link).collect();
    let arguments =
        [texts(|asked| asked.server.to_string()), texts(|asked| asked.entity.clone()), value(links)];
    let rows = as_owner(|| {
        query(STATUS, &arguments, |row| {
            let status = Status {
                server: row.text(1)?,
                entity: row.text(2)?,
                state: row.text(3)?,
                last_success_at: row.get(4)?,
                lag: row.get(5)?,
                synced_to: row.get(6)?,
                rows: row.int(7)?,
                rejected: row.int(8)?,
                waiting: row.int(9)?,
                last_error: row.get(10)?,
                hint: row.get(11)?,
                ..Status::default()
            };
            Ok((status, [row.get(12)?, row.get(13)?, row.get(14)?]))
        })
    })?;
    let seconds = seconds(asked)?;
    let all = rows.into_iter().zip(asked).map(|((status, ago), asked)| {
        let Some(intervals) = &asked.intervals else { return Ok(status) };
        let every = |at: usize| Every {
            every: seconds.get(&intervals[at]).copied().unwrap_or_default(),
            ago: ago[at],
        };
        let due = Due { any: every(0), full: every(1), verify: every(2) };
        let tick = ticks.next(due.wait())?;
        let mode = due.mode_in(tick.map_or(0.0, |(_, seconds)| seconds));
        Ok(Status { next_due_at: tick.map(|(at, _)| at), next_mode: Some(mode.word().to_string()), ..status })
    });
    all.collect()
}

/// The seconds of each interval that is set.
fn seconds(asked: &[Asked<'_>]) -> Result<HashMap<String, f64>> {
    let texts: HashSet<&String> = asked.iter().flat_map(|asked| &asked.intervals).flatten().collect();
    let sql = "select t, extract(epoch from t::interval)::float8 from unnest($1::text[]) t";
    let arguments = [value(texts.into_iter().cloned().collect::<Vec<String>>())];
    let lengths = query(sql, &arguments, |row| Ok((row.text(1)?, row.get(2)?.unwrap_or_default())))?;
    Ok(lengths.into_iter().collect())
}

const ROWS: &str = "
select p.stream, p.rows::bigint from erp_sync.position p where p.link = $1 and p.entity = $2";

/// How many rows of an entity of a link are here, by table. In the current transaction.
pub fn rows(link: i64, entity: &str) -> Result<BTreeMap<String, u64>> {
    let arguments = [value(link), value(entity.to_string())];
    let counts = as_owner(|| {
        query(ROWS, &arguments, |row| Ok((row.text(1)?, u64::try_from(row.int(2)?).unwrap_or_default())))
    })?;
    Ok(counts.into_iter().collect())
}

/// One row of `sync_progress()`.
pub struct Progress {
    /// The run.
    pub run_id: i64,
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// Table of the stream that is being read.
    pub stream: Option<String>,
    /// Rows of it read so far.
    pub done: i64,
    /// Rows of it that are to be read.
    pub expected: Option<i64>,
    /// `done` of `expected`.
    pub percent: Option<f64>,
    /// Rows of all streams read per second.
    pub rows_per_second: Option<f64>,
    /// Time until the stream is read.
    pub eta: Option<Interval>,
}

const PROGRESS: &str = "
select t.run_id, t.server, t.entity, t.stream, t.done, t.expected,
       case when t.expected > 0 then least(100, round(100.0 * t.done / t.expected, 1)) end::float8,
       round((t.fetched / x.seconds)::numeric, 1)::float8,
       case when t.fetched > 0 and t.expected > t.done
            then make_interval(secs => (t.expected - t.done) * x.seconds / t.fetched) end
from erp_sync.task t,
     lateral (select greatest(extract(epoch from clock_timestamp() - t.started_at), 0.001)::float8) x(seconds)
where t.state = 'running'
order by t.run_id, t.ordinal";

/// The tasks that are running. In the current transaction, as the current role.
pub fn progress() -> Result<Vec<Progress>> {
    query(PROGRESS, &[], |row| {
        Ok(Progress {
            run_id: row.int(1)?,
            server: row.text(2)?,
            entity: row.text(3)?,
            stream: row.get(4)?,
            done: row.int(5)?,
            expected: row.get(6)?,
            percent: row.get(7)?,
            rows_per_second: row.get(8)?,
            eta: row.get(9)?,
        })
    })
}
