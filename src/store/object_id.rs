//! Identities of servers, schemas and roles that no other object of this or another database ever has. A name
//! outlives what it names, and an OID means nothing in a copy of the database.

use pgrx::pg_sys;

/// Cluster, database and OID: `7301/16384/16402`.
pub fn object_id(oid: pg_sys::Oid) -> String {
    format!("{}{}", here(), oid.to_u32())
}

/// The OID of an object of this database; `None` when the identity is of another one.
pub fn oid_of(id: &str) -> Option<pg_sys::Oid> {
    id.strip_prefix(&here())?.parse::<u32>().ok().map(pg_sys::Oid::from)
}

/// This cluster and database, with which every identity of its own begins.
fn here() -> String {
    // SAFETY: plain reads of shared memory and of this process's state.
    let (cluster, database) = unsafe { (pg_sys::GetSystemIdentifier(), pg_sys::MyDatabaseId) };
    format!("{cluster}/{}/", database.to_u32())
}
