//! Transactions of a background worker.

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use super::lock;
use super::sql::{first, value};
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

/// Becomes the role that the worker is for, and pins the settings of its session; once, after it has connected.
pub fn pin(role: pg_sys::Oid) -> Result<()> {
    transaction(|| {
        // SAFETY: plain read.
        if unsafe { pg_sys::GetUserId() } != role {
            let sql = "select pg_catalog.set_config('role', r.rolname, false) from pg_catalog.pg_roles r
                       where r.oid operator(pg_catalog.=) $1";
            first(sql, &[value(role)], |_| Ok(()))?;
        }
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
        lock::still_held()?;
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
    tried(body, report::caught)
}

/// Runs `body` and has `told` turn whatever it raises into an error. The transaction can only be rolled back then.
pub(super) fn tried<R>(
    body: impl FnOnce() -> Result<R>,
    told: impl Fn(&CaughtError) -> Error + Copy + std::panic::RefUnwindSafe + std::panic::UnwindSafe,
) -> Result<R> {
    PgTryBuilder::new(AssertUnwindSafe(body))
        .catch_others(move |error| Err(told(&error)))
        .catch_rust_panic(move |error| Err(told(&error)))
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

/// An error on a standby, which only reads.
pub fn may_write() -> Result<()> {
    // SAFETY: a plain read.
    if unsafe { !pg_sys::RecoveryInProgress() } {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "this server is a standby, which only reads")
        .hint("call it on the primary, or promote this server with: select pg_promote()"))
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
