//! `sync_check()`.

use pgrx::prelude::*;

use super::argument::Text;
use crate::store::call::{Call, Message};
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;

/// Tries everything a sync needs: one row per server and aspect.
#[pg_extern]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity)]
fn sync_check(
    server: default!(Option<Text>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(server, String),
            name!(aspect, String),
            name!(status, String),
            name!(detail, String),
            name!(hint, Option<String>),
        ),
    >,
    ErrorReport,
> {
    worker::ready()?;
    let mut rows = Vec::new();
    worker::wait_for(Call::Check { server: server.as_deref().map(str::to_string) }, |message| {
        if let Message::Check(row) = message {
            rows.push((row.server, row.aspect, row.status, row.detail, row.hint));
        }
    })?;
    Ok(TableIterator::new(rows))
}
