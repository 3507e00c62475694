//! Every way to start a run has it done by several workers.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::fleet;

fn held(shop: &mut Shop<'_>) {
    shop.odoo.fault(When::any().model("product.category").method("search_read"), What::Held);
}

/// Waits until three tasks run at the same time, and lets them go on.
fn three_at_once(shop: &mut Shop<'_>) {
    let running = "select count(*) from sync_progress()";
    wait_for("three tasks at once", LIMIT, || shop.value(running) == "3").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.workers().len(), 3);
    shop.odoo.clear_faults();
}

#[test]
fn a_scheduled_run_is_done_by_several_workers() {
    let mut shop = fleet::open(Cluster::shared(), "scheduled", 3);
    shop.run("select sync_schedule(elsewhere => true)");
    shop.run(
        "select sync_configure('all', '{\"auto\": false}'), sync_configure('categories', '{\"auto\": true}')",
    );
    held(&mut shop);
    let call = Call::start(&shop, "call sync_auto()");
    three_at_once(&mut shop);
    call.end().rows();
    let tasks = "select entity, state, count(*) from erp_sync.task group by 1, 2";
    assert_eq!(shop.rows(tasks), ["categories|succeeded|3"]);
    shop.is_at_rest();
}

#[test]
fn a_run_that_nobody_waits_for_is_done_by_several_workers() {
    let mut shop = fleet::open(Cluster::shared(), "queued", 3);
    held(&mut shop);
    shop.run("select * from sync_run('categories', wait => false)");
    three_at_once(&mut shop);
    let state = "select state from erp_sync.run";
    wait_for("its end", LIMIT, || shop.value(state) == "succeeded").unwrap_or_else(|e| panic!("{e}"));
    shop.is_at_rest();
}

#[test]
fn every_worker_reads_in_the_mode_of_the_run() {
    let mut shop = fleet::open(Cluster::shared(), "modes", 3);
    for mode in ["full", "verify"] {
        shop.run("select * from sync_run('categories')");
        let last = shop.odoo.records("product.category").last().expect("a category")["id"].as_i64();
        shop.odoo.delete("product.category", &[last.expect("an id")]);
        held(&mut shop);
        let sql = format!("select server, removed from sync_run('categories', mode => '{mode}')");
        let call = Call::start(&shop, &sql);
        three_at_once(&mut shop);
        assert_eq!(call.end().rows(), ["s001|1", "s002|1", "s003|1"], "{mode}");
    }
    shop.is_at_rest();
}
