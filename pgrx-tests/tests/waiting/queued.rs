//! `wait => false`: the run belongs to the transaction that asked for it.

use erp_sync_tests::call::LIMIT;
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

const QUEUE: &str = "select run_id from sync_run('categories', wait => false)";

fn becomes(shop: &mut Shop<'_>, run: &str, state: &str) {
    let sql = format!("select state from erp_sync.run where id = {run}");
    wait_for(&format!("run {run} to be {state}"), LIMIT, || shop.value(&sql) == state)
        .unwrap_or_else(|error| panic!("{error}: {}", shop.value(&sql)));
}

#[test]
fn a_run_that_nobody_waits_for_is_queued_at_once_and_begins_with_the_commit() {
    let mut shop = Shop::open(Cluster::shared(), "begins_with_commit", "jsonrpc");
    shop.run("begin");
    let queued = shop.rows(
        "select run_id, server, entity, state, fetched, hint from sync_run('categories', wait => false)",
    );
    let expected = "1||categories|queued|0|select * from erp_sync.history where run_id = 1";
    assert_eq!(queued, [expected]);
    // However long the transaction stays open, it takes no worker from anybody.
    assert!(shop.workers().is_empty());
    assert_eq!(shop.odoo.calls().len(), 0);
    shop.run("commit");
    becomes(&mut shop, "1", "succeeded");
    shop.no_worker();
    assert_ne!(shop.value("select count(*) from erp.categories"), "0");
    assert_eq!(shop.rows("select run_id, entity, state from erp_sync.history"), ["1|categories|succeeded"]);
}

#[test]
fn a_run_that_nobody_waits_for_vanishes_with_a_rollback() {
    let mut shop = Shop::open(Cluster::shared(), "vanishes", "jsonrpc");
    for (begin, end) in [("begin", "rollback"), ("begin; savepoint before", "rollback to before; commit")] {
        shop.run(begin);
        shop.run(QUEUE);
        shop.run(end);
        shop.no_worker();
    }
    assert_eq!(shop.value("select count(*) from erp_sync.run"), "0");
    assert_eq!(shop.odoo.calls().len(), 0);
}

#[test]
fn a_transaction_that_has_queued_a_run_is_not_prepared_for_another_session() {
    let mut shop = Shop::open(Cluster::shared(), "prepared", "jsonrpc");
    shop.run("begin");
    shop.run(QUEUE);
    let error = shop.error("prepare transaction 'later'");
    assert_eq!(error.message, "a transaction that has queued a run cannot be prepared");
    assert!(error.hint.contains("commit it"), "{error:?}");
    assert_eq!(shop.value("select count(*) from erp_sync.run"), "0");
    // What is queued next begins.
    let run = shop.value(QUEUE);
    becomes(&mut shop, &run, "succeeded");
}

#[test]
fn a_released_savepoint_keeps_its_run() {
    let mut shop = Shop::open(Cluster::shared(), "released", "jsonrpc");
    shop.run("begin; savepoint before");
    let run = shop.value(QUEUE);
    shop.run("release before; commit");
    becomes(&mut shop, &run, "succeeded");
}

#[test]
fn a_transaction_that_has_written_may_start_a_run_for_later() {
    let mut shop = Shop::open(Cluster::shared(), "for_later", "jsonrpc");
    shop.run("begin isolation level repeatable read; create table erp.mine (id int)");
    let run = shop.value(QUEUE);
    shop.run("commit");
    becomes(&mut shop, &run, "succeeded");
}

#[test]
fn a_failed_run_that_nobody_waited_for_says_why() {
    let mut shop = Shop::open(Cluster::shared(), "says_why", "jsonrpc");
    shop.odoo.set_password("admin", "another");
    let run = shop.value(QUEUE);
    becomes(&mut shop, &run, "failed");
    let task = shop.value("select entity, state, error_kind, error, hint <> '' from erp_sync.errors where entity = 'categories' and error_kind is not null");
    assert!(task.starts_with("categories|failed|login|") && task.ends_with("|t"), "{task}");
}

#[test]
fn a_run_that_cannot_be_planned_says_why() {
    let mut shop = Shop::open(Cluster::shared(), "not_planned", "jsonrpc");
    shop.run("begin");
    let run = shop.value(QUEUE);
    shop.run("drop server odoo_main cascade; commit");
    becomes(&mut shop, &run, "failed");
    let error = shop.value("select error from erp_sync.run");
    assert!(error.contains("there is no server"), "{error}");
}

#[test]
fn a_run_that_waits_in_the_queue_is_cancelled() {
    let mut shop = Shop::open(Cluster::shared(), "cancel_queued", "jsonrpc");
    shop.odoo.fault(When::any().model("product.product").method("search_read"), What::Silent);
    let first = shop.value("select run_id from sync_run('products', wait => false)");
    shop.worker_that_asks("product.product", "search_read");
    let second = shop.value(QUEUE);
    let tasks = format!("select state from erp_sync.task where run_id = {second}");
    wait_for("its task", LIMIT, || shop.value(&tasks) == "queued").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.value(&format!("select sync_cancel({second})")), "t");
    becomes(&mut shop, &second, "cancelled");
    assert_eq!(shop.value(&tasks), "cancelled");
    shop.odoo.clear_faults();
    becomes(&mut shop, &first, "succeeded");
    assert_eq!(shop.value(&format!("select sync_cancel({second})")), "f", "it has ended");
    assert!(shop.error("select sync_cancel(4711)").message.contains("there is no run 4711"));
}

#[test]
fn a_run_is_cancelled_in_the_transaction_that_queued_it() {
    let mut shop = Shop::open(Cluster::shared(), "cancel_own", "jsonrpc");
    shop.run("begin");
    let run = shop.value(QUEUE);
    assert_eq!(shop.value(&format!("select sync_cancel({run})")), "t");
    shop.run("commit");
    becomes(&mut shop, &run, "cancelled");
    shop.no_worker();
    assert_eq!(shop.odoo.calls().len(), 0);
}
