//! `sync_define()`, `sync_undefine()`, `sync_configure()`.

use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, ereport};

use super::argument::{Json, Text};
use super::{ENTITIES, required};
use crate::entity::open::Open;
use crate::error::{Error, Kind, Result};
use crate::store::call::{Call, Message};
use crate::store::{self, session};
use crate::worker;

/// Stores a manifest for the current role, or what it adds to a built-in entity; gives the
/// entity's name.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_define(manifest: Option<Json>) -> Result<String, ErrorReport> {
    let Json(manifest) = required(manifest, "manifest")
        .map_err(|error| error.hint("start from one that is there: select sync_entity('contacts')"))?;
    session::may_write()?;
    let manifest = match Open::of(&manifest) {
        Some(_) => completed(manifest.to_string())?,
        None => manifest.to_string(),
    };
    Ok(store::define(&manifest)?)
}

/// The manifest with the columns that it leaves open, as a server has them.
fn completed(manifest: String) -> Result<String> {
    worker::ready()?;
    let mut found = None;
    worker::wait_for(Call::Complete(manifest), |message| {
        if let Message::Completed { manifest, server } = message {
            found = Some((manifest, server));
        }
    })?;
    let (manifest, server) =
        found.ok_or_else(|| Error::new(Kind::Internal, "the manifest was not completed"))?;
    ereport!(
        NOTICE,
        PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
        format!("columns are as server \"{server}\" has them")
    );
    Ok(manifest)
}

/// Removes a stored manifest; the tables it filled stay.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_undefine(name: Option<Text>) -> Result<(), ErrorReport> {
    let name = required(name.as_deref(), "name").map_err(|error| error.hint(ENTITIES))?;
    session::may_write()?;
    Ok(store::undefine(name)?)
}

/// Changes the current role's settings of an entity (or of `all`), for one server or for all,
/// and gives those that are then set; a null takes one back.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
fn sync_configure(
    entity: Option<Text>,
    settings: Option<Json>,
    server: default!(Option<Text>, "NULL"),
) -> Result<JsonB, ErrorReport> {
    let name = required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?;
    let Json(changes) = required(settings, "settings")
        .map_err(|error| error.hint("see what is set with: select sync_configure('all', '{}')"))?;
    let entity = match name {
        "all" => None,
        name => Some(super::entity(name)?),
    };
    Ok(JsonB(store::configure(entity.as_ref(), &changes, server.as_deref())?))
}
