//! The extension as a reader: its runs, and what befalls them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::{ROLE, Shop};
use erp_sync_tests::tds::{DATABASE, PASSWORD, USER};
use serde_json::Value;

use super::expected::{self, Row, Table};
use super::program::{Program, Sync};
use super::proxy::Proxy;
use super::reader::Reader;
use super::tally::Tally;
use super::world::World;
use super::{books, compare, derived, remains, settle};

/// A database with the extension in it, which each program gets a copy of.
pub const TEMPLATE: &str = "oracle";

/// Trouble is over soon.
const HASTY: &str = "set erp_sync.retry_base = '2ms'; set erp_sync.request_timeout = '400ms';
  set erp_sync.connect_timeout = '400ms'; set erp_sync.max_attempts = 2; set erp_sync.max_response_bytes = '256kB'";

/// A run that was queued begins within this time, unless what was to begin it was killed.
const A_WORKER_BEGINS: Duration = Duration::from_millis(1500);

/// The extension in a database of its own; between it and the remotes lie proxies.
pub struct Ours<'a> {
    pub shop: Shop<'a>,
    pub odoo: Proxy,
    pub till: Option<Proxy>,
    pub manifests: Vec<Value>,
    pub tally: &'a Tally,
    /// Whether trouble is to be had.
    pub hasty: bool,
    /// What no trouble excuses.
    pub complaints: Vec<String>,
}

