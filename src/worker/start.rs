//! The caller's side: starting a worker and, when waiting, listening to it.

use std::cell::RefCell;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode, PgXactCallbackEvent, ereport, pg_sys, register_xact_callback};

use super::client::Client;
use super::process::{Process, Ticket};
use super::segment::Inbox;
use crate::error::{Error, Kind, Result};
use crate::guc::{self, Settings};
use crate::store::call::{Call, Message, Order, Wanted, WantedMode};
use crate::store::{self, session};

/// Checks everything that would make a worker useless, with a clear error each.
pub fn ready() -> Result<()> {
    session::may_write()?;
    store::login().map(drop)
}

/// Whether the current role has a place for one more worker, beside those that this transaction is to start.
pub fn has_place() -> Result<bool> {
    let to_start = QUEUED.with_borrow(Vec::len);
    Ok(store::places_taken()? + to_start < guc::max_workers_per_role())
}

/// What a caller is told whose role has as many workers as it may.
pub(super) fn no_place() -> Error {
    let limit = guc::max_workers_per_role();
    Error::new(Kind::NoWorker, format!("this role has {limit} workers at work, and may have no more"))
        .detail("erp_sync.max_workers_per_role bounds how many workers one role has over all its runs")
        .hint(
            "wait for their end: select * from sync_progress(); or have it wait: select * from sync_run(..., wait => \
             false)",
        )
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

/// What to do where a look at a remote comes behind a change, as in one statement over several `sync_discover` calls.
const ONE_AT_A_TIME: &str = "commit first, and ask one remote object a statement: select sync_define(manifest) from \
                             sync_discover('...', '...') where field is null";

/// Refuses to wait where that would deadlock or show nothing of the worker's work.
fn may_wait(call: &Call) -> Result<()> {
    // SAFETY: plain reads of the current transaction's state.
    let (written, isolation) = unsafe { (pg_sys::GetTopTransactionIdIfAny(), pg_sys::XactIsoLevel) };
    if written != pg_sys::InvalidTransactionId {
        return Err(Error::new(Kind::Usage, "this transaction has written, so it cannot wait for a sync")
            .detail("the worker would neither see its changes nor get past its locks")
            .hint(match call {
                Call::Add(_) => "commit first, then call it again",
                Call::Run(Wanted { mode: WantedMode::Repair, .. }) => "commit first, then call it again",
                Call::Run(_) => "commit first, or start it with: select * from sync_run(..., wait => false)",
                Call::Complete(_) => {
                    "commit first, or write each column as {\"name\": \"...\", \"type\": \"...\"}, which needs no look"
                }
                Call::Discover { .. } => ONE_AT_A_TIME,
                Call::Check { .. } | Call::Plan(_) | Call::Diff(_) => "commit first, then call it again",
            }));
    }
    if isolation >= pg_sys::XACT_REPEATABLE_READ as i32 {
        return Err(Error::new(Kind::Usage, "a transaction that keeps its snapshot cannot wait for a sync")
            .detail("it would not see the rows that the sync brings")
            .hint(match call {
                Call::Run(_) => {
                    "use read committed, or start it with: select * from sync_run(..., wait => false)"
                }
                _ => "use read committed: commit, and begin without an isolation level",
            }));
    }
    Ok(())
}

/// Has a worker do the call, and waits for its end. Every message but the last is
/// given to `each`; notices and warnings are shown at once.
pub fn wait_for(call: Call, each: impl FnMut(Message)) -> Result<()> {
    may_wait(&call)?;
    wait_as(admitted()?, call, each)
}

/// As whom a worker of the current role logs in, when there is a place for one.
pub fn admitted() -> Result<pg_sys::Oid> {
    match has_place()? {
        true => store::login(),
        false => Err(no_place()),
    }
}

/// The same for who was admitted before: asks the database nothing, and so holds no snapshot while it waits.
pub fn wait_as(login: pg_sys::Oid, call: Call, mut each: impl FnMut(Message)) -> Result<()> {
    let order = Order { call, settings: Settings::current() };
    let mut inbox = Inbox::create(&order)?;
    let worker = Worker::register(&Ticket::of_caller(login, inbox.handle()))?;
    inbox.watch(worker.process.handle());
    let outcome = listen(&mut inbox, &mut each);
    inbox.close();
    worker.gone();
    outcome
}

fn listen(inbox: &mut Inbox, each: &mut impl FnMut(Message)) -> Result<()> {
    let mut client = Client::new();
    while let Some(message) = inbox.receive(|| client.look())? {
        match message {
            Message::Notice(text) => ereport!(NOTICE, PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION, text),
            Message::Warning(text) => ereport!(WARNING, PgSqlErrorCode::ERRCODE_WARNING, text),
            Message::Failed { kind, message, detail, hint, original } => {
                return Err(Error { detail, hint, original, ..Error::new(kind, message) });
            }
            Message::Done => return Ok(()),
            other => each(other),
        }
    }
    Err(Error::new(Kind::Cancelled, "the worker was terminated")
        .detail("the server's log says more")
        .hint("run again: what was committed stays, and the next run goes on from there"))
}

thread_local! {
    /// Workers that this transaction is to start.
    static QUEUED: RefCell<Vec<Ticket>> = const { RefCell::new(Vec::new()) };
}

/// Has a worker started for a run that this transaction has queued, when it commits: however long it stays open, it
/// takes no worker away from anybody.
pub fn start(run_id: i64) -> Result<()> {
    let ticket = Ticket::of_queued(store::login()?, run_id);
    let is_first = QUEUED.with_borrow_mut(|queued| {
        queued.push(ticket);
        queued.len() == 1
    });
    if is_first {
        register_xact_callback(PgXactCallbackEvent::PreCommit, start_queued);
        register_xact_callback(PgXactCallbackEvent::PrePrepare, || {
            ErrorReport::from(not_prepared()).report(PgLogLevel::ERROR)
        });
        register_xact_callback(PgXactCallbackEvent::Abort, || QUEUED.with_borrow_mut(Vec::clear));
    }
    Ok(())
}

/// Nobody would start the workers when it is committed, perhaps by another session.
fn not_prepared() -> Error {
    Error::new(Kind::Usage, "a transaction that has queued a run cannot be prepared")
        .hint("commit it; or queue the run in a transaction of its own")
}

/// Starts them. An error, where no worker is free, undoes the transaction.
fn start_queued() {
    let tickets = QUEUED.take();
    let runs = tickets.iter().map(|ticket| ticket.run_id).collect();
    if let Err(error) = store::queued_now(runs) {
        ErrorReport::from(error).report(PgLogLevel::ERROR);
    }
    for ticket in tickets {
        match Worker::register(&ticket) {
            Ok(worker) => worker.done(),
            Err(error) => ErrorReport::from(error).report(PgLogLevel::ERROR),
        }
    }
}

/// A worker this session has started. When it is dropped before [`Worker::done`]
/// (the wait was cancelled), the worker is cancelled as well.
struct Worker {
    process: Process,
    waited_for: bool,
}

impl Worker {
    fn register(ticket: &Ticket) -> Result<Self> {
        Ok(Worker { process: Process::register(ticket)?, waited_for: true })
    }

    fn done(mut self) {
        self.waited_for = false;
    }

    /// Waits until the process is gone: with it go its locks and its place among the workers,
    /// which the caller's next call needs.
    fn gone(self) {
        // SAFETY: the handle is valid, and this process is told of the worker's end.
        // Interruptible: a cancel unwinds.
        unsafe { pg_sys::WaitForBackgroundWorkerShutdown(self.process.handle()) };
        self.done();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.waited_for {
            self.process.cancel();
        }
    }
}
