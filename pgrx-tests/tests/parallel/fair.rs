//! Who comes first.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::fleet;

/// The servers of the last run in its order.
fn order(shop: &mut Shop<'_>) -> Vec<String> {
    shop.rows(
        "select server from erp_sync.task where run_id = (select max(id) from erp_sync.run)
         group by server order by min(ordinal)",
    )
}

#[test]
fn who_was_never_read_comes_first_then_who_has_waited_longest() {
    let mut shop = fleet::open(Cluster::shared(), "fair", 4);
    shop.run("set erp_sync.max_workers = 1");
    shop.run("select * from sync_run('categories', 's003')");
    shop.run("select * from sync_run('categories', 's001')");
    let rows = shop.rows("select server from sync_run('categories')");
    assert_eq!(rows, ["s001", "s002", "s003", "s004"], "the answer is in the order of names");
    assert_eq!(order(&mut shop), ["s002", "s004", "s003", "s001"]);
    let began = "select string_agg(server, ' ' order by started_at) from erp_sync.task
                 where run_id = (select max(id) from erp_sync.run)";
    assert_eq!(shop.value(began), "s002 s004 s003 s001");
    shop.run("select * from sync_run('categories')");
    assert_eq!(order(&mut shop), ["s002", "s004", "s003", "s001"]);
    let planned = shop.rows("select server from sync_plan('categories')");
    assert_eq!(planned, ["s002", "s004", "s003", "s001"]);
}

#[test]
fn runs_that_are_cut_off_every_time_reach_every_server() {
    let mut shop = fleet::open(Cluster::shared(), "cut_off", 6);
    shop.run("set erp_sync.max_workers = 2");
    for round in 1..=3 {
        let held = When::any().model("product.category").method("search_read");
        shop.odoo.fault(held, What::Silent);
        shop.odoo.forget_calls();
        let call = Call::start_as(
            &shop,
            "shop",
            "set erp_sync.max_workers = 2",
            "select * from sync_run('categories')",
        );
        let running = "select count(*) from sync_progress()";
        wait_for("two tasks", LIMIT, || shop.value(running) == "2").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(shop.value("select sync_cancel(max(id)) from erp_sync.run"), "t");
        call.end().failure();
        shop.odoo.clear_faults();
        let begun = "select count(distinct server) from erp_sync.task where started_at is not null";
        assert_eq!(shop.value(begun), (2 * round).to_string());
    }
    shop.run("select * from sync_run('categories')");
    shop.is_at_rest();
}
