//! pg_cron: the job that calls `sync_auto()`.

use std::cell::RefCell;

use chrono::{NaiveDateTime, TimeDelta};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;

use super::identity::{as_owner, role};
use super::object_id::object_id;
use super::sql::{change, execute, first, query, value};
use super::{database, role_name, servers};
use crate::engine::{is_of_seconds, is_schedule, next_tick};
use crate::entity::quote;
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Name of the job; pg_cron keeps one of a name for each role.
const JOB: &str = "erp_sync";

const SITUATION: &str = "
select current_database()::text, e.extname is not null, coalesce(has_schema_privilege(n.oid, 'USAGE'), false)
from (select) one
left join pg_extension e on e.extname = 'pg_cron'
left join pg_namespace n on n.nspname = 'cron'";

/// Relations that are really pg_cron's: anybody who may make a schema can make one that is called `cron`.
const MEMBERS: &str = "
select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e'
  join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid and e.extname = 'pg_cron'
  where n.nspname = 'cron' and c.relname = $1
  and has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT'))";

/// Functions that are really pg_cron's.
const FUNCTIONS: &str = "
select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'cron' and p.proname in ('schedule', 'unschedule') and not exists (
  select from pg_depend d join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
  where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e' and e.extname = 'pg_cron')";

/// Only superusers and the like may look at it.
const CRON_DATABASE: &str = "select current_setting('cron.database_name', true)";

/// Makes or changes the current role's job. Returns pg_cron's number of it. In the
/// current transaction.
pub fn schedule(schedule: &str) -> Result<i64> {
    if !is_schedule(schedule) {
        return Err(Error::new(Kind::Usage, format!("\"{schedule}\" is no schedule of pg_cron"))
            .detail(
                "it is five fields: minute, hour, day of the month, month, day of the week; or '30 seconds'",
            )
            .hint(
                "every two hours: '0 */2 * * *'; every 5 minutes: '*/5 * * * *'; daily at three: '0 3 * * *'",
            ));
    }
    require(schedule)?;
    confirm_home()?;
    let sql = "select cron.schedule($1::text, $2::text, $3::text)";
    let arguments = [value(JOB), value(schedule.to_string()), value(command()?)];
    change(sql, &arguments, |row| row.int(1))?
        .pop()
        .ok_or_else(|| Error::new(Kind::Internal, "pg_cron gave no job"))
}

/// Removes the current role's job. Returns whether there was one. In the current transaction.
pub fn unschedule() -> Result<bool> {
    require("0 */2 * * *")?;
    let sql = "select cron.unschedule(j.jobid) from cron.job j where j.jobname = $1 and j.username = $2";
    let removed = change(sql, &[value(JOB), value(role_name()?)], |row| row.flag(1))?;
    Ok(!removed.is_empty())
}

/// Notes that a job in the database pg_cron lives in is meant for this one. In the
/// current transaction.
pub fn schedule_elsewhere() -> Result<()> {
    confirm_home()
}

/// Only a role that has something to sync may end the pause of a copy.
fn confirm_home() -> Result<()> {
    servers::wanted(None)?;
    // What is confirmed is not written again.
    match at_home() {
        Ok(()) => Ok(()),
        Err(_) => {
            let own = object_id(role());
            as_owner(|| come_home(own))
        }
    }
}

/// Everything that keeps a job from being made, each with the line to type.
fn require(schedule: &str) -> Result<()> {
    let situation = first(SITUATION, &[], |row| Ok((row.text(1)?, row.flag(2)?, row.flag(3)?)))?;
    let Some((here, created, usage)) = situation else { return Ok(()) };
    if created && usage {
        return genuine();
    }
    if created {
        return Err(Error::new(Kind::Denied, "this role may not use pg_cron").hint(format!(
            "a superuser types: grant usage on schema cron to {}",
            hint::ident(&role_name()?)
        )));
    }
    match as_owner(|| first(CRON_DATABASE, &[], |row| row.get::<String>(1)))?.flatten() {
        None => Err(Error::new(Kind::Usage, "pg_cron is not loaded in this server").hint(
            "install it, then: alter system set shared_preload_libraries = 'pg_cron', restart the server, and: create extension pg_cron",
        )),
        Some(home) if home == here => {
            Err(Error::new(Kind::Usage, "pg_cron is loaded, but not created in this database")
                .hint("a superuser types: create extension pg_cron"))
        }
        Some(home) => Err(lives_elsewhere(&home, &here, schedule)?),
    }
}

/// An error where somebody has added functions to pg_cron's schema: one of them might be taken for pg_cron's.
fn genuine() -> Result<()> {
    if first(FUNCTIONS, &[], |row| row.int(1))? == Some(0) && usable()? {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, "schema cron holds functions or tables that are not pg_cron's")
        .detail("they might be called in the place of pg_cron's own")
        .hint("see them with: select oid::regprocedure, proowner::regrole from pg_proc where pronamespace = 'cron'::regnamespace"))
}

