//! erp_sync keeps Odoo and SQL Server business data in local PostgreSQL tables:
//! incrementally, exactly, and from inside the database.
//!
//! The pure half knows no PostgreSQL and compiles without it.

pub mod engine;
pub mod entity;
pub mod error;
mod heap;
pub mod source;

#[cfg(feature = "pg")]
mod api;
#[cfg(feature = "pg")]
mod guc;
#[cfg(feature = "pg")]
mod report;
#[cfg(feature = "pg")]
mod store;
#[cfg(feature = "pg")]
mod worker;

#[cfg(feature = "pg")]
mod extension {
    use pgrx::prelude::*;

    pgrx::pg_module_magic!();

    extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap", bootstrap);
    extension_sql_file!(
        "../sql/policies.sql",
        name = "policies",
        requires = [
            "bootstrap",
            api::object_id::erp_sync_role_id,
            api::object_id::erp_sync_is_here,
            api::object_id::erp_sync_oid_of
        ]
    );
    extension_sql_file!(
        "../sql/views.sql",
        name = "views",
        requires = [
            "bootstrap",
            api::status::sync_status,
            api::status::sync_progress,
            api::schedule::sync_schedules,
            api::waiting::sync_waiting
        ]
    );
    extension_sql_file!("../sql/finalize.sql", name = "finalize", finalize);

    /// Called by PostgreSQL when the library is loaded.
    #[pg_guard]
    extern "C-unwind" fn _PG_init() {
        crate::guc::define();
    }
}
