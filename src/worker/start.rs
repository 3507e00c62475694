//! The caller's side: starting a worker and, when waiting, listening to it.

use std::ffi::c_char;

use pgrx::{PgSqlErrorCode, ereport, pg_sys};

use super::segment::Inbox;
use crate::error::{Error, Kind, Result};
use crate::guc::{self, Settings};
use crate::store::call::{Call, Message, Order};
use crate::store::{self, session};

/// What a worker is started with, in `bgw_extra`: `database/role/segment/run/transaction`.
pub(super) struct Ticket {
    pub database: u32,
    pub role: u32,
    /// Segment of a waiting caller; 0 when nobody waits.
    pub segment: u32,
    /// The run a caller that does not wait has queued, and the transaction it did so in.
    pub run_id: i64,
    pub transaction: u32,
}

impl Ticket {
    fn new(segment: u32, run_id: i64, transaction: u32) -> Self {
        // SAFETY: plain reads of this process's state.
        let (database, role) = unsafe { (pg_sys::MyDatabaseId.to_u32(), pg_sys::GetUserId().to_u32()) };
        Ticket { database, role, segment, run_id, transaction }
    }

    fn text(&self) -> String {
        let Ticket { database, role, segment, run_id, transaction } = self;
        format!("{database}/{role}/{segment}/{run_id}/{transaction}")
    }

    /// Reads what [`Ticket::text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        Some(Ticket {
            database: parts.next()?.parse().ok()?,
            role: parts.next()?.parse().ok()?,
            segment: parts.next()?.parse().ok()?,
            run_id: parts.next()?.parse().ok()?,
            transaction: parts.next()?.parse().ok()?,
        })
    }
}

/// Checks everything that would make a worker useless, with a clear error each.
pub fn ready() -> Result<()> {
    session::may_write()?;
    store::may_log_in()
}

/// Like [`ready`], and that runs are not paused.
pub fn ready_to_run() -> Result<()> {
    if !guc::enabled() {
        return Err(Error::new(Kind::Usage, "syncing is paused: erp_sync.enabled is off").hint(
            "a superuser resumes it with: alter system set erp_sync.enabled = on; select pg_reload_conf()",
        ));
    }
    ready()
}

/// Refuses to wait where that would deadlock or show nothing of the worker's work.
fn may_wait() -> Result<()> {
    // SAFETY: plain reads of the current transaction's state.
    let (written, isolation) = unsafe { (pg_sys::GetTopTransactionIdIfAny(), pg_sys::XactIsoLevel) };
    if written != pg_sys::InvalidTransactionId {
        return Err(Error::new(Kind::Usage, "this transaction has written, so it cannot wait for a sync")
            .detail("the worker would neither see its changes nor get past its locks")
            .hint("commit first, or start it with: select * from sync_run(..., wait => false)"));
    }
    if isolation >= pg_sys::XACT_REPEATABLE_READ as i32 {
        return Err(Error::new(Kind::Usage, "a transaction that keeps its snapshot cannot wait for a sync")
            .detail("it would not see the rows that the sync brings")
            .hint("use read committed, or start it with: select * from sync_run(..., wait => false)"));
    }
    Ok(())
}

/// Has a worker do the call, and waits for its end. Every message but the last is
/// given to `each`; notices and warnings are shown at once.
pub fn wait_for(call: Call, mut each: impl FnMut(Message)) -> Result<()> {
    may_wait()?;
    let order = Order { call, settings: Settings::current() };
    let mut inbox = Inbox::create(&order)?;
    let worker = Worker::register(&Ticket::new(inbox.handle(), 0, 0))?;
    inbox.watch(worker.handle);
    let outcome = listen(&mut inbox, &mut each);
    inbox.close();
    worker.gone();
    outcome
}

fn listen(inbox: &mut Inbox, each: &mut impl FnMut(Message)) -> Result<()> {
    while let Some(message) = inbox.receive()? {
        match message {
            Message::Notice(text) => ereport!(NOTICE, PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, text),
            Message::Warning(text) => ereport!(WARNING, PgSqlErrorCode::ERRCODE_WARNING, text),
            Message::Failed { kind, message, detail, hint } => {
                return Err(Error { kind, message, detail, hint, retry_after: None });
            }
            Message::Done => return Ok(()),
            other => each(other),
        }
    }
    Err(Error::new(Kind::Cancelled, "the worker was terminated")
        .detail("the server's log says more")
        .hint("run again: what was committed stays, and the next run goes on from there"))
}

/// Starts a worker for a run that this transaction has queued; it begins when the
/// transaction has committed.
pub fn start(run_id: i64) -> Result<()> {
    // SAFETY: the transaction has written the run, so it has an id.
    let transaction = unsafe { pg_sys::GetTopTransactionIdIfAny() };
    let transaction = u32::from(transaction);
    Worker::register(&Ticket::new(0, run_id, transaction))?.done();
    Ok(())
}

/// A worker this session has started. When it is dropped before [`Worker::done`]
/// (the wait was cancelled), the worker is cancelled as well.
struct Worker {
    handle: *mut pg_sys::BackgroundWorkerHandle,
    waited_for: bool,
}

impl Worker {
    fn register(ticket: &Ticket) -> Result<Self> {
        // SAFETY: a zeroed struct is a valid empty registration; the texts fit their fields.
        let mut registration: pg_sys::BackgroundWorker = unsafe { std::mem::zeroed() };
        put(&mut registration.bgw_name, "erp_sync");
        put(&mut registration.bgw_type, "erp_sync");
        put(&mut registration.bgw_library_name, "erp_sync");
        put(&mut registration.bgw_function_name, "erp_sync_worker_main");
        put(&mut registration.bgw_extra, &ticket.text());
        registration.bgw_flags =
            (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32;
        registration.bgw_start_time = pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished;
        registration.bgw_restart_time = pg_sys::BGW_NEVER_RESTART;
        // SAFETY: a plain read.
        registration.bgw_notify_pid = unsafe { pg_sys::MyProcPid };
        let mut handle = std::ptr::null_mut();
        // SAFETY: both pointers are valid for the call.
        if !unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut registration, &mut handle) } {
            return Err(Error::new(Kind::NoWorker, "no background worker is free")
                .detail("all of max_worker_processes are taken")
                .hint("raise it with: alter system set max_worker_processes = 16, then restart the server"));
        }
        Ok(Worker { handle, waited_for: true })
    }

    fn done(mut self) {
        self.waited_for = false;
    }

    /// Waits until the process is gone: with it go its locks and its place among the workers,
    /// which the caller's next call needs.
    fn gone(self) {
        // SAFETY: the handle is valid, and this process is told of the worker's end.
        // Interruptible: a cancel unwinds.
        unsafe { pg_sys::WaitForBackgroundWorkerShutdown(self.handle) };
        self.done();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.waited_for {
            return;
        }
        let mut pid: pg_sys::pid_t = 0;
        // SAFETY: the handle is valid; SIGINT is a statement cancel for the worker.
        unsafe {
            match pg_sys::GetBackgroundWorkerPid(self.handle, &mut pid) {
                pg_sys::BgwHandleStatus::BGWH_STARTED => drop(libc::kill(pid, libc::SIGINT)),
                _ => pg_sys::TerminateBackgroundWorker(self.handle),
            }
        }
    }
}

fn put<const N: usize>(field: &mut [c_char; N], text: &str) {
    for (to, from) in field.iter_mut().zip(text.bytes().take(N - 1)) {
        *to = from as c_char;
    }
}
