//! The handler of both foreign data wrappers. Their servers are read by syncs, not by foreign tables: who tries one, or
//! IMPORT FOREIGN SCHEMA, is told the line that brings a table here.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::entity::quote::quote_literal;
use crate::error::{Error, Kind};

/// Gives PostgreSQL what it calls for a foreign table: refusals. It calls nothing else before `GetForeignRelSize`
/// (`optimizer/path/allpaths.c`) where it reads or changes rows, and refuses by itself to insert where a wrapper has no
/// function for it.
#[pg_extern(sql = "
CREATE FUNCTION erp_sync_handler() RETURNS fdw_handler LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn erp_sync_handler() -> pgrx::datum::Internal {
    // SAFETY: a node of that size, which PostgreSQL frees with its memory context; all its members may be null.
    let routine = unsafe {
        let routine = pgrx::PgBox::<pg_sys::FdwRoutine>::alloc_node(pg_sys::NodeTag::T_FdwRoutine);
        let routine = routine.into_pg();
        (*routine).GetForeignRelSize = Some(refuse_table);
        (*routine).ImportForeignSchema = Some(refuse_import);
        routine
    };
    pgrx::datum::Internal::from(Some(pg_sys::Datum::from(routine)))
}

#[pg_guard]
extern "C-unwind" fn refuse_table(
    _root: *mut pg_sys::PlannerInfo,
    _relation: *mut pg_sys::RelOptInfo,
    table: pg_sys::Oid,
) {
    // SAFETY: a foreign table, whose server is there as long as it.
    let server = unsafe { (*pg_sys::GetForeignTable(table)).serverid };
    refuse("a foreign table of it cannot be read", server, "'...'");
}

#[pg_guard]
extern "C-unwind" fn refuse_import(
    statement: *mut pg_sys::ImportForeignSchemaStmt,
    server: pg_sys::Oid,
) -> *mut pg_sys::List {
    // SAFETY: the statement and its texts live as long as it is executed.
    let schema = unsafe { std::ffi::CStr::from_ptr((*statement).remote_schema) }.to_string_lossy();
    refuse("no schema can be imported from it", server, &quote_literal(&format!("{schema}.NAME")));
    std::ptr::null_mut()
}

/// Raises the error.
fn refuse(what: &str, server: pg_sys::Oid, object: &str) {
    // SAFETY: a server that the statement names, and its name.
    let name = unsafe { std::ffi::CStr::from_ptr((*pg_sys::GetForeignServer(server)).servername) };
    let name = name.to_string_lossy();
    let error = Error::new(Kind::Usage, format!("server \"{name}\" is synced into tables: {what}"))
        .detail("erp_sync keeps a copy here, which is read as any table")
        .hint(format!(
            "bring a table, view or model here with: select * from sync_add({0}, {object}); see what there is with: \
             select object from sync_discover({0})",
            quote_literal(&name)
        ));
    ErrorReport::from(error).report(pgrx::PgLogLevel::ERROR);
}
