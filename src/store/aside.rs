//! Keys that the remote may order in another way than PostgreSQL: a full pass puts them aside in a table of the session,
//! and compares them with what is here once the last has come.

use super::sql::{execute, key_arrays, value};
use super::{Place, leftover};
use crate::engine::Sweep;
use crate::entity::{quote, statement};
use crate::error::Result;
use crate::source::Key;

/// Puts the keys of a stretch aside. Behind the last stretch gives those that are here and were in none. In the current
/// transaction.
pub(super) fn sweep(place: &Place<'_>, sweep: &Sweep) -> Result<Vec<Key>> {
    if sweep.after.is_none() {
        begin(place)?;
    }
    let seen = key_arrays(&sweep.seen, place.stream.key.len());
    execute(&statement::put_keys_aside(place.stream), &seen)?;
    if sweep.through.is_some() {
        return Ok(Vec::new());
    }
    let sql = statement::unseen(place.stream, place.schema);
    let mut arguments = vec![value(place.tenant())];
    if place.task.entity.is_of_servers() {
        arguments.push(value(place.label()));
    }
    let unseen = place.query(&[&place.stream.table], &sql, &arguments, |row| row.key(1))?;
    execute(&format!("drop table {}", quote::qualified(statement::ASIDE, &place.table())), &[])?;
    Ok(unseen)
}

/// Makes the table, empty; the owner of the business tables may read it.
fn begin(place: &Place<'_>) -> Result<()> {
    let name = quote::qualified(statement::ASIDE, &place.table());
    execute(&format!("drop table if exists {name}"), &[])?;
    execute(&statement::make_aside(place.stream), &[])?;
    let owner = quote::quote_ident(&place.target()?.owner_name);
    execute(&format!("grant select on {name} to {owner}"), &[])?;
    // What only looks belongs to no run.
    if place.run_id == 0 { Ok(()) } else { leftover::mark(&place.table(), place.run_id) }
}
