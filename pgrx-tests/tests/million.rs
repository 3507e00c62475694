//! A million lines of the tills, and the run that finds all of them unchanged.
//!
//! By default it is a fifth of them; with `ERP_SYNC_MILLION=1` all.

use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;
use erp_sync_tests::watch::{Seen, memory_kb};

/// Memory that a run may take beyond an idle worker's.
const MEMORY_KB: u64 = 64 << 10;

/// What may be written about an unchanged run beyond its bookkeeping, in bytes.
const WAL: i64 = 1 << 20;

fn lines() -> i64 {
    if std::env::var("ERP_SYNC_MILLION").is_ok_and(|value| value == "1") { 1_000_000 } else { 200_000 }
}

fn shop(cluster: &Cluster) -> (Shop<'_>, Tds) {
    let mut shop = Shop::open(cluster, "million", "jsonrpc");
    let tds = till::open(&mut shop, "pos");
    shop.run("select * from sync_run('products,warehouses')");
    tds.fill("INV_PointofSalesDetailTAB", (0..lines()).map(till::made_up));
    (shop, tds)
}

/// Whether WAL can be looked into. pg_walinspect comes with PostgreSQL, but not with every package of it.
fn can_look_into_wal(shop: &mut Shop<'_>) -> bool {
    let is_there = "select count(*) from pg_available_extensions where name = 'pg_walinspect'";
    if shop.value(is_there) == "0" {
        println!("left out: what the WAL is about, because this PostgreSQL has no pg_walinspect");
        return false;
    }
    shop.admin.batch_execute("create extension pg_walinspect").expect("a superuser may");
    true
}

/// What a worker takes while it waits for its first answer.
fn idle_memory_kb(shop: &mut Shop<'_>, tds: &Tds) -> u64 {
    tds.fault("", "stall", 0, 5000, 1);
    let call = Call::start(shop, "select * from sync_run('sales')");
    wait_for("the first question", LIMIT, || tds.connections() > 0).unwrap_or_else(|e| panic!("{e}"));
    let worker = *shop.workers().first().expect("a worker is at work");
    let idle = memory_kb(worker);
    shop.admin.execute("select pg_cancel_backend($1)", &[&worker]).expect("cancelled");
    call.end().failure();
    tds.clear_faults();
    shop.no_worker();
    idle
}

/// Runs `sync_run`, watched: what it counts.
fn run(shop: &mut Shop<'_>, idle_kb: u64, about: &str, mode: &str) -> String {
    let begun = Instant::now();
    // The double sorts all its rows before it gives the first.
    let patient = "set erp_sync.request_timeout = '300s'";
    let sql = format!(
        "select state, fetched, inserted, updated, unchanged, removed, rejected, waiting
         from sync_run('sales', mode => '{mode}')"
    );
    let call = Call::start_as(shop, "shop", patient, &sql);
    let seen = Seen::watch(shop, &call, Duration::from_secs(1800));
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{about}: {} rows in {took:.1} s: {:.0} rows/s; worker {idle_kb} kB idle, {} kB more at most; longest transaction {} ms",
        lines(),
        lines() as f64 / took,
        seen.memory_kb.saturating_sub(idle_kb),
        seen.transaction.as_millis()
    );
    let counts = call.end().rows().remove(0);
    println!("{}", pace(shop));
    shop.no_worker();
    assert!(seen.memory_kb < idle_kb + MEMORY_KB, "{seen:?}");
    assert!(seen.transaction < Duration::from_secs(10), "{seen:?}");
    counts
}

/// Milliseconds a batch took in the first and in the last tenth of a run.
fn pace(shop: &mut Shop<'_>) -> String {
    let sql = "
      with b as (select ntile(10) over (order by id) as part,
                   extract(epoch from written_at - lag(written_at) over (order by id)) * 1000 as ms
                 from erp_sync.batch where run_id = (select max(id) from erp_sync.run) and fetched > 0)
      select string_agg(round(ms)::text, ' ms, ' order by part) from
        (select part, avg(ms) as ms from b group by part) p";
    format!("batches by tenths of the run: {} ms", shop.value(sql))
}

/// Rows and what was done to them, and where every single one of them lies.
fn tuples(shop: &mut Shop<'_>) -> Vec<String> {
    let counted = "select relname, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup from pg_stat_user_tables
                   where schemaname = 'erp' order by relname";
    let mut all = shop.rows(counted);
    for table in ["pos_sales", "stock_movements", "waiting"] {
        let sql = format!(
            "select count(*), sum(hashtextextended(xmin::text || xmax::text || ctid::text, 0)::numeric) from erp.{table}"
        );
        all.push(shop.value(&sql));
    }
    all
}

