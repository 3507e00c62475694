//! Transactions and identities of a background worker.

use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::sql::first;
use crate::error::{Error, Kind, Result};
use crate::report;

/// How long a lock is waited for, where nothing else is said.
pub const LOCK_TIMEOUT: &str = "2s";

/// Settings of a worker's session. Scans are bent to nested loops because every
/// statement of a batch meets a big table with a few thousand keys, and statistics
/// of a table that grows fast mislead the planner; `jit` is off because disabled
/// plan types would switch it on.
const PINS: &[&str] = &[
    "set search_path to pg_catalog, pg_temp",
    "set default_transaction_isolation to 'read committed'",
    "set default_transaction_read_only to off",
    "set default_transaction_deferrable to off",
    "set jit to off",
    "set DateStyle to 'ISO, YMD'",
    "set IntervalStyle to 'postgres'",
    "set TimeZone to 'UTC'",
    "set quote_all_identifiers to off",
    "set statement_timeout to 0",
    "set idle_in_transaction_session_timeout to 0",
    // From PostgreSQL 17 on.
    "select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'",
    "set enable_hashjoin to off",
    "set enable_mergejoin to off",
    "set enable_seqscan to off",
    "set application_name to 'erp_sync'",
];

/// Pins the settings of a worker's session, once, after it has connected.
pub fn pin() -> Result<()> {
    transaction(|| {
        for pin in PINS {
            run(pin)?;
        }
        run(&format!("set lock_timeout to '{LOCK_TIMEOUT}'"))
    })
}

fn run(sql: &str) -> Result<()> {
    Spi::run(sql).map_err(spi)
}

/// An SPI error (which is not a statement's error: those are raised) as one of ours.
pub fn spi(error: pgrx::spi::Error) -> Error {
    Error::new(Kind::Internal, format!("unexpected answer of a statement: {error}"))
}

/// Runs `body` in a transaction of its own and commits it; an error, raised or
/// returned, rolls it back and is returned.
pub fn transaction<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    begin();
    let outcome = attempt(|| {
        let value = body()?;
        commit();
        Ok(value)
    });
    if outcome.is_err() {
        abort();
    }
    // SAFETY: outside a transaction, on the main thread.
    unsafe { pg_sys::pgstat_report_stat(false) };
    outcome
}

/// Runs `body` and turns whatever it raises into an error.
pub fn attempt<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    PgTryBuilder::new(AssertUnwindSafe(body))
        .catch_others(|error| Err(report::caught(&error)))
        .catch_rust_panic(|error| Err(report::caught(&error)))
        .execute()
}

fn begin() {
    // SAFETY: outside a transaction, on the main thread; SPI needs an active snapshot.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
    }
}

fn commit() {
    // SAFETY: in the transaction that `begin` started, with its snapshot on top.
    unsafe {
        pg_sys::PopActiveSnapshot();
        pg_sys::CommitTransactionCommand();
    }
}

fn abort() {
    // SAFETY: releases whatever the failed transaction holds, its snapshots too.
    unsafe { pg_sys::AbortCurrentTransaction() };
}

/// Runs `body` as the owner of the extension, who alone may write the bookkeeping.
/// The statements inside name everything with its schema.
pub fn as_owner<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    let owner = owner()?;
    let _path = SafePath::take();
    let _identity = Identity::assume(owner);
    body()
}

/// An error on a standby, which only reads.
pub fn may_write() -> Result<()> {
    // SAFETY: a plain read.
    if unsafe { !pg_sys::RecoveryInProgress() } {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "this server is a standby, which only reads")
        .hint("call it on the primary, or promote this server with: select pg_promote()"))
}

fn owner() -> Result<pg_sys::Oid> {
    let sql = "select extowner from pg_catalog.pg_extension where extname operator(pg_catalog.=) 'erp_sync'";
    let owner = first(sql, &[], |row| row.get::<pg_sys::Oid>(1))?.flatten();
    owner.ok_or_else(|| {
        Error::new(Kind::Cancelled, "the extension erp_sync is no longer there")
            .hint("create it again with: create extension erp_sync")
    })
}

/// Where names without a schema are looked for: nowhere a caller could put something.
const SAFE_PATH: &CStr = c"pg_catalog, pg_temp";

/// A safe `search_path` until it is dropped. A worker has it anyway, and so have all functions
/// but `sync_auto()`: a procedure that commits can have no settings of its own, and an operator
/// of the caller's would run as the owner.
struct SafePath(Option<i32>);

impl SafePath {
    fn take() -> Self {
        // SAFETY: on the main thread; the current path is a text that is only looked at, the
        // new one is copied, and `drop` ends the nesting that begins here.
        unsafe {
            let path = pg_sys::namespace_search_path;
            if !path.is_null() && CStr::from_ptr(path) == SAFE_PATH {
                return SafePath(None);
            }
            let level = pg_sys::NewGUCNestLevel();
            pg_sys::set_config_option(
                c"search_path".as_ptr(),
                SAFE_PATH.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
            SafePath(Some(level))
        }
    }
}

impl Drop for SafePath {
    fn drop(&mut self) {
        if let Some(level) = self.0 {
            // SAFETY: the nesting that `take` began; settings made in it are undone.
            unsafe { pg_sys::AtEOXact_GUC(true, level) };
        }
    }
}

/// Another user's identity until it is dropped (by an error's unwinding too).
struct Identity {
    user: pg_sys::Oid,
    context: i32,
}

impl Identity {
    fn assume(user: pg_sys::Oid) -> Self {
        let (mut before, mut context) = (pg_sys::Oid::INVALID, 0);
        // SAFETY: plain reads and writes of this process's identity; the restriction
        // keeps the statements inside from changing it for longer.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut before, &mut context);
            pg_sys::SetUserIdAndSecContext(user, context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32);
        }
        Identity { user: before, context }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        // SAFETY: restores what `assume` found.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
    }
}

/// The role this session acts as.
pub fn role() -> pg_sys::Oid {
    // SAFETY: a plain read.
    unsafe { pg_sys::GetUserId() }
}

/// Whether a procedure may commit.
pub struct Atomicity(());

impl Atomicity {
    /// An error when the procedure was called inside a transaction block or a function.
    pub fn of(call: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: PostgreSQL gives a valid call; its context says how CALL was run.
        let atomic = unsafe {
            let context = call.as_ref().map_or(std::ptr::null_mut(), |call| call.context);
            context.is_null()
                || (*context).type_ != pg_sys::NodeTag::T_CallContext
                || (*context.cast::<pg_sys::CallContext>()).atomic
        };
        if atomic {
            return Err(Error::new(Kind::Usage, "sync_auto() cannot run inside a transaction block")
                .hint("run it as a single statement: call sync_auto()"));
        }
        Ok(Atomicity(()))
    }

    /// Commits the current transaction and begins another, without a snapshot.
    pub fn commit(&self) {
        // SAFETY: the call is not atomic, and no SPI connection is open.
        unsafe {
            pg_sys::SPI_connect_ext(pg_sys::SPI_OPT_NONATOMIC as i32);
            pg_sys::SPI_commit();
            pg_sys::SPI_finish();
        }
    }
}
