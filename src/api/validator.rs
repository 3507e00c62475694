//! Validators of the foreign data wrappers: options are checked at DDL time.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{Error, Kind, Result};
use crate::source::options::{self, Catalog};
use pgrx::pg_sys::panic::ErrorReport;

/// Checks the options of a server or user mapping of the wrapper `odoo`.
#[pg_extern]
fn erp_sync_odoo_validator(options: Vec<Option<String>>, catalog: pg_sys::Oid) -> Result<(), ErrorReport> {
    validate("odoo", options, catalog)
}

/// Checks the options of a server or user mapping of the wrapper `sqlserver`.
#[pg_extern]
fn erp_sync_sqlserver_validator(
    options: Vec<Option<String>>,
    catalog: pg_sys::Oid,
) -> Result<(), ErrorReport> {
    validate("sqlserver", options, catalog)
}

fn validate(wrapper: &str, options: Vec<Option<String>>, catalog: pg_sys::Oid) -> Result<(), ErrorReport> {
    check(wrapper, options, catalog).map_err(|error| {
        hide_statement();
        error.into()
    })
}

fn check(wrapper: &str, options: Vec<Option<String>>, catalog: pg_sys::Oid) -> Result<()> {
    let catalog = match catalog {
        pg_sys::ForeignServerRelationId => Catalog::Server,
        pg_sys::UserMappingRelationId => Catalog::UserMapping,
        _ => Catalog::Wrapper,
    };
    let pairs: Vec<(String, String)> = options.into_iter().flatten().map(split).collect();
    options::validate(wrapper, catalog, &pairs)?;
    match pairs.iter().find(|(name, _)| options::superuser_only(name)) {
        // SAFETY: a plain read.
        Some((name, _)) if !unsafe { pg_sys::superuser() } => {
            Err(Error::new(Kind::Denied, format!("only a superuser may set option \"{name}\""))
                .detail("the file is read as the operating system user that runs PostgreSQL")
                .hint("set the option password instead"))
        }
        _ => Ok(()),
    }
}

/// An option as PostgreSQL stores it: `name=value`.
fn split(option: String) -> (String, String) {
    match option.split_once('=') {
        Some((name, value)) => (name.to_string(), value.to_string()),
        None => (option, String::new()),
    }
}

/// Keeps the statement, which may hold a password, out of the server's log.
fn hide_statement() {
    // SAFETY: the log takes the statement's text from here and skips it when null;
    // it is set anew with the next statement.
    unsafe { pg_sys::debug_query_string = std::ptr::null() };
}
