//! Who may have the database server read a file for an option.

use pgrx::{is_a, pg_sys};

use super::sql::{first, value};
use crate::error::{Error, Kind, Result};
use crate::source::files;
use crate::source::hint;

/// Whether the current role is a superuser.
pub fn is_superuser() -> bool {
    // SAFETY: a plain look-up.
    unsafe { pg_sys::superuser() }
}

/// Whether the current role may read files of the database server.
pub fn reads_files() -> bool {
    let readers = pg_sys::Oid::from(pg_sys::ROLE_PG_READ_SERVER_FILES);
    // SAFETY: plain look-ups; a superuser has every role's privileges.
    unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), readers) }
}

/// Refuses a user mapping with a `password_file` where the statement names a server that no superuser
/// owns: its owner could point it at himself. In a function the statement does not show; there, as
/// everywhere, the use of the file is refused.
pub fn mapping_may_hold_file() -> Result<()> {
    // SAFETY: the server was looked up in memory of the statement.
    match unsafe { server_of_statement().as_ref().map(|server| pg_sys::superuser_arg(server.owner)) } {
        Some(false) => Err(foreign_password_file("the mapped server")),
        _ => Ok(()),
    }
}

/// The server of the user mapping that is being made or changed; null where that cannot be told.
fn server_of_statement() -> *mut pg_sys::ForeignServer {
    let none = std::ptr::null_mut();
    // SAFETY: the portal that is running and its statements live as long as the statement does.
    unsafe {
        let statements = pg_sys::ActivePortal.as_ref().and_then(|portal| portal.stmts.as_ref());
        let Some(pg_sys::List { length: 1, elements, .. }) = statements else { return none };
        let planned = (**elements).ptr_value.cast::<pg_sys::PlannedStmt>();
        match planned.as_ref().map(|planned| planned.utilityStmt) {
            Some(statement) if !statement.is_null() => server_of(statement),
            _ => none,
        }
    }
}

/// # Safety
///
/// The statement is a node.
unsafe fn server_of(statement: *mut pg_sys::Node) -> *mut pg_sys::ForeignServer {
    // SAFETY: nodes are cast by their tags.
    unsafe {
        let name = if is_a(statement, pg_sys::NodeTag::T_CreateUserMappingStmt) {
            (*statement.cast::<pg_sys::CreateUserMappingStmt>()).servername
        } else if is_a(statement, pg_sys::NodeTag::T_AlterUserMappingStmt) {
            (*statement.cast::<pg_sys::AlterUserMappingStmt>()).servername
        } else {
            return std::ptr::null_mut();
        };
        pg_sys::GetForeignServerByName(name, true)
    }
}

const OWNER: &str = "
select r.rolsuper, pg_catalog.pg_has_role(r.oid, 'pg_read_server_files', 'USAGE')
from pg_catalog.pg_foreign_server s
join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) s.srvowner
where s.srvname operator(pg_catalog.=) $1";

/// Refuses a `ca_file` whose server's owner may not read files himself. In the current transaction.
pub fn owner_reads_files(server: &str) -> Result<()> {
    let owner = first(OWNER, &[value(server.to_string())], |row| row.flag(2))?;
    match owner {
        Some(true) => Ok(()),
        _ => {
            let message = format!(
                "option \"ca_file\" of server \"{server}\" is for superusers and pg_read_server_files"
            );
            let drop = format!(
                "alter server {} options (drop ca_file, add ca '{}')",
                hint::ident(server),
                hint::CERTIFICATE
            );
            Err(Error::new(Kind::Denied, message)
                .detail("the server's owner is neither a superuser nor a member of pg_read_server_files")
                .hint(format!("give the certificates themselves: {drop}")))
        }
    }
}

/// The content of the password file of a server's mapping. In the current transaction.
pub fn password(file: &str, server: &str) -> Result<String> {
    let owner = first(OWNER, &[value(server.to_string())], |row| row.flag(1))?;
    if owner != Some(true) {
        return Err(foreign_password_file(&format!("server \"{server}\"")));
    }
    let text = files::read(file).and_then(|content| String::from_utf8(content).ok()).ok_or_else(|| {
        Error::new(Kind::Config, format!("the password file of server \"{server}\" is no usable file"))
            .detail("it is a regular file of at most 1 MB, a text, that the operating system user of PostgreSQL may read")
            .hint("name another one: alter user mapping for ... options (set password_file '/...')")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}

fn foreign_password_file(server: &str) -> Error {
    Error::new(
        Kind::Denied,
        format!("a password_file is only for servers that a superuser owns, and {server} is not one"),
    )
    .detail("whoever owns the server decides where the content of the file is sent")
    .hint("set the option password instead, or: alter server ... owner to a superuser")
}
