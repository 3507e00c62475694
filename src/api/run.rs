//! `sync_run()`, `sync_auto()`, `sync_cancel()`, `sync_reset()`.

use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, ereport, pg_sys};

use crate::entity::catalog;
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::store;
use crate::store::call::{Call, Message, Order, TaskRow, Wanted, WantedMode};
use crate::store::session::{Atomicity, may_write};
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;

use super::argument::Text;
use super::{ENTITIES, required};

type TaskColumns = (
    name!(run_id, i64),
    name!(server, Option<String>),
    name!(entity, String),
    name!(state, String),
    name!(fetched, i64),
    name!(inserted, i64),
    name!(updated, i64),
    name!(unchanged, i64),
    name!(left_out, i64),
    name!(rejected, i64),
    name!(duplicates, i64),
    name!(removed, i64),
    name!(waiting, i64),
    name!(duration_ms, Option<i64>),
    name!(error, Option<String>),
    name!(hint, Option<String>),
);

/// Syncs now. With `wait`, returns one row per task, and raises when one failed.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_run(
    entity: default!(Option<Text>, "'all'"),
    server: default!(Option<Text>, "NULL"),
    mode: default!(Option<Text>, "'incremental'"),
    wait: default!(Option<bool>, "true"),
    confirm: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(run_id, i64),
            name!(server, Option<String>),
            name!(entity, String),
            name!(state, String),
            name!(fetched, i64),
            name!(inserted, i64),
            name!(updated, i64),
            name!(unchanged, i64),
            name!(left_out, i64),
            name!(rejected, i64),
            name!(duplicates, i64),
            name!(removed, i64),
            name!(waiting, i64),
            name!(duration_ms, Option<i64>),
            name!(error, Option<String>),
            name!(hint, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let wanted = Wanted {
        entity: required(entity.as_deref(), "entity")?.to_string(),
        server: server.as_deref().map(str::to_string),
        mode: WantedMode::parse(required(mode.as_deref(), "mode")?)?,
        confirm: required(confirm, "confirm")?,
    };
    let wait = required(wait, "wait")?;
    if !wait {
        // Who waits is told by the worker: a look into the table of stored manifests would lock it
        // as long, and hold back who drops the extension meanwhile.
        catalog::resolve_on(&wanted.entity, wanted.server.as_deref(), &store::entities()?)?;
    }
    store::wanted_servers(wanted.server.as_deref())?;
    worker::ready_to_run()?;
    let rows = match wait {
        true => attended(wanted)?,
        false => unattended(wanted)?,
    };
    Ok(TableIterator::new(rows.into_iter().map(columns)))
}

fn attended(wanted: Wanted) -> Result<Vec<TaskRow>> {
    let mut rows = Vec::new();
    worker::wait_for(Call::Run(wanted), |message| keep(&mut rows, message))?;
    done(rows)
}

fn keep(rows: &mut Vec<TaskRow>, message: Message) {
    if let Message::Task(row) = message {
        rows.push(row);
    }
}

fn done(rows: Vec<TaskRow>) -> Result<Vec<TaskRow>> {
    match failure(&rows) {
        Some(error) => Err(error),
        None => Ok(rows),
    }
}

fn unattended(wanted: Wanted) -> Result<Vec<TaskRow>> {
    let order = Order { call: Call::Run(wanted.clone()), settings: Settings::current() };
    let may_start = worker::has_place()?;
    let run_id = store::queue(&order, &wanted, !may_start)?;
    if may_start {
        worker::start(run_id)?;
    }
    Ok(vec![TaskRow {
        run_id,
        server: wanted.server.unwrap_or_default(),
        entity: wanted.entity,
        state: "queued".into(),
        counts: [0; 9],
        duration_ms: None,
        error: None,
        kind: None,
        detail: None,
        hint: Some(format!("select * from erp_sync.history where run_id = {run_id}")),
        original: None,
    }])
}

