//! Where a case happens: a database with the extension, an ordinary role, and a remote.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::{self, Failure, ROLE};
use postgres::Client;

use crate::remote::{Remote, Row, Rows};

/// Rows of a page.
pub const PAGE: usize = 7;

/// Settings of every session: a fault shall not take long.
const SETTINGS: &str =
    "set timezone to 'UTC'; set erp_sync.retry_base to '5ms'; set erp_sync.batch_rows to 7";

/// The database that all others are copies of.
const TEMPLATE: &str = "conformance";

/// A place for one case.
pub struct Bench {
    /// The remote.
    pub remote: Box<dyn Remote>,
    client: Client,
    database: String,
}

/// What a run counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub fetched: i64,
    pub inserted: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub removed: i64,
    pub rejected: i64,
    pub duplicates: i64,
}

impl Bench {
    /// A fresh database in which the ordinary role has made a server of the remote.
    pub fn open(remote: Box<dyn Remote>) -> Bench {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let database = format!("{TEMPLATE}_{}", LAST.fetch_add(1, Ordering::Relaxed) + 1);
        copy_template(&database);
        let mut bench = Bench { client: Cluster::shared().client(&database, ROLE), database, remote };
        bench.set(SETTINGS);
        bench.set(&bench.remote.setup(PAGE));
        bench
    }

    /// The same with so many rows there that have all been synced, and an hour later, so that no overlap holds
    /// them: but for the last, which changed just now. Returns their keys too.
    pub fn synced(&mut self, rows: usize) -> Vec<i64> {
        let mut keys = self.remote.add(numbered(rows.saturating_sub(1)));
        self.remote.advance(3600);
        keys.extend(self.remote.add(numbered(1)));
        let counts = self.run("incremental");
        assert_eq!((counts.inserted, counts.updated), (rows as i64, 0), "the first run");
        self.equals();
        keys
    }

