//! Validators of the foreign data wrappers: options are checked at DDL time.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::hidden;
use crate::error::{Error, Kind, Result};
use crate::guc;
use crate::source::options::{self, Catalog, Readers};
use crate::store;
use pgrx::pg_sys::panic::ErrorReport;

/// Checks the options of a server or user mapping of the wrapper `odoo`.
#[pg_extern]
fn erp_sync_odoo_validator(
    options: Vec<Option<String>>,
    catalog: pg_sys::Oid,
    fcinfo: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    validate("odoo", options, catalog, fcinfo)
}

/// Checks the options of a server or user mapping of the wrapper `sqlserver`.
#[pg_extern]
fn erp_sync_sqlserver_validator(
    options: Vec<Option<String>>,
    catalog: pg_sys::Oid,
    fcinfo: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    validate("sqlserver", options, catalog, fcinfo)
}

fn validate(
    wrapper: &str,
    options: Vec<Option<String>>,
    catalog: pg_sys::Oid,
    fcinfo: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    check(wrapper, options, catalog).map_err(|error| {
        if hidden::is_called_by_ddl(fcinfo) {
            hidden::hide_statement_of_next_error();
        }
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
    let value = |name: &str| pairs.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str());
    let hosts = guc::allowed_hosts();
    options::hosts(value).iter().try_for_each(|(_, host, port)| hosts.admit(host, *port))?;
    pairs.iter().try_for_each(|(name, _)| may_set(name))?;
    match value("password_file") {
        Some(_) => store::files::mapping_may_hold_file(),
        None => Ok(()),
    }
}

/// The file is read as the operating system user that runs PostgreSQL.
fn may_set(option: &str) -> Result<()> {
    match options::readers(option) {
        Some(Readers::Superusers) if !store::files::is_superuser() => {
            Err(Error::new(Kind::Denied, format!("only a superuser may set option \"{option}\""))
                .detail("the file is read as the operating system user that runs PostgreSQL")
                .hint("set the option password instead"))
        }
        Some(Readers::FileReaders) if !store::files::reads_files() => {
            let message = "only superusers and members of pg_read_server_files may set option";
            Err(Error::new(Kind::Denied, format!("{message} \"{option}\""))
                .detail("the file is read as the operating system user that runs PostgreSQL")
                .hint("give the certificates themselves: alter server ... options (drop ca_file, add ca '-----BEGIN CERTIFICATE----- ...')"))
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