fn lives_elsewhere(home: &str, here: &str, schedule: &str) -> Result<Error> {
    let words = ["erp_sync", schedule, &command()?, here, &role_name()?].map(quote::quote_literal).join(", ");
    let message = format!("pg_cron lives in database \"{home}\", not in \"{here}\"");
    Ok(Error::new(Kind::Usage, message).hint(format!(
        "here: select sync_schedule(elsewhere => true); there, as a superuser: select cron.schedule_in_database({words})"
    )))
}

/// What a job runs: in the schema that is the extension's own, where nobody else can put something in its place.
fn command() -> Result<String> {
    Ok("call erp_sync.sync_auto()".into())
}

/// This cluster's identifier and database.
fn whereabouts() -> (i64, pg_sys::Oid) {
    // SAFETY: a plain read of the control file's copy in shared memory.
    (unsafe { pg_sys::GetSystemIdentifier() } as i64, database())
}

/// Notes that schedules of this database are meant for this cluster. As the owner.
fn come_home(own: String) -> Result<()> {
    let (system, database) = whereabouts();
    // A row for each role: what one has not committed yet is waited for by no other.
    let sql = "insert into erp_sync.home (system_identifier, database, role_id) values ($1, $2, $3)
               on conflict (role_id) do update set system_identifier = excluded.system_identifier,
                 database = excluded.database, confirmed_at = clock_timestamp()";
    execute(sql, &[value(system), value(database), value(own)]).map(drop)
}

/// An error when this database is a copy of the one where `sync_schedule()` was called.
pub fn at_home() -> Result<()> {
    let (system, database) = whereabouts();
    let sql =
        "select bool_or(h.system_identifier = $1), bool_or(h.system_identifier = $1 and h.database = $2)
               from erp_sync.home h having count(*) > 0";
    let arguments = [value(system), value(database)];
    let home = as_owner(|| first(sql, &arguments, |row| Ok((row.flag(1)?, row.flag(2)?))))?;
    let why = match home {
        Some((true, true)) => return Ok(()),
        Some((true, false)) => "sync_schedule() was called in the database that this is a copy of",
        // So it is after pg_upgrade, too.
        Some((false, _)) => "sync_schedule() was called in another cluster than this",
        None => "sync_schedule() was never called in this database",
    };
    Err(Error::new(Kind::Usage, format!("schedules are paused: {why}"))
        .detail("a copy would read the same remotes as the database it was copied from")
        .hint("start them here with: select sync_schedule()"))
}

/// One row of the view `erp_sync.schedule`.
pub struct Job {
    /// pg_cron's number.
    pub job_id: i64,
    /// When, in cron's words.
    pub schedule: String,
    /// As whom.
    pub role: String,
    /// Whether pg_cron runs it.
    pub active: bool,
    /// Start of its last run.
    pub last_run_at: Option<TimestampWithTimeZone>,
    /// `succeeded` or `failed`.
    pub last_state: Option<String>,
    /// What pg_cron noted.
    pub last_message: Option<String>,
}

/// The time zone of schedules; like the database, not everybody may look at it.
const ZONE: &str = "select coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT')";

const TICKS: &str = "
select j.schedule, (clock_timestamp() at time zone $1)::timestamp(0)::text
from cron.job j
where j.database = current_database() and j.active and j.command like '%sync_auto()%'";

/// When the jobs that call `sync_auto()` here begin.
#[derive(Default)]
pub struct Ticks {
    /// Schedules, each with the time it is now where they count.
    schedules: Vec<(String, NaiveDateTime)>,
    zone: String,
    /// Ticks looked up so far, each with the wait it was looked up for: it is the next one for every wait in between.
    found: RefCell<Vec<(f64, Tick)>>,
}

/// A moment at which a job begins, and in how many seconds that is.
type Tick = (TimestampWithTimeZone, f64);

