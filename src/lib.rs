//! erp_sync keeps Odoo and SQL Server business data in local PostgreSQL tables.
//!
//! The pure half (errors, entities, sources, engine) knows no PostgreSQL; the
//! other half is behind the feature `pg`.

pub mod engine;
pub mod entity;
pub mod error;
pub mod source;

#[cfg(feature = "pg")]
mod pg {
    pgrx::pg_module_magic!();

    /// Version of the library.
    #[pgrx::pg_extern]
    fn sync_version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
