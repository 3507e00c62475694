//! What the functions that only read give: status, progress.

use std::collections::BTreeMap;

use pgrx::datum::{Interval, TimestampWithTimeZone};

use super::cron::Ticks;
use super::due::due;
use super::identity::as_owner;
use super::sql::{Row, query, value};
use crate::entity::{Entity, Settings};
use crate::error::Result;

/// One row of `sync_status()`.
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

const STATUS: &str = "
select coalesce(last.state, 'never'), ok.finished_at,
       case when ok.started_at is not null then greatest(clock_timestamp() - ok.started_at, interval '0') end,
       ok.started_at,
       coalesce(p.rows, 0)::bigint, coalesce(r.rejected, 0), coalesce(c.waiting, 0) + coalesce(w.rows, 0),
       case when last.state in ('failed', 'cancelled') then last.error end,
       case when last.state in ('failed', 'cancelled') then last.hint
            when c.waiting > 0 then format(
              'select * from sync_run(%L, %L, mode => ''full'', confirm => true)', $2, $1)
            when skipped.error is not null then format(
              'not read: %s; see: select * from sync_check(%L)', skipped.error, $1)
            when ok.not_read <> '{}' then format(
              'not read: %s%s; see: select detail, hint from sync_check(%L) where aspect = %L',
              array_to_string(ok.not_read[:3], ', '), ' and ' || nullif(greatest(cardinality(ok.not_read) - 3, 0), 0)
                || ' more', $1, 'entity ' || $2) end
from (select $1::text as server, $2::text as entity, $3::bigint as link) e
left join lateral (
  select t.run_id, t.state, t.error, t.hint from erp_sync.task t
  where t.link = e.link and t.entity = e.entity and t.state not in ('queued', 'skipped')
  order by t.run_id desc limit 1) last on true
left join lateral (
  select t.started_at, t.finished_at, t.not_read from erp_sync.task t
  where t.link = e.link and t.entity = e.entity and t.state = 'succeeded'
  order by t.run_id desc limit 1) ok on true
-- Only a task that had begun found out that the remote cannot give it.
left join lateral (
  select t.error from erp_sync.task t
  where t.link = e.link and t.entity = e.entity and t.state = 'skipped' and t.started_at is not null
    and t.run_id > coalesce(last.run_id, 0) and last.state is distinct from 'running'
  order by t.run_id desc limit 1) skipped on true
left join lateral (
  select sum(p.rows) as rows
  from erp_sync.position p where p.link = e.link and p.entity = e.entity) p on true
left join lateral (
  select count(*) as rejected from erp_sync.rejected r
  where r.link = e.link and r.entity = e.entity) r on true
left join lateral (
  select count(*) as waiting from erp_sync.candidate c
  where c.link = e.link and c.entity = e.entity) c on true
left join erp_sync.waiting_count w on w.link = e.link and w.entity = e.entity";

/// How an entity of a server stands; `link`: what the current role may see of it, 0 for nothing. In the current
/// transaction.
pub fn status(
    server: &str,
    link: i64,
    entity: &Entity,
    own: &Settings,
    ticks: &Ticks,
) -> Result<Vec<Status>> {
    let arguments = [value(server.to_string()), value(entity.name.clone()), value(link)];
    let (next_due_at, next_mode) = next(link, entity, own, ticks)?;
    let rows = |row: &Row<'_>| {
        Ok(Status {
            server: server.to_string(),
            entity: entity.name.clone(),
            state: row.text(1)?,
            last_success_at: row.get(2)?,
            lag: row.get(3)?,
            synced_to: row.get(4)?,
            rows: row.int(5)?,
            rejected: row.int(6)?,
            waiting: row.int(7)?,
            next_due_at,
            next_mode: next_mode.map(str::to_string),
            last_error: row.get(8)?,
            hint: row.get(9)?,
        })
    };
    as_owner(|| query(STATUS, &arguments, rows))
}

/// When `sync_auto()` takes the entity along next, and what it does with it then.
fn next(
    link: i64,
    entity: &Entity,
    own: &Settings,
    ticks: &Ticks,
) -> Result<(Option<TimestampWithTimeZone>, Option<&'static str>)> {
    if own.auto == Some(false) {
        return Ok((None, None));
    }
    let due = due(link, entity, own)?;
    let tick = ticks.next(due.wait())?;
    let mode = due.mode_in(tick.map_or(0.0, |(_, seconds)| seconds));
    Ok((tick.map(|(at, _)| at), Some(mode.word())))
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
