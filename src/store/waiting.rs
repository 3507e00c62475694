//! What waits, as a list: rows for a partner, removals for somebody to confirm them.

use pgrx::datum::TimestampWithTimeZone;

use super::identity::under_policies;
use super::object_id::object_id;
use super::sql::{Row, query, value};
use super::target::{Tables, Target, Use};
use crate::entity::{derive, quote};
use crate::error::{Kind, Result};

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

/// Rows that wait in the tables of links that the current role sees.
const PARTNERS: &str = "
select l.server, w.entity, w.stream, w.row_key, w.reason, w.value, w.waiting_since
from {table} w join unnest($1::text[], $2::text[]) as l(label, server) on l.label = w.server
order by 1, 2, 3, 4";

const LINKS: &str = "
select l.label, l.server from erp_sync.link l
where l.schema_id = $1";

/// Everything that waits and that the current role may see: rows that wait are read from a business table, so by who
/// may become its owner. In the current transaction.
pub fn waiting(schema: &str) -> Result<Vec<Waiting>> {
    let mut all = under_policies(|| query(REMOVALS, &[], read))?;
    // Who may not become the owner sees how many there are, in sync_status().
    let Ok(Some(target)) = Target::find(schema) else { return Ok(all) };
    let own = || [value(object_id(target.oid))];
    let links = under_policies(|| query(LINKS, &own(), |row| Ok((row.text(1)?, row.text(2)?))))?;
    let tables = Tables::default();
    // What somebody else called so is no list of rows that wait.
    let is_there = match tables.open(schema, "waiting", Use::Read, derive::table("waiting")) {
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => false,
        is_there => is_there?,
    };
    if links.is_empty() || !is_there {
        return Ok(all);
    }
    let (labels, servers): (Vec<String>, Vec<String>) = links.into_iter().unzip();
    let sql = PARTNERS.replace("{table}", &quote::qualified(schema, "waiting"));
    let arguments = [value(labels), value(servers)];
    all.extend(target.run(|| query(&sql, &arguments, read))?);
    tables.unchanged(schema)?;
    Ok(all)
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
