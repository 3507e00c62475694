//! A big import: many invoices that all have one single `write_date`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{Logged, What, When};
use erp_sync_tests::shop::Shop;
use erp_sync_tests::watch::{Seen, memory_kb};
use serde_json::{Value, json};

/// Invoices of the import.
const INVOICES: usize = 50_000;

/// Memory that a run may take beyond a small one's.
const MEMORY_KB: u64 = 64 << 10;

/// An invoice as a shop imports them from its old system.
fn invoice(at: usize) -> Value {
    json!({
        "name": format!("OLD/2019/{at:06}"), "state": "posted", "move_type": "out_invoice",
        "partner_id": [10, "Deco Addict"], "invoice_date": "2019-05-31", "date": "2019-05-31",
        "amount_total": 119.05, "amount_untaxed": 100.04, "amount_tax": 19.01,
        "ref": format!("order {at} of the old shop"), "narration": "<p>Payment within 30 days</p>",
    })
}

/// A shop with an import, an hour after it.
fn shop_with_import<'a>(cluster: &'a Cluster, name: &str, invoices: usize) -> (Shop<'a>, Vec<i64>) {
    let shop = Shop::open(cluster, name, "jsonrpc");
    let ids = shop.odoo.import("account.move", invoices, invoice);
    shop.odoo.advance(3600);
    shop.odoo.write("account.move", &ids[..1], json!({ "ref": "written an hour later" }));
    (shop, ids)
}

/// What a worker takes while it waits for its first answer.
fn idle_memory_kb(shop: &mut Shop<'_>) -> u64 {
    shop.odoo.fault(When::any().model("account.move").method("search_read"), What::Silent);
    let call = Call::start(shop, "select * from sync_run('invoices')");
    let worker = shop.worker_that_asks("account.move", "search_read");
    let idle = memory_kb(worker);
    shop.admin.execute("select pg_cancel_backend($1)", &[&worker]).expect("cancelled");
    call.end().failure();
    shop.odoo.clear_faults();
    shop.odoo.forget_calls();
    idle
}

/// A page request: what it asks for beyond the filter.
fn pages(odoo: &[Logged]) -> impl Iterator<Item = &Logged> {
    let of_invoices = |call: &&Logged| call.model == "account.move" && call.method == "search_read";
    odoo.iter().filter(of_invoices).filter(|call| call.kwargs["order"] == "id")
}

/// The id behind which a page begins.
fn after(page: &Logged) -> i64 {
    let terms = page.args[0].as_array().cloned().unwrap_or_default();
    let term = terms.iter().find(|term| term[0] == "id" && term[1] == ">");
    term.and_then(|term| term[2].as_i64()).unwrap_or_default()
}

#[test]
fn fifty_thousand_invoices_of_one_moment_come_in_batches_and_in_bounded_memory() {
    // WAL is counted for the whole cluster.
    let cluster = Cluster::options("import").set("autovacuum", "off").start().expect("a cluster");
    let (mut shop, _) = shop_with_import(&cluster, "import", INVOICES);
    let idle_kb = idle_memory_kb(&mut shop);

    let begun = Instant::now();
    let call = Call::start(&shop, "select fetched, inserted, rejected from sync_run('invoices')");
    let seen = Seen::watch(&mut shop, &call, 10 * LIMIT);
    let took = begun.elapsed();
    let rows: u64 = call.end().rows()[0].split('|').next().expect("a count").parse().expect("a number");
    println!(
        "{rows} rows in {:.1} s: {:.0} rows/s; worker {} kB idle, {} kB at most; longest transaction {} ms",
        took.as_secs_f32(),
        rows as f32 / took.as_secs_f32(),
        idle_kb,
        seen.memory_kb,
        seen.transaction.as_millis()
    );
    assert!(seen.memory_kb < idle_kb + MEMORY_KB, "{seen:?}");
    assert!(seen.transaction < Duration::from_secs(2), "{seen:?}");
    assert_eq!(
        shop.value("select count(*) from erp.invoices where number like 'OLD/%'"),
        INVOICES.to_string()
    );
    assert_eq!(
        shop.value("select count(distinct source_updated_at) from erp.invoices where number like 'OLD/%'"),
        "2"
    );
    let batches = "select count(*) > 10, max(fetched) <= current_setting('erp_sync.batch_rows')::int
                   from erp_sync.batch where stream = 'invoices'";
    assert_eq!(shop.value(batches), "t|t");

    unchanged_run_writes_nothing(&mut shop);
}

