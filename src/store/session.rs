//! Transactions of a background worker.

use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use super::{identity, lock, syscache};
use crate::error::{Error, Kind, Result};
use crate::report;

/// How long a lock is waited for, where nothing else is said.
pub const LOCK_TIMEOUT: &CStr = c"2s";

/// Settings of a worker's session. Scans are bent to nested loops because every
/// statement of a batch meets a big table with a few thousand keys, and statistics
/// of a table that grows fast mislead the planner; plans are generic because those of
/// a tenant that is not in the statistics yet expect no rows; `jit` is off because
/// disabled plan types would switch it on.
const PINS: &[(&CStr, &CStr)] = &[
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"default_transaction_isolation", c"read committed"),
    (c"default_transaction_read_only", c"off"),
    (c"default_transaction_deferrable", c"off"),
    (c"jit", c"off"),
    (c"DateStyle", c"ISO, YMD"),
    (c"IntervalStyle", c"postgres"),
    (c"TimeZone", c"UTC"),
    (c"quote_all_identifiers", c"off"),
    (c"statement_timeout", c"0"),
    (c"idle_in_transaction_session_timeout", c"0"),
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    (c"transaction_timeout", c"0"),
    (c"enable_hashjoin", c"off"),
    (c"enable_mergejoin", c"off"),
    (c"enable_seqscan", c"off"),
    (c"plan_cache_mode", c"force_generic_plan"),
    (c"application_name", c"erp_sync"),
    (c"lock_timeout", LOCK_TIMEOUT),
];

/// Becomes the role that the worker is for, and pins the settings of its session; once, after it has connected.
pub fn pin(role: pg_sys::Oid) -> Result<()> {
    transaction(|| {
        let set = |name: &CStr, value: &CStr| identity::set(name, value, pg_sys::GucAction::GUC_ACTION_SET);
        // SAFETY: plain read.
        if unsafe { pg_sys::GetUserId() } != role {
            let name = CString::new(syscache::role(role)?).unwrap_or_default();
            set(c"role", &name);
        }
        PINS.iter().for_each(|(name, value)| set(name, value));
        Ok(())
    })
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

/// Begins a transaction block, as a client's BEGIN does: what works on other servers on behalf of a statement asks
/// whether there is one, and commits there at once where there is none.
fn begin() {
    // SAFETY: outside a transaction, on the main thread; SPI needs an active snapshot.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::BeginTransactionBlock();
        pg_sys::CommitTransactionCommand();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
    }
}

fn commit() {
    // SAFETY: in the transaction that `begin` started, with its snapshot on top.
    unsafe {
        pg_sys::PopActiveSnapshot();
        pg_sys::EndTransactionBlock(false);
        pg_sys::CommitTransactionCommand();
    }
}

fn abort() {
    // SAFETY: releases whatever the failed transaction holds, its snapshots too.
    unsafe { pg_sys::AbortOutOfAnyTransaction() };
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
