//! What is put aside in a table of the session until all of it is known. Keys that the remote may order in another way
//! than PostgreSQL: a full pass compares them with what is here once the last has come.

use super::sql::{execute, first, key_arrays, value};
use super::{Place, leftover, role_name};
use crate::engine::Sweep;
use crate::entity::{quote, statement};
use crate::error::{Error, Kind, Result};
use crate::source::{Key, hint};

/// Puts the keys of a stretch aside. Behind the last stretch gives those that are here and were in none. In the current
/// transaction.
pub(super) fn sweep(place: &Place<'_>, sweep: &Sweep) -> Result<Vec<Key>> {
    if sweep.after.is_none() {
        make(place, &statement::make_aside(place.stream))?;
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

/// Makes a table of the session, empty, that the owner of the business tables may read. In the current transaction.
///
/// Errors: [`Kind::Denied`] when the role may make none.
pub(super) fn make(place: &Place<'_>, sql: &str) -> Result<()> {
    let lacks = "select current_database()::text
                 where not has_database_privilege(current_user, current_database(), 'temporary')";
    if let Some(database) = first(lacks, &[], |row| row.text(1))? {
        return Err(denied(&database, &role_name()?));
    }
    let name = quote::qualified(statement::ASIDE, &place.table());
    execute(&format!("drop table if exists {name}"), &[])?;
    execute(sql, &[])?;
    let owner = quote::quote_ident(&place.target()?.owner_name);
    execute(&format!("grant select on {name} to {owner}"), &[])?;
    // What only looks belongs to no run.
    if place.run_id == 0 { Ok(()) } else { leftover::mark(&place.table(), place.run_id) }
}

fn denied(database: &str, role: &str) -> Error {
    let grant = format!("grant temporary on database {} to {}", hint::ident(database), hint::ident(role));
    Error::new(
        Kind::Denied,
        format!("role \"{role}\" may make no temporary tables in database \"{database}\""),
    )
    .detail("keys or rows are put aside in one until all of them are known")
    .hint(grant)
}
