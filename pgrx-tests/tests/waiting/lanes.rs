//! Runs that meet: on one entity, on one server, at the last free worker.

use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

fn silent_at_the_products(shop: &mut Shop<'_>) -> Call {
    shop.odoo.fault(When::any().model("product.product").method("search_read"), What::Silent);
    let call = Call::start(shop, "select entity, state from sync_run('products')");
    shop.worker_that_asks("product.product", "search_read");
    call
}

#[test]
fn a_second_run_of_the_same_entity_is_skipped_with_the_reason() {
    let mut shop = Shop::open(Cluster::shared(), "same_entity", "jsonrpc");
    let first = silent_at_the_products(&mut shop);
    let second = shop.rows("select entity, state, error from sync_run('products')");
    assert_eq!(second, ["products|skipped|already running in run 1"]);
    shop.odoo.clear_faults();
    assert_eq!(first.end().rows(), ["products|succeeded"]);
    assert_eq!(shop.rows("select entity, state from sync_run('products')"), ["products|succeeded"]);
}

#[test]
fn two_runs_on_one_server_go_one_after_the_other() {
    let mut shop = Shop::open(Cluster::shared(), "one_server", "jsonrpc");
    let first = silent_at_the_products(&mut shop);
    let second = Call::start(&shop, "select entity, state from sync_run('categories')");
    let queued = "select state from erp_sync.task where entity = 'categories'";
    wait_for("the second run", LIMIT, || shop.value(queued) == "queued").unwrap_or_else(|e| panic!("{e}"));
    let waits = "select count(*) filter (where xact_start is null) from pg_stat_activity
                 where backend_type = 'erp_sync' and datname = current_database()";
    wait_for("two workers outside any transaction", LIMIT, || shop.value(waits) == "2")
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.odoo.count_calls("product.category", "search_read"), 0);
    assert_eq!(shop.value(queued), "queued");
    shop.odoo.clear_faults();
    assert_eq!(first.end().rows(), ["products|succeeded"]);
    assert_eq!(second.end().rows(), ["categories|succeeded"]);
    let order = "select bool_and(a.finished_at <= b.started_at) from erp_sync.task a, erp_sync.task b
                 where a.entity = 'products' and b.entity = 'categories'";
    assert_eq!(shop.value(order), "t");
}

#[test]
fn a_second_run_waits_for_the_end_of_a_first_that_is_terminated() {
    let mut shop = Shop::open(Cluster::shared(), "first_terminated", "jsonrpc");
    let first = silent_at_the_products(&mut shop);
    let second = Call::start(&shop, "select entity, state from sync_run('categories')");
    let queued = "select state from erp_sync.task where entity = 'categories'";
    wait_for("the second run", LIMIT, || shop.value(queued) == "queued").unwrap_or_else(|e| panic!("{e}"));
    let worker = shop.workers()[0];
    shop.admin.execute("select pg_terminate_backend($1)", &[&worker]).expect("terminated");
    first.end().failure();
    assert_eq!(second.end().rows(), ["categories|succeeded"]);
}

#[test]
fn a_server_without_a_free_worker_says_so() {
    // pg_cron and the logical replication launcher take two.
    let cluster =
        Cluster::options("few_workers").set("max_worker_processes", "3").start().expect("a cluster");
    let mut shop = Shop::open(&cluster, "few_workers", "jsonrpc");
    let first = silent_at_the_products(&mut shop);
    for sql in [
        "select * from sync_run('categories')",
        "select * from sync_run('categories', wait => false)",
        "select * from sync_check()",
    ] {
        let failure = shop.error(sql);
        assert_eq!(failure.sqlstate, "53000");
        assert_eq!(failure.message, "no background worker is free");
        assert!(failure.hint.contains("max_worker_processes"), "{failure:?}");
    }
    assert_eq!(shop.value("select count(*) from erp_sync.run"), "1");
    shop.odoo.clear_faults();
    assert_eq!(first.end().rows(), ["products|succeeded"]);
    // A call that has ended has given its place back.
    let begun = Instant::now();
    for _ in 0..10 {
        shop.run("select * from sync_run('categories')");
    }
    println!("ten runs with one worker: {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// What ran long ago costs the start of a run nothing.
#[test]
fn a_long_history_does_not_keep_a_run_from_starting() {
    let mut shop = Shop::open(Cluster::shared(), "long_history", "jsonrpc");
    shop.admin
        .batch_execute(
            "insert into erp_sync.run (entity, mode, role, settings, state, started_at, finished_at, role_id)
             select 'categories', 'incremental', 'shop', '{}', 'succeeded', now(), now(), '' from generate_series(1, 50000)",
        )
        .expect("a history");
    let begun = Instant::now();
    assert_eq!(shop.rows("select state from sync_run('categories')"), ["succeeded"]);
    println!("after 50000 runs: {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5));
}