impl<'a> Ours<'a> {
    /// A database for the program, with servers for its remotes.
    pub fn open(cluster: &'a Cluster, program: &Program, world: &World, tally: &'a Tally) -> Ours<'a> {
        let database = format!("seed_{}", program.seed);
        run(cluster, &format!("create database {database} template {TEMPLATE}"));
        let (client, admin) = (cluster.client(&database, ROLE), cluster.client(&database, "postgres"));
        let shop = Shop { cluster, database, odoo: Arc::clone(&world.odoo), client, admin };
        let odoo = Proxy::before(world.odoo.port());
        let till = world.till.as_ref().map(|till| Proxy::before(till.tds.port()));
        let mut ours =
            Ours { shop, odoo, till, manifests: Vec::new(), tally, hasty: true, complaints: Vec::new() };
        ours.make_servers(world);
        ours.set_schedule(world);
        let manifest = |entity: &&str| ours.shop.value(&format!("select sync_entity('{entity}')"));
        let manifests: Vec<String> = world.setup.entities.iter().map(manifest).collect();
        ours.manifests = manifests.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        ours
    }

    fn make_servers(&mut self, world: &World) {
        let (setup, port, database) = (&world.setup, self.odoo.port(), world.odoo.database());
        let (protocol, page, password) = (setup.protocol, setup.page, world.password());
        self.shop.run(&format!(
            "create server odoo_main foreign data wrapper odoo options (url 'http://127.0.0.1:{port}',
               database '{database}', protocol '{protocol}', min_page '{}', max_page '{page}');
             create user mapping for current_user server odoo_main options (username 'admin', password '{password}')",
            page.min(5)
        ));
        let Some(till) = &self.till else { return };
        let (port, password) = (till.port(), PASSWORD.replace('\'', "''"));
        self.shop.run(&format!(
            "create server pos foreign data wrapper sqlserver options
               (host '127.0.0.1', port '{port}', database '{DATABASE}', encrypt 'plaintext');
             create user mapping for current_user server pos options (username '{USER}', password '{password}')"
        ));
        if setup.cursor != "updated_at" {
            let patch = format!(
                r#"{{"extends": "sales", "streams": [{{"table": "pos_sales", "cursor": "{}"}}]}}"#,
                setup.cursor
            );
            self.shop.run(&format!("select sync_define('{patch}')"));
        }
    }

    /// What `sync_auto()` takes along, and the overlap.
    fn set_schedule(&mut self, world: &World) {
        let all = format!(r#"{{"auto": false, "overlap": "{}"}}"#, world.setup.overlap);
        let mut sql =
            format!("select sync_schedule(elsewhere => true); select sync_configure('all', '{all}');");
        for entity in world.setup.entities {
            sql += &format!(r#"select sync_configure('{entity}', '{{"auto": true}}');"#);
        }
        self.shop.run(&sql);
    }

    /// So many days ago everything was read or compared: some of it is due again.
    fn days_pass(&mut self, days: usize) {
        let sql = format!(
            "update erp_sync.position
             set full_at = full_at - interval '{days} days', verified_at = verified_at - interval '{days} days'"
        );
        self.shop.admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn start(&mut self, world: &World, entities: &str, mode: &str, confirm: bool, wait: bool) -> Call {
        let sql = match mode {
            "auto" => {
                self.days_pass(world.setup.days);
                "call sync_auto()".to_owned()
            }
            mode => format!(
                "select * from sync_run('{entities}', mode => '{mode}', confirm => {confirm}, wait => {wait})"
            ),
        };
        let batch = format!("set erp_sync.batch_rows = {}; ", world.setup.page);
        let before = if self.hasty { batch + HASTY } else { batch };
        self.tally.count(format!("runs: {mode}"));
        Call::start_as(&self.shop, ROLE, &before, &sql)
    }

    /// Waits until no worker is left: one whose caller is gone, or never waited, may end later, or begin later.
    fn come_to_rest(&mut self) {
        let begun = Instant::now();
        wait_for("the end of the workers", LIMIT, || {
            let queued = self.shop.value("select count(*) from erp_sync.run where state = 'queued'");
            self.shop.workers().is_empty() && (queued == "0" || begun.elapsed() > A_WORKER_BEGINS)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits for the end of a call. An error must be one that a person can do something about.
    fn ended(&mut self, call: Call) -> bool {
        match call.end().outcome {
            Ok(_) => true,
            Err(failure) => {
                self.tally.count("runs: failed");
                if failure.sqlstate == "XX000" || failure.message.contains("unexpected fault") {
                    self.complaints.push(format!("a run ended with {failure:?}"));
                }
                false
            }
        }
    }
}

impl Reader for Ours<'_> {
    fn sync(&mut self, sync: &Sync, world: &mut World) -> bool {
        self.tally.count("syncs");
        let asked = world.odoo.count_all();
        self.lay(sync, world);
        let mut calls = vec![self.start(world, &sync.entities, sync.mode, sync.confirm, sync.wait)];
        if let Some((entities, mode)) = &sync.beside {
            self.tally.count("runs: beside another");
            calls.push(self.start(world, entities, mode, sync.confirm, true));
        }
        self.meanwhile(sync, &mut calls, world);
        // Each is waited for, whatever became of the others.
        let ended: Vec<bool> = calls.into_iter().map(|call| self.ended(call)).collect();
        self.come_to_rest();
        self.clear(sync, world, asked);
        ended.iter().all(|well| *well)
    }

    fn tables(&self, world: &World) -> Vec<Table> {
        expected::tables(world, &self.manifests)
    }

    fn found(&mut self, table: &Table) -> BTreeMap<String, Row> {
        compare::found(&mut self.shop, table)
    }

    fn ever_had(&mut self, contact: i64) -> bool {
        let sql = format!(
            "select exists (select from erp_sync.removed where stream = 'contacts' and key = '[{contact}]')"
        );
        self.shop.value(&sql) == "t"
    }

    fn tally(&self) -> &Tally {
        self.tally
    }

    fn calm_down(&mut self) {
        self.hasty = false;
    }

    fn settle(&mut self, mode: &'static str, world: &mut World) -> Vec<String> {
        settle::settle(self, mode, world)
    }

    fn complaints(&mut self) -> Vec<String> {
        let mut all = std::mem::take(&mut self.complaints);
        all.extend(books::errors(&mut self.shop));
        all
    }

    fn misworked(&mut self, world: &World) -> Vec<String> {
        derived::errors(self, world)
    }

    fn leavings(&mut self, world: &World) -> Vec<String> {
        let mut all = books::left(&mut self.shop);
        all.extend(remains::errors(self, world));
        all
    }
}

impl Drop for Ours<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            run(self.shop.cluster, &format!("drop database {} with (force)", self.shop.database));
        }
    }
}

/// Runs SQL as the superuser.
pub fn run(cluster: &Cluster, sql: &str) {
    let done = cluster.client("postgres", "postgres").batch_execute(sql);
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