    /// Changes settings, or makes something.
    pub fn set(&mut self, sql: &str) {
        self.client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Syncs, and counts.
    pub fn run(&mut self, mode: &str) -> Counts {
        let sql = self.sql(mode);
        let rows = shop::rows(&mut self.client, &sql);
        self.books_agree();
        counts(&rows)
    }

    /// Begins to sync, in a session of its own.
    pub fn start(&self, mode: &str) -> Call {
        let mut client = Cluster::shared().client(&self.database, ROLE);
        client.batch_execute(SETTINGS).expect("settings");
        Call::of(client, &self.sql(mode))
    }

    /// The end of what was begun.
    pub fn end(&mut self, call: Call) -> Counts {
        let rows = call.end().rows();
        self.books_agree();
        counts(&rows)
    }

    /// Syncs in vain, for a reason of this kind.
    pub fn fails(&mut self, mode: &str, kind: &str) -> Failure {
        let sql = self.sql(mode);
        let failure = shop::failure(&mut self.client, &sql);
        let last = "select state, error_kind from erp_sync.task order by run_id desc limit 1";
        assert_eq!(self.value(last), format!("failed|{kind}"), "{failure:?}");
        assert!(!failure.detail.is_empty() && !failure.hint.is_empty(), "{failure:?}");
        self.books_agree();
        failure
    }

    /// Waits until the remote has been asked for so many pages in all.
    pub fn wait_for_page(&self, page: usize) {
        wait_for(&format!("page {page}"), LIMIT, || self.remote.pages_asked() >= page)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// The table is what the remote holds.
    pub fn equals(&mut self) {
        let (found, wanted) = (self.table(), normal(self.remote.holds()));
        for (key, row) in &wanted {
            assert_eq!(found.get(key), Some(row), "row {key}");
        }
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "the rows");
    }

    /// What the table holds.
    pub fn table(&mut self) -> Rows {
        let place = self.remote.place();
        let [text, whole, decimal, day, moment, flag] = place.columns;
        let sql = format!(
            "select id, {text}, {whole}::bigint, {decimal}::text, {day}::text,
               ({moment} at time zone 'UTC')::text, {flag} from {} order by id",
            place.table
        );
        let rows = self.client.query(&sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let row = |row: postgres::Row| {
            let (text, whole, decimal) = (row.get(1), row.get(2), row.get(3));
            (row.get(0), Row { text, whole, decimal, day: row.get(4), moment: row.get(5), flag: row.get(6) })
        };
        normal(rows.into_iter().map(row).collect())
    }

    /// How many rows the table holds.
    pub fn rows(&mut self) -> usize {
        self.table().len()
    }

    /// The rows of each batch of the last run, in their order.
    pub fn batches(&mut self) -> Vec<usize> {
        let entity = self.remote.place().entity;
        let sql = format!(
            "select fetched from erp_sync.batch where run_id = (select max(id) from erp_sync.run)
               and stream = '{entity}' and fetched > 0 order by id"
        );
        let batches = shop::rows(&mut self.client, &sql);
        batches.iter().map(|rows| rows.parse().expect("a count")).collect()
    }

    fn sql(&self, mode: &str) -> String {
        format!(
            "select fetched, inserted, updated, unchanged, removed, rejected, duplicates, left_out
               from sync_run('{}', mode => '{mode}')",
            self.remote.place().entity
        )
    }

    fn value(&mut self, sql: &str) -> String {
        shop::rows(&mut self.client, sql).into_iter().next().unwrap_or_default()
    }

    /// The batches of every task add up to it, and nothing is still under way.
    fn books_agree(&mut self) {
        let sums = "sum(fetched), sum(inserted), sum(updated), sum(unchanged), sum(left_out), sum(rejected),
                    sum(duplicates), sum(removed)";
        let of = |table: &str, key: &str| format!("select {key}, {sums} from erp_sync.{table} group by 1");
        let sql = format!(
            "({} having sum(fetched + removed) > 0) except {}",
            of("task", "run_id"),
            of("batch", "run_id")
        );
        assert_eq!(shop::rows(&mut self.client, &sql), [""; 0], "runs whose batches do not add up");
        let open = "select count(*) from erp_sync.run where state in ('queued', 'running')";
        assert_eq!(self.value(open), "0", "runs still under way");
    }
}

/// Rows that differ by a number.
pub fn numbered(rows: usize) -> Vec<Row> {
    let row =
        |at| Row { text: Some(format!("row {at}")), decimal: Some(format!("{at}.5")), ..Row::default() };
    (1..=rows).map(row).collect()
}

fn counts(rows: &[String]) -> Counts {
    assert_eq!(rows.len(), 1, "one task: {rows:?}");
    let numbers: Vec<i64> = rows[0].split('|').map(|count| count.parse().expect("a count")).collect();
    let [fetched, inserted, updated, unchanged, removed, rejected, duplicates, left_out] = numbers[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(fetched, inserted + updated + unchanged + left_out + rejected + duplicates, "{rows:?}");
    Counts { fetched, inserted, updated, unchanged, removed, rejected, duplicates }
}

/// Zeros at the end of a decimal number say nothing about its value.
fn normal(mut rows: Rows) -> Rows {
    for decimal in rows.values_mut().filter_map(|row| row.decimal.as_mut()) {
        if decimal.contains('.') {
            *decimal = decimal.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
    }
    rows
}

/// Copying a database takes a fraction of what the extension takes to be made.
fn copy_template(database: &str) {
    static MADE: OnceLock<()> = OnceLock::new();
    let cluster = Cluster::shared();
    MADE.get_or_init(|| {
        cluster.create_database(TEMPLATE);
        let setup = shop::setup_as_superuser(TEMPLATE);
        cluster.client(TEMPLATE, "postgres").batch_execute(&setup).expect("a template");
    });
    let sql = format!("create database {database} template {TEMPLATE}");
    let made = cluster.client("postgres", "postgres").batch_execute(&sql);
    made.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
