//! `sync_entities()`, `sync_entity()`, `sync_version()`.

use pgrx::JsonB;
use pgrx::prelude::*;

use crate::entity::catalog;
use crate::error::{Error, Kind};
use pgrx::pg_sys::panic::ErrorReport;

/// The entities that can be synced.
#[pg_extern(stable)]
#[allow(clippy::type_complexity)]
fn sync_entities() -> TableIterator<
    'static,
    (
        name!(entity, String),
        name!(source, String),
        name!(about, String),
        name!(tables, Vec<String>),
        name!(objects, Vec<String>),
        name!(after, Vec<String>),
        name!(aliases, Vec<String>),
    ),
> {
    TableIterator::new(catalog::builtin().iter().map(|entity| {
        let tables = entity.streams.iter().map(|stream| stream.table.clone()).collect();
        let objects = entity.streams.iter().map(|stream| stream.object.clone()).collect();
        let (after, aliases) = (entity.after.clone(), entity.aliases.clone());
        (entity.name.clone(), entity.source.clone(), entity.about.clone(), tables, objects, after, aliases)
    }))
}

/// The manifest of an entity.
#[pg_extern(stable)]
fn sync_entity(name: Option<&str>) -> Result<JsonB, ErrorReport> {
    let entity = super::entity(super::required(name, "name").map_err(|error| error.hint(super::ENTITIES))?)?;
    let json = serde_json::to_value(entity)
        .map_err(|error| Error::new(Kind::Internal, format!("the manifest cannot be written: {error}")))?;
    Ok(JsonB(json))
}

/// Version of the library.
#[pg_extern(immutable, parallel_safe)]
fn sync_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
