//! What a run takes of the machine, seen from outside while it goes on.

use std::time::Duration;

use crate::call::Call;
use crate::cluster::wait_for;
use crate::shop::Shop;

/// Highest anonymous memory of the worker and highest age of a transaction, while a call goes on.
#[derive(Debug, Default)]
pub struct Seen {
    /// In kB.
    pub memory_kb: u64,
    /// Of the longest transaction.
    pub transaction: Duration,
}

impl Seen {
    /// Looks at the workers until the call is over.
    ///
    /// # Panics
    /// When it takes longer than `limit`.
    pub fn watch(shop: &mut Shop<'_>, call: &Call, limit: Duration) -> Seen {
        let mut seen = Seen::default();
        let sql = "select pid, coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::float8
                   from pg_stat_activity where backend_type = 'erp_sync' and datname = current_database()";
        wait_for("the end of a long run", limit, || {
            for row in shop.admin.query(sql, &[]).expect("pg_stat_activity is readable") {
                seen.memory_kb = seen.memory_kb.max(memory_kb(row.get(0)));
                seen.transaction = seen.transaction.max(Duration::from_secs_f64(row.get(1)));
            }
            call.is_over()
        })
        .unwrap_or_else(|error| panic!("{error}"));
        seen
    }
}

/// Memory of a process that is neither a file's nor shared, in kB.
pub fn memory_kb(pid: i32) -> u64 {
    status_kb(pid, "RssAnon:")
}

/// The most memory of any kind that a process has had in use at once, in kB.
pub fn highest_kb(pid: i32) -> u64 {
    status_kb(pid, "VmHWM:")
}

fn status_kb(pid: i32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
