//! `sync_diff()` and `sync_repair()`.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, ereport};

use super::argument::Text;
use super::run::failure;
use super::{ENTITIES, required};
use crate::error::{Error, Kind, Result};
use crate::store;
use crate::store::call::{Call, DiffRow, Message, TaskRow, Wanted, WantedMode};
use crate::worker;

type Columns = (
    name!(server, String),
    name!(entity, String),
    name!(stream, String),
    name!(key, pgrx::JsonB),
    name!(differs, String),
    name!(source_updated_at, Option<TimestampWithTimeZone>),
    name!(stored_updated_at, Option<TimestampWithTimeZone>),
    name!(cause, Option<String>),
);

/// What a run of mode `verify` would mend: one row per row that differs from the remote's. What the
/// next incremental run brings is not among them. Writes nothing.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_diff(
    entity: Option<Text>,
    server: default!(Option<Text>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(entity, String),
            name!(stream, String),
            name!(key, pgrx::JsonB),
            name!(differs, String),
            name!(source_updated_at, Option<TimestampWithTimeZone>),
            name!(stored_updated_at, Option<TimestampWithTimeZone>),
            name!(cause, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let wanted = wanted(entity, server, WantedMode::Verify)?;
    worker::ready()?;
    let mut found = Vec::new();
    worker::wait_for(Call::Diff(wanted), |message| {
        if let Message::Diff(row) = message {
            found.push(row);
        }
    })?;
    Ok(TableIterator::new(columns(found)?))
}

/// Makes the tables of an entity what the remote says, whatever became of them here: reads everything, and gives a
/// row for each that differed.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_repair(
    entity: Option<Text>,
    server: default!(Option<Text>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(entity, String),
            name!(stream, String),
            name!(key, pgrx::JsonB),
            name!(differs, String),
            name!(source_updated_at, Option<TimestampWithTimeZone>),
            name!(stored_updated_at, Option<TimestampWithTimeZone>),
            name!(cause, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let wanted = wanted(entity, server, WantedMode::Repair)?;
    worker::ready_to_run()?;
    let (mut found, mut tasks) = (Vec::new(), Vec::new());
    worker::wait_for(Call::Run(wanted), |message| match message {
        Message::Diff(row) => found.push(row),
        Message::Task(task) => tasks.push(task),
        _ => (),
    })?;
    if let Some(error) = failure(&tasks).or_else(|| all_skipped(&tasks)) {
        return Err(error.into());
    }
    for task in tasks.iter().filter(|task| task.state == "skipped") {
        ereport!(
            NOTICE,
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("not repaired: {}", reason(task))
        );
    }
    Ok(TableIterator::new(columns(found)?))
}

/// An error where nothing was read: that nothing differs would be a lie.
fn all_skipped(tasks: &[TaskRow]) -> Option<Error> {
    let first = tasks.first().filter(|_| tasks.iter().all(|task| task.state == "skipped"))?;
    let error = Error::new(Kind::NotReady, format!("nothing was repaired: {}", reason(first)));
    Some(match &first.hint {
        Some(hint) => error.hint(hint.clone()),
        None => error.hint("see what runs with: select * from sync_progress()"),
    })
}

fn reason(task: &TaskRow) -> String {
    format!("{} from {}: {}", task.entity, task.server, task.error.as_deref().unwrap_or("skipped"))
}

fn wanted(entity: Option<Text>, server: Option<Text>, mode: WantedMode) -> Result<Wanted> {
    let entity = required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?.to_string();
    let server = server.as_deref().map(str::to_string);
    store::wanted_servers(server.as_deref())?;
    Ok(Wanted { entity, server, mode, confirm: false })
}

fn columns(found: Vec<DiffRow>) -> Result<Vec<Columns>> {
    let column = |row: DiffRow| {
        let key = serde_json::from_str(&row.key).unwrap_or_default();
        let (remote, here) = (store::moment(row.remote)?, store::moment(row.here)?);
        Ok((row.server, row.entity, row.stream, pgrx::JsonB(key), row.differs, remote, here, row.cause))
    };
    found.into_iter().map(column).collect()
}
