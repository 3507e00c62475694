//! `sync_add()`.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::argument::{Text, Texts};
use super::required;
use super::run::failure;
use crate::engine::{Addition, Choice};
use crate::entity::quote::quote_literal;
use crate::source::hint;
use crate::store;
use crate::store::call::{Call, Message, TaskRow};
use crate::store::session::may_write;
use crate::worker;

type Columns =
    (name!(what, String), name!(chosen, String), name!(because, String), name!(change, Option<String>));

/// Brings one table, view or model of a server here: looks at it, defines an entity that reads it, and syncs that for
/// the first time. One row for each thing that was chosen.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_add(
    server: Option<Text>,
    object: Option<Text>,
    entity: default!(Option<Text>, "NULL"),
    key: default!(Option<Texts>, "NULL"),
    cursor: default!(Option<Text>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (name!(what, String), name!(chosen, String), name!(because, String), name!(change, Option<String>)),
    >,
    ErrorReport,
> {
    let server = required(server.as_deref(), "server")
        .map_err(|error| error.hint("see all servers with: select srvname from pg_foreign_server"))?;
    let object = required(object.as_deref(), "object").map_err(|error| error.hint(hint::models(server)))?;
    let addition = Addition {
        server: server.to_string(),
        object: object.to_string(),
        entity: entity.as_deref().map(str::to_string),
        key: key.map(|Texts(key)| key),
        cursor: cursor.as_deref().map(str::to_string),
    };
    may_write()?;
    store::wanted_servers(Some(server))?;
    worker::ready_to_run()?;
    let (mut rows, mut tasks): (Vec<Columns>, Vec<TaskRow>) = (Vec::new(), Vec::new());
    worker::wait_for(Call::Add(addition), |message| match message {
        Message::Chosen(Choice { what, chosen, because, change }) => {
            rows.push((what, chosen, because, change))
        }
        Message::Task(task) => tasks.push(task),
        _ => (),
    })?;
    let name = tasks.first().map(|task| quote_literal(&task.entity)).unwrap_or_default();
    let undo = format!("select sync_undefine({name})");
    if let Some(error) = failure(&tasks) {
        let hint = format!("{}; the entity is defined meanwhile, until: {undo}", error.hint_or_default());
        return Err(error.hint(hint).into());
    }
    let stored: i64 = tasks.iter().map(|task| task.counts.get(1).copied().unwrap_or_default()).sum();
    let took = tasks.iter().filter_map(|task| task.duration_ms).sum::<i64>();
    rows.push((
        "rows".into(),
        stored.to_string(),
        format!("stored in {took} ms; later runs and the schedule take it along until it is undefined; the table stays then"),
        Some(undo),
    ));
    Ok(TableIterator::new(rows))
}
