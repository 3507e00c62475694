//! How far a run is: for the caller, for `sync_progress()` and for `pg_stat_activity`.

use std::ffi::CString;
use std::time::{Duration, Instant};

use pgrx::pg_sys;

use super::Store;
use super::identity::as_owner;
use super::session::transaction;
use super::sql::{execute, value};
use crate::engine::Wait;
use crate::error::Result;
use crate::store::call::Message;

/// A caller is told at most this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

impl Store {
    /// How many rows the pass that now begins or goes on is expected to read.
    pub fn expect(&mut self, task: usize, stream: usize, rows: u64) -> Result<()> {
        let reading = self.reading(task, stream)?;
        (reading.expected, reading.done) = (Some(rows), 0);
        let place = self.place(task, stream)?;
        let sql = "update erp_sync.task set stream = $4, done = 0, expected = $5
                   where run_id = $1 and server = $2 and entity = $3";
        transaction(|| {
            let arguments = [
                value(place.run_id),
                value(place.server()),
                value(place.entity()),
                value(place.table()),
                value(rows as i64),
            ];
            as_owner(|| execute(sql, &arguments)).map(drop)
        })
    }

    /// Notes that a batch of a stream is committed.
    pub(super) fn advance(&mut self, task: usize, stream: usize, rows: u64) -> Result<()> {
        let reading = self.reading(task, stream)?;
        reading.done += rows;
        let (done, expected) = (reading.done, reading.expected);
        let place = self.place(task, stream)?;
        let of = expected.map(|rows| format!(" of {}", rows.max(done))).unwrap_or_default();
        let text = format!("{} from {}, {done}{of}", place.stream.table, place.task.server);
        show_activity(&format!("erp_sync: {text}"));
        if self.told_at.elapsed() >= TELL_EVERY {
            self.told_at = Instant::now();
            self.say(Message::Notice(text));
        }
        Ok(())
    }

    /// Tells that the remote is waited for, and until when.
    pub fn waits(&mut self, server: &str, wait: &Wait) {
        let until = wait.until.format("%H:%M:%S UTC");
        show_activity(&format!("erp_sync: waits for {server} until {until}"));
        self.say(Message::Notice(format!(
            "waits for {server} until {until}, then tries again: {}",
            wait.why
        )));
    }
}

/// Shows in `pg_stat_activity` that others are at work on what is left of the run.
pub fn show_waiting() {
    show_activity("erp_sync: waits for a server that another worker reads");
}

/// Shows in `pg_stat_activity` what is being done.
pub(super) fn show_activity(text: &str) {
    let Ok(text) = CString::new(text) else { return };
    // SAFETY: the text is copied.
    unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr()) };
}
