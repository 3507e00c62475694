//! `sync_diff()`.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::argument::Text;
use super::{ENTITIES, required};
use crate::store;
use crate::store::call::{Call, Message, Wanted, WantedMode};
use crate::worker;

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
        ),
    >,
    ErrorReport,
> {
    let wanted = Wanted {
        entity: required(entity.as_deref(), "entity").map_err(|error| error.hint(ENTITIES))?.to_string(),
        server: server.as_deref().map(str::to_string),
        mode: WantedMode::Verify,
        confirm: false,
    };
    store::wanted_servers(wanted.server.as_deref())?;
    worker::ready()?;
    let mut found = Vec::new();
    worker::wait_for(Call::Diff(wanted), |message| {
        if let Message::Diff(row) = message {
            found.push(row);
        }
    })?;
    let mut rows = Vec::new();
    for row in found {
        let difference = row.difference;
        let key = serde_json::to_value(&difference.key).unwrap_or_default();
        rows.push((
            row.server,
            row.entity,
            row.stream,
            pgrx::JsonB(key),
            difference.differs.word().to_string(),
            store::moment(difference.remote)?,
            store::moment(difference.here)?,
        ));
    }
    Ok(TableIterator::new(rows))
}
