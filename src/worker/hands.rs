//! Further workers of a run: its first worker, which leads, starts them, and they end with it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgrx::{PgMemoryContexts, pg_sys};

use super::process::{Process, Ticket};
use crate::error::Result;

/// How long hands have to end by themselves before they are terminated.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long the leader waits for terminated ones.
const LIMIT: Duration = Duration::from_secs(5);

/// FATAL leaves without running destructors, so who is to be ended then is noted here.
static STARTED: Mutex<Vec<Process>> = Mutex::new(Vec::new());

/// The further workers of a run. However the leader's work ends, they are ended before it.
pub(super) struct Hands {
    started: Vec<Process>,
    /// How many could not be had.
    pub(super) missing: usize,
}

impl Hands {
    /// Starts as many as can be had, up to `wanted`.
    pub(super) fn start(run_id: i64, wanted: usize) -> Self {
        let ticket = Ticket::of_hand(run_id);
        let started: Vec<Process> = (0..wanted).map_while(|_| register(&ticket).ok()).inspect(note).collect();
        Hands { missing: wanted - started.len(), started }
    }

    /// How many were started.
    pub(super) fn len(&self) -> usize {
        self.started.len()
    }

    /// Ends hands that have nothing left to do.
    pub(super) fn dismiss(self) {
        self.end(Process::wake);
    }

    /// Ends hands in the middle of what they do.
    pub(super) fn cancel(self) {
        self.end(Process::cancel);
    }

    /// Not interruptible: what the run leaves behind is written when they are gone.
    fn end(&self, how: impl Fn(Process)) {
        self.started.iter().copied().for_each(how);
        let begun = Instant::now();
        while self.started.iter().any(|hand| !hand.is_gone()) && begun.elapsed() < LIMIT {
            if begun.elapsed() > PATIENCE {
                self.started.iter().copied().for_each(Process::terminate);
            }
            nap();
        }
        STARTED.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What tells the workers apart must outlive transactions.
pub(super) fn register(ticket: &Ticket) -> Result<Process> {
    // SAFETY: the top context lives as long as the process.
    unsafe { PgMemoryContexts::TopMemoryContext.switch_to(|_| Process::register(ticket)) }
}

fn note(hand: &Process) {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).push(*hand);
}

/// Waits a little, or until a hand ends; no interrupt is served.
fn nap() {
    // SAFETY: waits on this process's latch.
    unsafe {
        let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, 20, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
}

/// Ends all hands; for the end of a leader that was terminated.
pub(super) fn terminate() {
    let Ok(mut started) = STARTED.try_lock() else { return };
    started.drain(..).for_each(Process::terminate);
}

/// Whether the leader of a hand is still there.
pub(super) fn is_there(leader: pg_sys::pid_t) -> bool {
    // SAFETY: looks into shared memory; the answer is only compared.
    unsafe { !pg_sys::BackendPidGetProc(leader).is_null() }
}
