//! `sync_entities()`, `sync_entity()`, `sync_version()`.

use pgrx::JsonB;
use pgrx::prelude::*;

use super::argument::Text;
use crate::entity::Entity;
use crate::error::{Error, Kind};
use crate::store;
use pgrx::pg_sys::panic::ErrorReport;

/// The entities that can be synced.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_entities() -> Result<
    TableIterator<
        'static,
        (
            name!(entity, String),
            name!(source, String),
            name!(about, String),
            name!(tables, Vec<String>),
            name!(objects, Vec<String>),
            name!(after, Vec<String>),
            name!(aliases, Vec<String>),
            name!(definer, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let entities = store::entities()?;
    Ok(TableIterator::new(entities.into_iter().map(|entity| {
        let tables = entity.streams.iter().map(|stream| stream.table.clone()).collect();
        let objects = entity.streams.iter().map(|stream| stream.object.clone()).collect();
        let Entity { name, source, about, after, aliases, definer, .. } = entity;
        (name, source, about, tables, objects, after, aliases, definer)
    })))
}

/// The manifest of an entity.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
fn sync_entity(name: Option<Text>) -> Result<JsonB, ErrorReport> {
    let entity = super::entity(
        super::required(name.as_deref(), "name").map_err(|error| error.hint(super::ENTITIES))?,
    )?;
    let json = serde_json::to_value(entity)
        .map_err(|error| Error::new(Kind::Internal, format!("the manifest cannot be written: {error}")))?;
    Ok(JsonB(json))
}

/// Version of the library.
#[pg_extern(immutable, parallel_safe)]
fn sync_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
