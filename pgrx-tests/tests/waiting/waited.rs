//! Callers that wait: when they may, and what they see meanwhile.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

const RUN: &str = "select state from sync_run('categories')";

/// A shop whose invoices come slowly, in pages of five.
fn slow_shop(name: &str) -> Shop<'static> {
    let shop = Shop::with(Cluster::shared(), name, "max_page '2', min_page '2'");
    let pages = When::any().model("account.move").method("search_read");
    shop.odoo.fault(pages, What::Sleep(Duration::from_millis(400)));
    shop
}

#[test]
fn a_transaction_that_has_written_may_not_wait() {
    let mut shop = Shop::open(Cluster::shared(), "has_written", "jsonrpc");
    shop.run("begin; create table erp.mine (id int)");
    let failure = shop.error(RUN);
    assert_eq!(failure.message, "this transaction has written, so it cannot wait for a sync");
    assert!(failure.hint.contains("wait => false"), "{failure:?}");
    shop.run("rollback");
    assert_eq!(shop.rows(RUN), ["succeeded"]);
}

#[test]
fn a_transaction_that_keeps_its_snapshot_may_not_wait() {
    let mut shop = Shop::open(Cluster::shared(), "keeps_snapshot", "jsonrpc");
    for level in ["repeatable read", "serializable"] {
        shop.run(&format!("begin isolation level {level}"));
        let failure = shop.error(RUN);
        assert_eq!(failure.message, "a transaction that keeps its snapshot cannot wait for a sync");
        assert!(failure.hint.contains("read committed"), "{failure:?}");
        shop.run("rollback");
    }
}

#[test]
fn a_transaction_that_only_reads_may_wait_and_sees_the_rows_at_once() {
    let mut shop = Shop::open(Cluster::shared(), "only_reads", "jsonrpc");
    shop.run("begin; select count(*) from pg_class");
    assert_eq!(shop.rows(RUN), ["succeeded"]);
    assert_ne!(shop.value("select count(*) from erp.categories"), "0");
    shop.run("commit");
    shop.run("begin read only");
    assert_eq!(shop.rows(RUN), ["succeeded"]);
    shop.run("commit");
}

#[test]
fn functions_and_do_blocks_that_have_not_written_may_wait() {
    let mut shop = Shop::open(Cluster::shared(), "in_functions", "jsonrpc");
    shop.run("do $$ begin perform sync_run('categories'); end $$");
    shop.run(
        "create function erp.refreshed() returns bigint language plpgsql as $$ begin
           perform sync_run('categories');
           return (select count(*) from erp.categories);
         end $$",
    );
    let count = shop.value("select erp.refreshed()");
    assert_eq!(count, shop.value("select count(*) from erp.categories"));
    let failure =
        shop.error("do $$ begin create table erp.mine (id int); perform sync_run('categories'); end $$");
    assert!(failure.message.contains("has written"), "{failure:?}");
}

#[test]
fn notices_arrive_in_psql_while_the_run_goes_on() {
    let shop = slow_shop("notices");
    let mut psql = shop.cluster.psql_command(&shop.database, "shop");
    psql.args(["--no-psqlrc", "--command", "select * from sync_run('invoices')"]);
    let mut psql = psql.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("psql");
    let lines = BufReader::new(psql.stderr.take().expect("a pipe")).lines();
    let heard: Vec<_> = lines.map(|line| (line.expect("text"), Instant::now())).collect();
    assert!(psql.wait().expect("psql").success(), "{heard:?}");
    let ended_at = Instant::now();
    println!("{heard:#?}");
    let of_rows = |line: &str| line.starts_with("NOTICE:  invoices from odoo_main, ");
    assert!(heard.iter().filter(|(line, _)| of_rows(line)).count() >= 2, "{heard:?}");
    assert!(ended_at - heard[0].1 > Duration::from_secs(1), "the first notice came only at the end");
}

#[test]
fn progress_shows_stream_rows_and_percent_while_a_slow_run_goes_on() {
    let mut shop = slow_shop("progress");
    let call = Call::start(&shop, "select * from sync_run('invoices')");
    let sql = "select server, entity, stream, done > 0 and done < expected, percent > 0 and percent < 100,
                      rows_per_second > 0, eta > '0'
               from erp_sync.progress";
    let expected = "odoo_main|invoices|invoices|t|t|t|t";
    wait_for("progress", LIMIT, || shop.value(sql) == expected)
        .unwrap_or_else(|error| panic!("{error}: {}", shop.value("select * from sync_progress()")));
    let (done, total) = ("select done from sync_progress()", "select expected from sync_progress()");
    let (before, expected): (i64, String) = (shop.value(done).parse().expect("rows"), shop.value(total));
    wait_for("more progress", LIMIT, || shop.value(done).parse().is_ok_and(|done: i64| done > before))
        .unwrap_or_else(|error| panic!("{error}"));
    let posted = |record: &serde_json::Value| record["move_type"] != "entry";
    let there = shop.odoo.records("account.move").iter().filter(|record| posted(record)).count();
    assert_eq!(expected, there.to_string());
    shop.odoo.clear_faults();
    call.end().rows();
    assert_eq!(shop.rows("select * from sync_progress()"), [""; 0]);
}