fn columns(row: TaskRow) -> TaskColumns {
    let [fetched, inserted, updated, unchanged, left_out, rejected, duplicates, removed, waiting] =
        row.counts;
    (
        row.run_id,
        Some(row.server).filter(|server| !server.is_empty()),
        row.entity,
        row.state,
        fetched,
        inserted,
        updated,
        unchanged,
        left_out,
        rejected,
        duplicates,
        removed,
        waiting,
        row.duration_ms,
        row.error,
        row.hint,
    )
}

/// The error of a run in which a task failed, after a notice for every task; `None` when none did.
pub(super) fn failure(rows: &[TaskRow]) -> Option<Error> {
    let failed: Vec<&TaskRow> =
        rows.iter().filter(|row| row.state == "failed" || row.state == "cancelled").collect();
    let first = failed.first()?;
    if rows.len() > 1 {
        for row in rows {
            ereport!(NOTICE, PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, line(row));
        }
    }
    let message = first.error.clone().unwrap_or_else(|| first.state.clone());
    let kind = first.kind.unwrap_or(Kind::Local);
    let mut error = Error::new(kind, format!("{} from {}: {message}", first.entity, first.server));
    error.detail = first.detail.clone();
    error.hint = first.hint.clone();
    // Of several tasks each one's line has them.
    error.original = first.original.clone().filter(|_| rows.len() == 1);
    if failed.len() > 1 {
        error.message = format!("{} of {} tasks failed, first {}", failed.len(), rows.len(), error.message);
    }
    Some(error)
}

fn line(row: &TaskRow) -> String {
    let [fetched, inserted, updated, .., removed, _] = row.counts;
    let what = match (&row.error, &row.original) {
        (Some(error), Some(words)) => format!("{}: {error}: {words}", row.state),
        (Some(error), None) => format!("{}: {error}", row.state),
        (None, _) => format!("{fetched} fetched, {inserted} inserted, {updated} updated, {removed} removed"),
    };
    format!("{} from {}: {what}", row.entity, row.server)
}

/// Syncs what is due. For pg_cron, as a single statement: commits before it waits, so
/// that no snapshot is held meanwhile.
#[pg_extern(sql = "
CREATE PROCEDURE sync_auto() LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn sync_auto(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let atomicity = Atomicity::of(fcinfo)?;
    // A procedure that commits can have no settings of its own.
    let login = store::on_safe_path(|| {
        worker::ready_to_run()?;
        store::cron::at_home()?;
        worker::admitted()
    })?;
    atomicity.commit();
    let wanted = Wanted { entity: "all".into(), server: None, mode: WantedMode::Auto, confirm: false };
    let mut rows = Vec::new();
    worker::wait_as(login, Call::Run(wanted), |message| keep(&mut rows, message))?;
    done(rows)?;
    Ok(())
}

/// Stops a run within a second; what is committed stays. Returns whether it was running.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_cancel(run_id: Option<i64>) -> Result<bool, ErrorReport> {
    let run_id =
        required(run_id, "run_id").map_err(|error| error.hint("look at: select * from sync_progress()"))?;
    may_write()?;
    let found = store::cancel(run_id)?;
    Ok(found.ok_or_else(|| {
        Error::new(Kind::Usage, format!("there is no run {run_id} that this role may see"))
            .hint("look at: select * from sync_progress()")
    })?)
}

/// Forgets how far an entity is, so that the next run reads everything; rows stay
/// unless `truncate`. Returns how many streams were reset.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_reset(
    entity: Option<Text>,
    server: default!(Option<Text>, "NULL"),
    truncate: default!(Option<bool>, "false"),
) -> Result<i64, ErrorReport> {
    let name = required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?;
    let truncate = required(truncate, "truncate")?;
    may_write()?;
    let schema = Settings::current().target_schema;
    let entities = match name {
        "all" => store::entities()?,
        name => vec![super::entity(name)?],
    };
    let mut reset = 0;
    for entity in entities {
        reset += store::reset(&entity, server.as_deref(), truncate, &schema)?;
    }
    if reset == 0 && server.is_some() {
        store::wanted_servers(server.as_deref())?;
    }
    Ok(reset)
}
