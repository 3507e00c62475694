//! What waits, as a list: rows for a partner, removals for somebody to confirm them.

use std::collections::HashMap;

use pgrx::datum::TimestampWithTimeZone;

use super::sql::{Row, query};
use super::tables;
use crate::entity::quote;
use crate::error::Result;

/// One row of `sync_waiting()`.
pub struct Waiting {
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// Table of the stream.
    pub stream: String,
    /// Key of the row, as JSON.
    pub key: String,
    /// What it waits for.
    pub reason: String,
    /// The code or id that has no partner.
    pub value: Option<String>,
    /// Since when.
    pub since: Option<TimestampWithTimeZone>,
}

const REMOVALS: &str = "
select c.server, c.entity, c.stream, c.key::text, 'removal: ' || c.reason, null::text, c.found_at
from erp_sync.candidate c
order by c.server, c.entity, c.stream, c.key";

/// Everything that waits and that the current role may see. In the current transaction.
pub fn waiting(schema: &str) -> Result<Vec<Waiting>> {
    let mut all = query(REMOVALS, &[], read)?;
    if let Some(table) = readable(schema)? {
        let sql = format!(
            "select w.server, w.entity, w.stream, w.row_key, w.reason, w.value, w.waiting_since
             from {table} w order by 1, 2, 3, 4"
        );
        all.extend(query(&sql, &[], read)?);
    }
    Ok(all)
}

/// How many rows wait for a partner, by server and entity. In the current transaction.
pub fn counts(schema: &str) -> Result<HashMap<(String, String), i64>> {
    let Some(table) = readable(schema)? else { return Ok(HashMap::new()) };
    let sql = format!("select w.server, w.entity, count(*) from {table} w group by 1, 2");
    let counts = query(&sql, &[], |row| Ok(((row.text(1)?, row.text(2)?), row.int(3)?)))?;
    Ok(counts.into_iter().collect())
}

/// The table of rows that wait, where there is one that the current role may read.
pub(super) fn readable(schema: &str) -> Result<Option<String>> {
    let may = tables::readable(schema, "waiting")?;
    Ok(Some(quote::qualified(schema, "waiting")).filter(|_| may))
}

fn read(row: &Row<'_>) -> Result<Waiting> {
    Ok(Waiting {
        server: row.text(1)?,
        entity: row.text(2)?,
        stream: row.text(3)?,
        key: row.text(4)?,
        reason: row.text(5)?,
        value: row.get(6)?,
        since: row.get(7)?,
    })
}
