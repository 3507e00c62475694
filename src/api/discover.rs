//! `sync_discover()`.

use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::argument::Text;
use super::required;
use crate::store;
use crate::store::call::{Call, DiscoverRow, Message};
use crate::worker;

type Columns = (
    name!(object, String),
    name!(field, Option<String>),
    name!(remote_type, String),
    name!(label, String),
    name!(column_type, Option<String>),
    name!(rows, Option<i64>),
    name!(entities, Vec<String>),
    name!(manifest, Option<JsonB>),
);

/// What a server holds; with `object` the fields of one object, and a manifest to start from.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_discover(
    server: Option<Text>,
    object: default!(Option<Text>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(object, String),
            name!(field, Option<String>),
            name!(remote_type, String),
            name!(label, String),
            name!(column_type, Option<String>),
            name!(rows, Option<i64>),
            name!(entities, Vec<String>),
            name!(manifest, Option<JsonB>),
        ),
    >,
    ErrorReport,
> {
    let server = required(server.as_deref(), "server")
        .map_err(|error| error.hint("see all servers with: select srvname from pg_foreign_server"))?;
    store::wanted_servers(Some(server))?;
    worker::ready()?;
    let mut rows: Vec<Columns> = Vec::new();
    let call = Call::Discover { server: server.to_string(), object: object.as_deref().map(str::to_string) };
    worker::wait_for(call, |message| {
        if let Message::Discover(row) = message {
            rows.push(columns(row));
        }
    })?;
    Ok(TableIterator::new(rows))
}

fn columns(row: DiscoverRow) -> Columns {
    let manifest = row.manifest.and_then(|json| serde_json::from_str(&json).ok()).map(JsonB);
    (row.object, row.field, row.kind, row.label, row.column_type, row.rows, row.entities, manifest)
}
