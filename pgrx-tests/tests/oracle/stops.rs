//! Runs that are stopped from outside.

use erp_sync_tests::call::Call;

use super::ours::Ours;
use super::strike::Stop;

impl Ours<'_> {
    /// Stops whoever is meant; a server that goes down takes everybody with it, and comes back.
    pub fn stop(&mut self, stop: Stop, calls: &mut [Call]) {
        let worker = self.shop.workers().first().copied();
        let (Some(worker), Some(call)) = (worker, calls.first()) else { return };
        self.tally.count(format!("stop: {stop:?}"));
        let caller = call.pid;
        match stop {
            Stop::CancelCaller => self.signal("pg_cancel_backend", caller),
            Stop::CancelWorker => self.signal("pg_cancel_backend", worker),
            Stop::TerminateCaller => self.signal("pg_terminate_backend", caller),
            Stop::TerminateWorker => self.signal("pg_terminate_backend", worker),
            Stop::SyncCancel => {
                let sql = "select sync_cancel(id) from erp_sync.run where state in ('queued', 'running')";
                drop(self.shop.client.simple_query(sql));
            }
            Stop::KillWorker => self.shop.cluster.kill_backend(worker),
            Stop::KillServer => {
                self.shop.cluster.kill_postmaster();
                self.shop.cluster.start_again();
            }
            Stop::PowerFails => {
                self.shop.cluster.stop_immediate();
                self.shop.cluster.start_again();
            }
        }
        if matches!(stop, Stop::KillWorker | Stop::KillServer | Stop::PowerFails) {
            self.shop.reconnect();
        }
    }

    fn signal(&mut self, function: &str, pid: i32) {
        let sent = self.shop.admin.execute(&format!("select {function}($1)"), &[&pid]);
        sent.unwrap_or_else(|error| panic!("{function}: {error:?}"));
    }
}
