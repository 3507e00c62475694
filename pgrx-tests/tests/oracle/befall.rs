//! What befalls a run: laid out before it, brought about in the middle of it, counted behind it.

use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::When;
use erp_sync_tests::shop::rows;
use postgres::Client;

use super::ours::Ours;
use super::program::{Moment, Sync};
use super::proxy::{Proxy, Trouble};
use super::strike::{self, Strike};
use super::world::World;

/// Within this time a batch comes to a lock, if it does.
const A_MOMENT: Duration = Duration::from_millis(400);

impl Ours<'_> {
    /// Lays out the faults that the run is to meet.
    pub fn lay(&mut self, sync: &Sync, world: &World) {
        let mut ways: [Vec<(usize, Trouble)>; 2] = Default::default();
        for strike in &sync.strikes {
            match strike {
                Strike::Way { at_till, request, trouble } => {
                    ways[usize::from(*at_till)].push((*request, *trouble))
                }
                Strike::Odoo { request, times, fault } => {
                    world.odoo.fault(When::any().after(request - 1).times(*times), strike::what(fault))
                }
                Strike::Till { about, fault, rows, argument } => {
                    world.till.iter().for_each(|till| till.tds.fault(about, fault, *rows, *argument, 1))
                }
            }
        }
        for moment in &sync.moments {
            ways[usize::from(moment.at_till)].push((moment.request, Trouble::Hold));
        }
        let [odoo, till] = ways;
        self.odoo.plan(odoo);
        self.till.iter().for_each(|proxy| proxy.plan(till.iter().copied()));
    }

    /// Brings about what happens in the middle of the runs, each time a request is held.
    pub fn meanwhile(&mut self, sync: &Sync, calls: &mut [Call], world: &mut World) {
        if sync.moments.is_empty() {
            return;
        }
        while let Some((at_till, request)) = self.held(calls) {
            let is_it = |moment: &&Moment| (moment.at_till, moment.request) == (at_till, request);
            match sync.moments.iter().find(is_it) {
                Some(moment) => self.happens(moment, calls, world),
                None => self.release(),
            }
        }
    }

    /// Waits until a request is held: of the till or not, and which; `None` when the runs are over before.
    fn held(&mut self, calls: &[Call]) -> Option<(bool, usize)> {
        let mut held = None;
        wait_for("a request or the end of the run", LIMIT, || {
            let at_till = self.till.as_ref().and_then(Proxy::held).map(|request| (true, request));
            held = self.odoo.held().map(|request| (false, request)).or(at_till);
            held.is_some() || calls.iter().all(Call::is_over) && self.shop.workers().is_empty()
        })
        .unwrap_or_else(|error| panic!("{error}"));
        held
    }

    fn release(&self) {
        self.odoo.release();
        self.till.iter().for_each(Proxy::release);
    }

    fn happens(&mut self, moment: &Moment, calls: &mut [Call], world: &mut World) {
        self.tally.count("held requests");
        for change in &moment.changes {
            self.tally.count("changes: during a run");
            world.apply(change);
        }
        let lock = moment.lock.and_then(|table| self.lock(table));
        if lock.is_some() {
            // The answer comes, and the batch that holds it gets as far as the lock.
            self.release();
            self.waits_for_lock(calls);
        }
        if let Some(stop) = moment.stop {
            self.stop(stop, calls);
        }
        drop(lock);
        self.release();
    }

    /// A session that holds a lock on a table, where there is one.
    fn lock(&mut self, table: &str) -> Option<Client> {
        if self.shop.value(&format!("select to_regclass('{table}') is null")) == "t" {
            return None;
        }
        let mut holder = self.shop.cluster.client(&self.shop.database, "postgres");
        let locked = holder.batch_execute(&format!("begin; lock table {table} in share mode"));
        locked.unwrap_or_else(|error| panic!("locking {table}: {error:?}"));
        Some(holder)
    }

    /// Waits until a worker stands before a lock, for a moment only: it may have nothing to write there.
    fn waits_for_lock(&mut self, calls: &[Call]) {
        let sql = "select count(*) from pg_stat_activity where backend_type = 'erp_sync'
                   and datname = current_database() and wait_event_type = 'Lock'";
        let waits = wait_for("a worker before a lock", A_MOMENT, || {
            calls.iter().all(Call::is_over) || rows(&mut self.shop.admin, sql) != ["0"]
        });
        if waits.is_ok() && !calls.iter().all(Call::is_over) {
            self.tally.count("stop: before a lock in the middle of a batch");
        }
    }

    /// Ends all trouble, and counts what was met.
    pub fn clear(&mut self, sync: &Sync, world: &World, asked: usize) {
        for trouble in self.odoo.calm() {
            self.tally.count(trouble.kind());
        }
        for trouble in self.till.iter().flat_map(Proxy::calm) {
            self.tally.count(trouble.kind());
        }
        let calls = world.odoo.count_all() - asked;
        for strike in &sync.strikes {
            if let Strike::Odoo { request, fault, .. } = strike
                && calls >= *request
            {
                self.tally.count(format!("odoo: {fault}"));
            }
        }
        world.odoo.clear_faults();
        if let Some(till) = &world.till {
            for row in till.tds.query("select what from _faults where remaining = 0") {
                self.tally.count(format!("till: {}", row[0].text()));
            }
            till.tds.clear_faults();
        }
    }
}