/// The schedules that count; none without a job, and while schedules are paused.
pub fn ticks() -> Result<Ticks> {
    if at_home().is_err() {
        return Ok(Ticks::default());
    }
    let zone = as_owner(|| first(ZONE, &[], |row| row.text(1)))?.unwrap_or_default();
    let schedules = seen(|| query(TICKS, &[value(zone.clone())], |row| Ok((row.text(1)?, row.text(2)?))))?;
    let read = |now: String| NaiveDateTime::parse_from_str(&now, "%Y-%m-%d %H:%M:%S").ok();
    let schedules = schedules.into_iter().filter_map(|(schedule, now)| Some((schedule, read(now)?)));
    Ok(Ticks { schedules: schedules.collect(), zone, found: RefCell::default() })
}

impl Ticks {
    /// When the first of the jobs begins, so many seconds from now or later, and in how many seconds.
    pub fn next(&self, wait: f64) -> Result<Option<Tick>> {
        let wait = wait.ceil();
        let known = self
            .found
            .borrow()
            .iter()
            .find(|(from, tick)| *from <= wait && wait < tick.1)
            .map(|(_, tick)| *tick);
        if known.is_some() {
            return Ok(known);
        }
        let next = self.looked_up(wait)?;
        // The next tick of an interval in seconds depends on the moment it is counted from.
        if !self.schedules.iter().any(|(schedule, _)| is_of_seconds(schedule)) {
            self.found.borrow_mut().extend(next.map(|tick| (wait, tick)));
        }
        Ok(next)
    }

    fn looked_up(&self, wait: f64) -> Result<Option<Tick>> {
        let tick = |(schedule, now): &(String, NaiveDateTime)| {
            let from = now.checked_add_signed(TimeDelta::seconds(wait as i64))?;
            let tick = next_tick(schedule, from)?;
            Some((tick, (tick - *now).num_seconds() as f64))
        };
        let Some((tick, seconds)) = self.schedules.iter().filter_map(tick).min_by_key(|(tick, _)| *tick)
        else {
            return Ok(None);
        };
        let sql = "select $1::timestamp at time zone $2";
        let arguments = [value(tick.to_string()), value(self.zone.clone())];
        let at = first(sql, &arguments, |row| row.get::<TimestampWithTimeZone>(1))?.flatten();
        Ok(at.map(|at| (at, seconds)))
    }
}

const JOBS: &str = "
select j.jobid, j.schedule, j.username::text, j.active, d.start_time, d.status,
       case when r.oid is not null then d.return_message end
from cron.job j
left join pg_roles r on r.rolname = j.username and pg_has_role($1, r.oid, 'MEMBER')
left join lateral (select d.start_time, d.status, d.return_message from cron.job_run_details d
                   where d.jobid = j.jobid order by d.runid desc limit 1) d on true
where j.database = current_database() and j.command like '%sync_auto()%'
order by 1";

/// Whether pg_cron lives here and the current role may look into it.
fn usable() -> Result<bool> {
    for relation in ["job", "job_run_details"] {
        if first(MEMBERS, &[value(relation)], |row| row.flag(1))? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads pg_cron's tables as the current role; for a member of pg_monitor as the extension's owner, where that shows
/// more, because pg_cron shows a role its own jobs alone. Empty where pg_cron is not installed in this database, or may
/// not be read.
fn seen<R>(read: impl Fn() -> Result<Vec<R>>) -> Result<Vec<R>> {
    let read = || if usable()? { read() } else { Ok(Vec::new()) };
    let monitors = first("select pg_has_role('pg_monitor', 'USAGE')", &[], |row| row.flag(1))?;
    let all = if monitors == Some(true) { as_owner(read)? } else { Vec::new() };
    if all.is_empty() { read() } else { Ok(all) }
}

/// The jobs that call `sync_auto()` here, as far as the current role may see them; what they said, of those whose role
/// it may become.
pub fn jobs() -> Result<Vec<Job>> {
    let role = role();
    seen(|| {
        query(JOBS, &[value(role)], |row| {
            Ok(Job {
                job_id: row.int(1)?,
                schedule: row.text(2)?,
                role: row.text(3)?,
                active: row.flag(4)?,
                last_run_at: row.get(5)?,
                last_state: row.get(6)?,
                last_message: row.get(7)?,
            })
        })
    })
}
