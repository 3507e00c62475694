//! `sync_status()`, `sync_progress()`.

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::guc::Settings;
use crate::store;
use crate::store::{cron, reading};
use pgrx::pg_sys::panic::ErrorReport;

/// One row per server and entity.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_status() -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(entity, String),
            name!(state, String),
            name!(last_success_at, Option<TimestampWithTimeZone>),
            name!(lag, Option<Interval>),
            name!(synced_to, Option<TimestampWithTimeZone>),
            name!(rows, i64),
            name!(rejected, i64),
            name!(waiting, i64),
            name!(next_due_at, Option<TimestampWithTimeZone>),
            name!(next_mode, Option<String>),
            name!(last_error, Option<String>),
            name!(hint, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let ticks = cron::ticks()?;
    let (entities, configured) = (store::entities()?, store::Configured::load()?);
    let mut servers = store::with_links(store::visible()?, &Settings::current().target_schema)?;
    servers.retain(|(server, link)| server.is_meant(*link));
    let asked = reading::entities_of(&servers, &entities, &configured)?;
    let rows = reading::statuses(&asked, &ticks)?;
    Ok(TableIterator::new(rows.into_iter().map(|s| {
        (
            s.server,
            s.entity,
            s.state,
            s.last_success_at,
            s.lag,
            s.synced_to,
            s.rows,
            s.rejected,
            s.waiting,
            s.next_due_at,
            s.next_mode,
            s.last_error,
            s.hint,
        )
    })))
}

/// One row per task that is running.
#[pg_extern(volatile)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_progress() -> Result<
    TableIterator<
        'static,
        (
            name!(run_id, i64),
            name!(server, String),
            name!(entity, String),
            name!(stream, Option<String>),
            name!(done, i64),
            name!(expected, Option<i64>),
            name!(percent, Option<f64>),
            name!(rows_per_second, Option<f64>),
            name!(eta, Option<Interval>),
        ),
    >,
    ErrorReport,
> {
    let rows = reading::progress()?;
    Ok(TableIterator::new(rows.into_iter().map(|p| {
        (p.run_id, p.server, p.entity, p.stream, p.done, p.expected, p.percent, p.rows_per_second, p.eta)
    })))
}