/// A full run of what is here already writes no row: no dead tuple, and no WAL but the bookkeeping's.
fn unchanged_run_writes_nothing(shop: &mut Shop<'_>) {
    let dead = "select sum(n_tup_ins + n_tup_upd + n_tup_del), sum(n_dead_tup) from pg_stat_user_tables where schemaname = 'erp'";
    let tuples = |shop: &mut Shop<'_>| {
        // Counters of a worker that has ended are in.
        shop.no_worker();
        shop.value(dead)
    };
    let before = tuples(shop);
    let wal =
        shop.admin.query_one("select pg_current_wal_lsn()::text", &[]).expect("a place").get::<_, String>(0);
    let counts = shop
        .rows("select fetched > 50000, inserted, updated, removed from sync_run('invoices', mode => 'full')");
    assert_eq!(counts, ["t|0|0|0"]);
    let written: i64 = shop
        .value(&format!("select pg_wal_lsn_diff(pg_current_wal_lsn(), '{wal}')::bigint"))
        .parse()
        .expect("bytes");
    let batches: i64 = shop
        .value("select count(*) from erp_sync.batch where run_id = (select max(id) from erp_sync.run)")
        .parse()
        .expect("a count");
    println!("an unchanged full run: {written} bytes of WAL in {batches} batches");
    assert!(written < 20_000 * (batches + 10), "{written}");
    assert_eq!(tuples(shop), before);
}

#[test]
fn a_cancelled_import_goes_on_where_it_was_and_then_reads_what_changed_behind_it() {
    let (mut shop, ids) = shop_with_import(Cluster::shared(), "cancelled_import", 5_000);
    let small = "set erp_sync.batch_rows = 400";
    shop.run(small);
    let half = |shop: &mut Shop<'_>| {
        let sql = "select coalesce(sum(fetched), 0) > 2000 from erp_sync.batch where stream = 'invoices'";
        shop.value(sql) == "t"
    };
    shop.odoo.fault(
        When::any().model("account.move").method("search_read"),
        What::Sleep(Duration::from_millis(50)),
    );
    let call = Call::start_as(&shop, "shop", small, "select * from sync_run('invoices')");
    wait_for("half of the import", LIMIT, || half(&mut shop)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(shop.value("select sync_cancel(max(id)) from erp_sync.run"), "t");
    assert_eq!(call.end().failure().sqlstate, "57014");

    let pass =
        "select pass->>'mode', (pass->'after'->>0)::bigint from erp_sync.position where stream = 'invoices'";
    let (mode, committed) =
        shop.value(pass).split_once('|').map(|(m, a)| (m.to_owned(), a.parse::<i64>())).expect("a pass");
    let committed = committed.expect("a key");
    assert_eq!(mode, "full");
    assert_eq!(shop.value("select max(id) from erp.invoices"), committed.to_string());
    let changed = ids[10];
    assert!(changed < committed);
    shop.odoo.write("account.move", &[changed], json!({ "ref": "changed behind the import" }));

    let asked_before: BTreeSet<i64> = pages(&shop.odoo.calls()).map(after).collect();
    shop.odoo.clear_faults();
    shop.odoo.forget_calls();
    shop.run("select * from sync_run('invoices')");
    let asked: Vec<i64> = pages(&shop.odoo.calls()).map(after).collect();
    println!("pages asked for behind {asked_before:?}, cancelled, then behind {asked:?}");
    assert_eq!(asked.first(), Some(&committed), "it goes on behind what is committed");
    let (fresh, resumed) = asked.split_last().expect("pages");
    // Only the page whose answer was thrown away is asked for again.
    let again = resumed.iter().filter(|page| asked_before.contains(page)).count();
    assert!(again <= 1, "{again} pages were read again");
    assert!(resumed.is_sorted(), "one pass: {resumed:?}");
    assert_eq!(*fresh, 0, "the fresh pass is one page of what changed");
    assert_eq!(
        shop.value(&format!("select ref from erp.invoices where id = {changed}")),
        "changed behind the import"
    );
    assert_eq!(shop.value("select count(*) from erp.invoices where number like 'OLD/%'"), "5000");
    assert_eq!(shop.value("select max(fetched) from erp_sync.batch where stream = 'invoices'"), "400");
    assert_eq!(shop.value("select count(*) from erp_sync.position where pass is not null"), "0");
}

#[test]
fn a_page_is_written_while_the_next_is_on_its_way() {
    let (mut shop, _) = shop_with_import(Cluster::shared(), "overlap", 1_000);
    shop.run("select * from sync_run('invoices')");
    shop.run("alter server odoo_main options (add max_page '50')");
    shop.run(
        "create function erp.slow() returns trigger language plpgsql as
           'begin perform pg_sleep(0.2); return null; end';
         create trigger slow before insert on erp.invoices for each statement execute function erp.slow()",
    );
    let pause = Duration::from_millis(200);
    shop.odoo.fault(When::any(), What::Sleep(pause));
    shop.odoo.forget_calls();
    let begun = Instant::now();
    shop.run("select * from sync_run('invoices', mode => 'full')");
    let took = begun.elapsed();
    let answers = shop.odoo.calls().len() as u32;
    let batches = "select count(*) from erp_sync.batch where stream = 'invoices'
                   and run_id = (select max(id) from erp_sync.run)";
    let batches: u32 = shop.value(batches).parse().expect("a number");
    let (reading, writing) = (answers * pause, batches * pause);
    println!("{reading:?} of answers and {writing:?} of writing took {took:?}");
    assert!(batches > 20);
    assert!(took < reading + writing / 2, "{took:?}");
}
