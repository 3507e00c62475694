//! `sync_waiting()`, which the view `erp_sync.waiting` shows.

use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::guc::Settings;
use crate::store;

/// Rows that wait for a partner row, and removals that wait for confirmation.
#[pg_extern(stable)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_waiting() -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(entity, String),
            name!(stream, String),
            name!(key, JsonB),
            name!(reason, String),
            name!(value, Option<String>),
            name!(since, Option<TimestampWithTimeZone>),
        ),
    >,
    ErrorReport,
> {
    let rows = store::waiting(&Settings::current().target_schema)?;
    Ok(TableIterator::new(rows.into_iter().map(|w| {
        let key = serde_json::from_str(&w.key).unwrap_or_default();
        (w.server, w.entity, w.stream, JsonB(key), w.reason, w.value, w.since)
    })))
}
