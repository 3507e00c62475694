//! Notices a client that is gone while its backend waits: with nothing to send, PostgreSQL itself would not look.

use std::time::{Duration, Instant};

use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::{check_for_interrupts, pg_sys};

/// How often the connection is looked at.
const EVERY: Duration = Duration::from_secs(1);

unsafe extern "C-unwind" {
    /// `libpq/libpq.h`: false when the other end has closed the socket.
    fn pq_check_connection() -> bool;
}

/// The client of this backend, where it has one: a scheduled job may run in a background worker.
pub(super) struct Client {
    looked_at: Instant,
}

impl Client {
    pub(super) fn new() -> Self {
        Client { looked_at: Instant::now() }
    }

    /// Ends this backend, as `client_connection_check_interval` does, when its client is gone. Looks at most once a
    /// second.
    pub(super) fn look(&mut self) {
        if self.looked_at.elapsed() < EVERY {
            return;
        }
        self.looked_at = Instant::now();
        // SAFETY: plain reads of this process's state; the check needs the socket that a port has.
        let is_gone = unsafe {
            let has_socket =
                !pg_sys::MyProcPort.is_null() && pg_sys::whereToSendOutput == pg_sys::CommandDest::DestRemote;
            has_socket && !pg_guard_ffi_boundary(|| pq_check_connection())
        };
        if is_gone {
            // SAFETY: what PostgreSQL's own check sets; the next look for interrupts acts on it.
            unsafe {
                pg_sys::ClientConnectionLost = 1;
                pg_sys::InterruptPending = 1;
            }
            check_for_interrupts!();
        }
    }
}
