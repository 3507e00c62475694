//! `erp_sync.role_id()`, `erp_sync.is_here()`, `erp_sync.oid_of()`: what the policies of the bookkeeping ask.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::store::{object_id, oid_of, role};

/// The current role's identity.
#[pg_extern(
    sql = "CREATE FUNCTION erp_sync.role_id() RETURNS text STABLE PARALLEL SAFE
           LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';",
    requires = ["bootstrap"]
)]
fn erp_sync_role_id() -> String {
    object_id(role())
}

/// Whether an identity is of this cluster and database.
#[pg_extern(
    sql = "CREATE FUNCTION erp_sync.is_here(id text) RETURNS boolean STABLE STRICT PARALLEL SAFE
           LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';",
    requires = ["bootstrap"]
)]
fn erp_sync_is_here(id: &str) -> bool {
    oid_of(id).is_some()
}

/// The OID of an identity; null when it is of another cluster or database.
#[pg_extern(
    sql = "CREATE FUNCTION erp_sync.oid_of(id text) RETURNS oid STABLE STRICT PARALLEL SAFE
           LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';",
    requires = ["bootstrap"]
)]
fn erp_sync_oid_of(id: &str) -> Option<pg_sys::Oid> {
    oid_of(id)
}
