//! `sync_ready()`, `sync_require()`: the gate in front of reports.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::argument::Text;
use super::{ENTITIES, required};
use crate::guc::Settings;
use crate::store::gate;

/// Whether the first full pass of entities has finished, on one server or on all that give them.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
fn sync_ready(entity: Option<Text>, server: default!(Option<Text>, "NULL")) -> Result<bool, ErrorReport> {
    let names = required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?;
    Ok(gate::ready(names, server.as_deref(), &Settings::current().target_schema)?)
}

/// Raises `sync_not_ready`, with what is missing in DETAIL, unless [`sync_ready`] holds.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
fn sync_require(entity: Option<Text>, server: default!(Option<Text>, "NULL")) -> Result<(), ErrorReport> {
    let names = required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?;
    Ok(gate::require(names, server.as_deref(), &Settings::current().target_schema)?)
}
