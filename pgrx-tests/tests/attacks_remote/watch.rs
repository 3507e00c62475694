//! How much memory workers take, looked at without a pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use erp_sync_tests::shop::Shop;
use erp_sync_tests::watch::memory_kb;

/// Looks at the workers of a cluster until it is asked for the highest.
pub struct Watch {
    highest: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Watch {
    pub fn begin(shop: &Shop<'_>) -> Watch {
        let mut client = shop.cluster.client(&shop.database, "postgres");
        let watch = Watch { highest: Arc::default(), is_over: Arc::default() };
        let (highest, is_over) = (Arc::clone(&watch.highest), Arc::clone(&watch.is_over));
        thread::spawn(move || {
            let sql = "select pid from pg_stat_activity where backend_type = 'erp_sync'";
            while !is_over.load(Ordering::SeqCst) {
                let Ok(workers) = client.query(sql, &[]) else { return };
                for _ in 0..20 {
                    let now = workers.iter().map(|row| memory_kb(row.get(0))).max().unwrap_or_default();
                    highest.fetch_max(now, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        watch
    }

    /// In kB.
    pub fn end(self) -> u64 {
        self.is_over.store(true, Ordering::SeqCst);
        self.highest.load(Ordering::SeqCst)
    }
}
