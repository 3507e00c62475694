//! What befalls a run: laid out before it, brought about in the middle of it, counted behind it.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::When;

use super::ours::Ours;
use super::program::{Moment, Sync};
use super::proxy::{Proxy, Trouble};
use super::strike::{self, Strike};
use super::world::World;

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

    /// Waits until the moment's request is held; false when it never comes.
    pub fn held(&mut self, moment: &Moment, calls: &[Call]) -> bool {
        let mut holds = false;
        wait_for("a request or the end of the run", LIMIT, || {
            holds = self.proxy(moment).is_some_and(Proxy::holds);
            holds || calls.iter().all(Call::is_over) && self.shop.workers().is_empty()
        })
        .unwrap_or_else(|error| panic!("{error}"));
        holds
    }

    fn proxy(&self, moment: &Moment) -> Option<&Proxy> {
        if moment.at_till { self.till.as_ref() } else { Some(&self.odoo) }
    }

    pub fn release(&self) {
        self.odoo.release();
        self.till.iter().for_each(Proxy::release);
    }

    pub fn meanwhile(&mut self, moment: &Moment, calls: &mut Vec<Call>, world: &mut World) {
        self.tally.count("moments");
        for change in &moment.changes {
            self.tally.count("changes during a run");
            world.apply(change);
        }
        if let Some(stop) = moment.stop {
            self.stop(stop, calls);
        }
        self.release();
    }

    /// Ends all trouble, and counts what was met.
    pub fn clear(&mut self, sync: &Sync, world: &World, asked: usize) {
        for trouble in self.odoo.calm() {
            self.tally.count(trouble.kind());
        }
        for trouble in self.till.iter().flat_map(Proxy::calm) {
            self.tally.count(trouble.kind());
        }
        let calls = world.odoo.calls().len() - asked;
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
