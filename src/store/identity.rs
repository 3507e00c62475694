//! Whose rights a statement runs with: the extension's owner for the bookkeeping, the tables' owner for
//! business tables, the current role for everything else.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::session::tried;
use super::syscache;
use crate::error::{Error, Kind, Result};
use crate::report;

/// Runs `body` as the owner of the extension, who alone may write the bookkeeping.
/// The statements inside name everything with its schema, and take less time than compiling them would.
pub fn as_owner<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    let owner = extension_owner()?;
    // SAFETY: a plain read of a setting.
    let _jit = unsafe { pg_sys::jit_enabled }.then(|| Settings::pin(&[(c"jit", c"off")]));
    on_safe_path(|| {
        let _identity = Identity::assume(owner, pg_sys::SECURITY_LOCAL_USERID_CHANGE);
        body()
    })
}

/// Runs `body` as the owner of business tables, whose triggers, defaults and constraints run as nobody else. What they
/// change of this session is undone, and unless the owner may become whoever this session is for anyway, they may
/// change nothing that outlasts the statement. Row security is off: PostgreSQL then raises an error where it would
/// hide rows. Errors do not tell what a row holds.
pub fn as_tables_owner<R>(owner: pg_sys::Oid, name: &str, body: impl FnOnce() -> Result<R>) -> Result<R> {
    let restricted = !is_the_same(owner);
    let context = match restricted {
        true => pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION,
        false => pg_sys::SECURITY_LOCAL_USERID_CHANGE,
    };
    let _settings = Settings::pin(&[(c"row_security", c"off")]);
    let _path = (!is_safe_path()).then(|| Settings::pin(&[(c"search_path", SAFE_PATH)]));
    let _identity = Identity::assume(owner, context);
    tried(body, |error| report::of_tables(error, restricted.then_some(name)))
}

/// Runs `body`, which looks something up and runs nobody's code, as the owner of business tables.
pub fn as_looking_owner<R>(owner: pg_sys::Oid, body: impl FnOnce() -> Result<R>) -> Result<R> {
    let _identity = Identity::assume(owner, pg_sys::SECURITY_LOCAL_USERID_CHANGE);
    body()
}

/// Runs `body` where no name is looked for in a schema of the caller's: for a procedure that commits,
/// which can have no settings of its own.
pub fn on_safe_path<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    let _path = (!is_safe_path()).then(|| Settings::pin(&[(c"search_path", SAFE_PATH)]));
    body()
}

/// Runs `body`, which reads what the policies show the current role, whatever `row_security` says in its session.
pub fn under_policies<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    let _settings = Settings::pin(&[(c"row_security", c"on")]);
    body()
}

/// A worker has it anyway, and so have all functions but `sync_auto()`.
fn is_safe_path() -> bool {
    // SAFETY: on the main thread; the current path is a text that is only looked at.
    unsafe {
        let path = pg_sys::namespace_search_path;
        !path.is_null() && CStr::from_ptr(path) == SAFE_PATH
    }
}

/// The role this session acts as.
pub fn role() -> pg_sys::Oid {
    // SAFETY: a plain read.
    unsafe { pg_sys::GetUserId() }
}

/// Whether the current role may become another: what it may do by itself it may have done here.
pub fn may_become(other: pg_sys::Oid) -> bool {
    can_set(role(), other)
}

/// Whether the owner and everybody this session is for may each become the other: then a restriction would keep
/// nothing from anybody.
fn is_the_same(owner: pg_sys::Oid) -> bool {
    // SAFETY: plain reads.
    let all = unsafe { [pg_sys::GetUserId(), pg_sys::GetSessionUserId(), pg_sys::GetAuthenticatedUserId()] };
    all.into_iter().all(|one| can_set(one, owner) && can_set(owner, one))
}

/// Whether a role may become another, by itself or by `set role`.
pub(super) fn can_set(one: pg_sys::Oid, other: pg_sys::Oid) -> bool {
    // SAFETY: looks into the catalog, in a transaction.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::is_member_of_role(one, other)
    }
    // SAFETY: looks into the catalog, in a transaction.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::member_can_set_role(one, other)
    }
}

/// Errors: the extension is not there, or the library is of another version than what it finds in the database.
fn extension_owner() -> Result<pg_sys::Oid> {
    let library = env!("CARGO_PKG_VERSION");
    match syscache::extension(c"erp_sync") {
        Some((owner, version)) if version == library => Ok(owner),
        Some((_, version)) => Err(Error::new(
            Kind::Usage,
            format!(
                "the library is of version {library}, the extension in this database of version {version}"
            ),
        )
        .hint("a superuser types: alter extension erp_sync update; then start this session anew")),
        None => Err(gone()),
    }
}

/// What a worker says whose extension was dropped.
pub(super) fn gone() -> Error {
    Error::new(Kind::Cancelled, "the extension erp_sync is no longer there")
        .hint("create it again with: create extension erp_sync")
}

/// Where names without a schema are looked for: nowhere a caller could put something.
const SAFE_PATH: &CStr = c"pg_catalog, pg_temp";

/// Sets a setting of this session. In the current transaction.
pub(super) fn set(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    let (context, source) = (pg_sys::GucContext::PGC_USERSET, pg_sys::GucSource::PGC_S_SESSION);
    // SAFETY: on the main thread; the texts are copied.
    unsafe {
        pg_sys::set_config_option(name.as_ptr(), value.as_ptr(), context, source, action, true, 0, false);
    }
}

/// Settings that hold until this is dropped; whatever was set meanwhile is undone with them.
struct Settings(i32);

impl Settings {
    fn pin(settings: &[(&CStr, &CStr)]) -> Self {
        // SAFETY: on the main thread; `drop` ends the nesting that begins here.
        let level = unsafe { pg_sys::NewGUCNestLevel() };
        for (name, value) in settings {
            set(name, value, pg_sys::GucAction::GUC_ACTION_SAVE);
        }
        Settings(level)
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // SAFETY: the nesting that `pin` began.
        unsafe { pg_sys::AtEOXact_GUC(false, self.0) };
    }
}

/// Another user's identity until it is dropped (by an error's unwinding too).
struct Identity {
    user: pg_sys::Oid,
    context: i32,
}

impl Identity {
    fn assume(user: pg_sys::Oid, context: u32) -> Self {
        let (mut before, mut had) = (pg_sys::Oid::INVALID, 0);
        // SAFETY: plain reads and writes of this process's identity; the restriction
        // keeps the statements inside from changing it for longer.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut before, &mut had);
            pg_sys::SetUserIdAndSecContext(user, had | context as i32);
        }
        Identity { user: before, context: had }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        // SAFETY: restores what `assume` found.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
    }
}
