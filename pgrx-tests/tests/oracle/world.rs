//! The remotes of a program, and what is known of the changes made there.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use serde_json::{Value, json};

use super::change::{Change, What};
use super::setup::Setup;
use super::till::Till;
use super::{circumstances, company, documents, stock};

/// Model and id.
pub type Record = (&'static str, i64);

/// Both remotes, and a ledger of what no reader could know from them.
pub struct World {
    pub odoo: Arc<Odoo>,
    pub till: Option<Till>,
    pub setup: Setup,
    /// Changed without a word: only a full pass finds that.
    pub unmarked: BTreeSet<Record>,
    /// Changed or shown again without a word, in a way that a verification finds.
    pub overdue: BTreeSet<Record>,
    /// References that were bent without a word: who referred to which contact.
    pub bent: Vec<(Record, i64)>,
    /// At some time gone, hidden or no longer to be kept.
    pub ever_gone: BTreeSet<Record>,
    pub hidden: BTreeSet<Record>,
    pub poisoned: BTreeSet<Record>,
    /// The latest moment at which a reader may believe itself to be.
    reach: NaiveDateTime,
    pub skew: i64,
    pub has_future: bool,
    made: usize,
}

/// How far before that moment a change may be dated: the overlap.
const OVERLAP: i64 = 600;

impl World {
    pub fn new(setup: &Setup) -> World {
        let odoo = match setup.behind_proxy {
            true => Odoo::behind_proxy_as(setup.version),
            false => Odoo::start_as(setup.version),
        };
        company::trim(&odoo);
        let till = setup.has_till().then(|| Till::open(setup.cursor));
        World {
            reach: odoo.now(),
            odoo: Arc::new(odoo),
            till,
            setup: setup.clone(),
            unmarked: BTreeSet::new(),
            overdue: BTreeSet::new(),
            bent: Vec::new(),
            ever_gone: BTreeSet::new(),
            hidden: BTreeSet::new(),
            poisoned: BTreeSet::new(),
            skew: 0,
            has_future: false,
            made: 0,
        }
    }

    /// The password of `admin`: an API key where the protocol wants one.
    pub fn password(&self) -> &'static str {
        if self.setup.version >= 19 { ADMIN_KEY } else { "admin" }
    }

    /// Carries a change out.
    pub fn apply(&mut self, change: &Change) {
        use What::*;
        match change.what {
            Create(_) | Import(_) | Write(_) | Silent(_) | Delete(_) | Archive(_) | DeleteMany(_)
            | Hide(_) | Poison(_) | Spoil(_) | FromTheFuture(_) | Merge | DeleteWithReferences => {
                company::apply(self, change)
            }
            Draft | Post | DraftMany | AddLine | WriteLine | DeleteLine => documents::apply(self, change),
            Place | Unit | Code | Barcode => stock::apply(self, change),
            Sell | SellMany | Resell | SellSilently | Unsell | BeginSale | CommitSale | RollBackSale
            | CutLines | RefuseLogins => {
                if let Some(till) = &mut self.till {
                    till.apply(change);
                }
            }
            Clock | Skew | Forbid | Revoke | Down | Password | Recover => circumstances::apply(self, change),
        }
        self.passed();
    }

    /// Keeps in mind how far a reader's position may be.
    pub fn passed(&mut self) {
        let ahead = if self.has_future { self.skew.max(0) + 6 } else { 0 };
        self.reach = self.reach.max(self.odoo.now() + TimeDelta::seconds(ahead));
    }

    /// Seconds that are left of the overlap: a change may be dated so far before now.
    pub fn slack(&mut self) -> i64 {
        self.passed();
        OVERLAP - (self.reach - self.odoo.now()).num_seconds() - 1
    }

    /// How long ago the change's transaction began.
    pub fn late(&mut self, change: &Change) -> i64 {
        change.late.min(self.slack()).max(0)
    }

    /// A number that no other row has.
    pub fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    pub fn ids(&self, model: &str) -> Vec<i64> {
        self.odoo.records_with(model, &[]).iter().filter_map(|row| row["id"].as_i64()).collect()
    }

    /// The row that the change is about.
    pub fn pick(&self, model: &str, change: &Change) -> Option<i64> {
        let ids = self.ids(model);
        (!ids.is_empty()).then(|| ids[change.pick % ids.len()])
    }

    /// Some row, by a number.
    pub fn some(&self, model: &str, nth: usize) -> Value {
        let ids = self.ids(model);
        if ids.is_empty() { json!(false) } else { json!(ids[nth % ids.len()]) }
    }

    /// Of these values those whose fields the model has in this version.
    pub fn fitting(&self, model: &str, mut values: Value) -> Value {
        let names: Vec<String> = values.as_object().expect("values").keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let known = self.odoo.records_with(model, &names).into_iter().next();
        if let (Some(known), Some(values)) = (known, values.as_object_mut()) {
            values.retain(|name, _| known.get(name).is_some());
        }
        values
    }

    /// Writes to rows, by a transaction that began as long ago as the change says.
    pub fn write(&mut self, model: &str, ids: &[i64], values: Value, change: &Change) {
        let late = self.late(change);
        let values = self.fitting(model, values);
        self.odoo.write_late(model, ids, values, late);
    }

    /// Makes a row, likewise.
    pub fn create(&mut self, model: &str, values: Value, change: &Change) -> i64 {
        let late = self.late(change);
        let values = self.fitting(model, values);
        self.odoo.commit_late(model, values, late)
    }
}
