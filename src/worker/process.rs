//! A background worker: how it is registered, and what its starter can do to it.

use std::ffi::c_char;

use pgrx::pg_sys;

use crate::error::{Error, Kind, Result};

/// What a worker is started with, in `bgw_extra`: `database/login/role/segment/run/transaction/leader`.
pub(super) struct Ticket {
    pub database: u32,
    /// As whom it logs in.
    pub login: u32,
    /// As whom it works.
    pub role: u32,
    /// Segment of a waiting caller; 0 when nobody waits.
    pub segment: u32,
    /// The run that was queued, or that is to be helped with.
    pub run_id: i64,
    /// The transaction that queued the run.
    pub transaction: u32,
    /// Process of the run's first worker; 0 for that one itself.
    pub leader: pg_sys::pid_t,
}

impl Ticket {
    fn new(login: pg_sys::Oid) -> Self {
        // SAFETY: plain reads of this process's state.
        let (database, role) = unsafe { (pg_sys::MyDatabaseId.to_u32(), pg_sys::GetUserId().to_u32()) };
        Ticket { database, login: login.to_u32(), role, segment: 0, run_id: 0, transaction: 0, leader: 0 }
    }

    /// Of a worker whose caller waits.
    pub(super) fn of_caller(login: pg_sys::Oid, segment: u32) -> Self {
        Ticket { segment, ..Ticket::new(login) }
    }

    /// Of a worker for a run that the current transaction has queued.
    pub(super) fn of_queued(login: pg_sys::Oid, run_id: i64) -> Self {
        // SAFETY: the transaction has written the run, so it has an id.
        let transaction = unsafe { pg_sys::GetTopTransactionIdIfAny() };
        Ticket { run_id, transaction: u32::from(transaction), ..Ticket::new(login) }
    }

    /// Of a further worker of this worker's run.
    pub(super) fn of_hand(run_id: i64) -> Self {
        // SAFETY: a plain read.
        Ticket { leader: unsafe { pg_sys::MyProcPid }, ..Ticket::like_this(run_id) }
    }

    /// Of a worker for a run that is queued, by one of the same role.
    pub(super) fn like_this(run_id: i64) -> Self {
        // SAFETY: a plain read.
        Ticket { run_id, ..Ticket::new(unsafe { pg_sys::GetSessionUserId() }) }
    }

    fn text(&self) -> String {
        let Ticket { database, login, role, segment, run_id, transaction, leader } = self;
        format!("{database}/{login}/{role}/{segment}/{run_id}/{transaction}/{leader}")
    }

    /// Reads what [`Ticket::text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        Some(Ticket {
            database: parts.next()?.parse().ok()?,
            login: parts.next()?.parse().ok()?,
            role: parts.next()?.parse().ok()?,
            segment: parts.next()?.parse().ok()?,
            run_id: parts.next()?.parse().ok()?,
            transaction: parts.next()?.parse().ok()?,
            leader: parts.next()?.parse().ok()?,
        })
    }
}

/// A worker this process has started.
#[derive(Clone, Copy)]
pub(super) struct Process(*mut pg_sys::BackgroundWorkerHandle);

// SAFETY: only ever used on the main thread; a static wants it.
unsafe impl Send for Process {}

impl Process {
    /// Has the postmaster start a worker. What tells them apart lives in the current memory context.
    pub(super) fn register(ticket: &Ticket) -> Result<Self> {
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
        Ok(Process(handle))
    }

    /// For what PostgreSQL itself does with a worker.
    pub(super) fn handle(self) -> *mut pg_sys::BackgroundWorkerHandle {
        self.0
    }

    fn status(self) -> (pg_sys::BgwHandleStatus::Type, pg_sys::pid_t) {
        let mut pid: pg_sys::pid_t = 0;
        // SAFETY: the handle is valid.
        let status = unsafe { pg_sys::GetBackgroundWorkerPid(self.0, &mut pid) };
        (status, pid)
    }

    /// Whether it has ended, or never began.
    pub(super) fn is_gone(self) -> bool {
        matches!(
            self.status().0,
            pg_sys::BgwHandleStatus::BGWH_STOPPED | pg_sys::BgwHandleStatus::BGWH_POSTMASTER_DIED
        )
    }

    /// Interrupts what it does, as a cancel does. If it has not begun yet, it never will.
    pub(super) fn cancel(self) {
        self.signal(libc::SIGINT);
    }

    /// Has it look up from a wait. If it has not begun yet, it never will.
    pub(super) fn wake(self) {
        self.signal(libc::SIGUSR1);
    }

    /// Ends it.
    pub(super) fn terminate(self) {
        // SAFETY: the handle is valid.
        unsafe { pg_sys::TerminateBackgroundWorker(self.0) };
    }

    fn signal(self, signal: i32) {
        match self.status() {
            // SAFETY: the process is one of this server's, and takes the signal as every backend does.
            (pg_sys::BgwHandleStatus::BGWH_STARTED, pid) => drop(unsafe { libc::kill(pid, signal) }),
            _ => self.terminate(),
        }
    }
}

fn put<const N: usize>(field: &mut [c_char; N], text: &str) {
    for (to, from) in field.iter_mut().zip(text.bytes().take(N - 1)) {
        *to = from as c_char;
    }
}
