//! `sync_schedule()`, `sync_unschedule()` and what the view `erp_sync.schedule` shows.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::argument::Text;
use crate::store::{cron, session};
use pgrx::pg_sys::panic::ErrorReport;

/// Makes or changes the pg_cron job that calls `sync_auto()` as the current role, and gives
/// its number. With `elsewhere` the job is made by hand in the database pg_cron lives in.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_schedule(
    schedule: default!(Option<Text>, "'0 */2 * * *'"),
    elsewhere: default!(Option<bool>, "false"),
) -> Result<Option<i64>, ErrorReport> {
    let schedule = super::required(schedule.as_deref(), "schedule")?;
    session::may_write()?;
    match super::required(elsewhere, "elsewhere")? {
        true => Ok(cron::schedule_elsewhere().map(|()| None)?),
        false => Ok(cron::schedule(schedule).map(Some)?),
    }
}

/// Removes the current role's job. Returns whether there was one.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_unschedule() -> Result<bool, ErrorReport> {
    session::may_write()?;
    Ok(cron::unschedule()?)
}

/// The jobs that call `sync_auto()` in this database; none without pg_cron.
#[pg_extern(volatile)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_schedules() -> Result<
    TableIterator<
        'static,
        (
            name!(job_id, i64),
            name!(schedule, String),
            name!(role, String),
            name!(active, bool),
            name!(last_run_at, Option<TimestampWithTimeZone>),
            name!(last_state, Option<String>),
            name!(last_message, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let jobs = cron::jobs()?;
    Ok(TableIterator::new(
        jobs.into_iter()
            .map(|j| (j.job_id, j.schedule, j.role, j.active, j.last_run_at, j.last_state, j.last_message)),
    ))
}
