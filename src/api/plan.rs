//! `sync_plan()`.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::argument::Text;
use super::{ENTITIES, required};
use crate::store;
use crate::store::call::{Call, Message, Wanted, WantedMode};
use crate::worker;

/// What a run would read: one row per stream. Writes nothing.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_plan(
    entity: Option<Text>,
    server: default!(Option<Text>, "NULL"),
    mode: default!(Option<Text>, "'incremental'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(entity, String),
            name!(stream, Option<String>),
            name!(mode, String),
            name!(reason, String),
            name!(rows, i64),
            name!(requests, i64),
            name!(seconds, f64),
        ),
    >,
    ErrorReport,
> {
    let wanted = Wanted {
        entity: required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?.to_string(),
        server: server.as_deref().map(str::to_string),
        mode: WantedMode::parse(required(mode.as_deref(), "mode")?)?,
        confirm: false,
    };
    store::wanted_servers(wanted.server.as_deref())?;
    worker::ready()?;
    let mut rows = Vec::new();
    worker::wait_for(Call::Plan(wanted), |message| {
        if let Message::Plan(p) = message {
            rows.push((p.server, p.entity, p.stream, p.mode, p.reason, p.rows, p.requests, p.seconds));
        }
    })?;
    Ok(TableIterator::new(rows))
}