/// Bytes of WAL by what they are about: `erp`, `bookkeeping` (with what is about no table: commits) and the rest.
const WRITTEN: &str = "
with r as (
  select w.record_length, substring(w.block_ref from 'rel \\d+/\\d+/(\\d+)')::oid as node
  from pg_get_wal_records_info($1::text::pg_lsn, pg_current_wal_flush_lsn()) w),
t as (
  select pg_relation_filenode(c.oid) as node, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace)
select coalesce(case when r.node is null then 'bookkeeping' when t.nspname = 'erp_sync' then 'bookkeeping'
                     else t.nspname end, 'other'),
  sum(r.record_length)::bigint, coalesce(string_agg(distinct t.relname, ' '), '')
from r left join t on t.node = r.node group by 1 order by 1";

fn written(shop: &mut Shop<'_>, since: &str) -> Vec<(String, i64, String)> {
    let rows = shop.admin.query(WRITTEN, &[&since]).expect("pg_walinspect reads");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

fn place(shop: &mut Shop<'_>) -> String {
    shop.admin.query_one("select pg_current_wal_flush_lsn()::text", &[]).expect("a place").get(0)
}

#[test]
fn a_million_lines_come_in_bounded_memory_and_unchanged_ones_are_not_touched() {
    // Nobody else writes; WAL is counted for the whole cluster.
    let options = Cluster::options("million").set("autovacuum", "off").set("max_wal_size", "8GB");
    let cluster = options.start().expect("a cluster");
    let (mut shop, tds) = shop(&cluster);
    let can_look = can_look_into_wal(&mut shop);
    let idle_kb = idle_memory_kb(&mut shop, &tds);
    let (all, unknown) = (lines(), lines() / 1000);

    let counts = run(&mut shop, idle_kb, "the first run", "incremental");
    assert_eq!(counts, format!("succeeded|{all}|{all}|0|0|0|0|{unknown}"));
    let matched = "select count(*) from erp.stock_movements where origin = 'pos_sales'";
    assert_eq!(shop.value(matched), (all - unknown).to_string());

    // As autovacuum does in the end: what readers note in a page for the first time is no work of a run.
    ["vacuum analyze", "checkpoint"]
        .iter()
        .for_each(|sql| shop.admin.batch_execute(sql).expect("a superuser may"));
    let (before, since) = (tuples(&mut shop), place(&mut shop));
    let counts = run(&mut shop, idle_kb, "an unchanged full run", "full");
    assert_eq!(counts, format!("succeeded|{all}|0|0|{all}|0|0|{unknown}"));
    assert_eq!(tuples(&mut shop), before);
    if can_look {
        only_the_bookkeeping_is_written(&mut shop, &since);
    }

    // A line that is gone, and nothing that says so: all keys are looked at.
    tds.execute("delete from INV_PointofSalesDetailTAB where invoice_no = N'B-00000777' and line_no = 2");
    let counts = run(&mut shop, idle_kb, "a look at all keys", "verify");
    let parts: Vec<&str> = counts.split('|').collect();
    assert_eq!([parts[0], parts[2], parts[3], parts[5]], ["succeeded", "0", "0", "1"], "{counts}");
    let found = "select differs, key from erp_sync.differences";
    assert_eq!(shop.rows(found), [r#"extra|["pos", "B-00000777", 2]"#]);
}

fn only_the_bookkeeping_is_written(shop: &mut Shop<'_>, since: &str) {
    let written = written(shop, since);
    println!("WAL of it: {written:?}");
    let beyond: i64 = written.iter().filter(|part| part.0 != "bookkeeping").map(|part| part.1).sum();
    let batches: i64 = shop
        .value("select count(*) from erp_sync.batch where run_id = (select max(id) from erp_sync.run)")
        .parse()
        .expect("a count");
    let bookkeeping: i64 = written.iter().map(|part| part.1).sum::<i64>() - beyond;
    println!("{beyond} bytes beyond the bookkeeping's {bookkeeping} of {batches} batches");
    assert!(beyond < WAL, "{written:?}");
    assert!(bookkeeping < 20_000 * (batches + 10), "{written:?}");
}
