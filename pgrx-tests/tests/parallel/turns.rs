//! Batches of one tenant from several servers, which take turns where they fill the same tables.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;

#[test]
fn a_batch_waits_longer_for_its_tenants_turn_than_for_any_other_lock() {
    let mut shop = Shop::open(Cluster::shared(), "turns", "jsonrpc");
    let turn = "hashtextextended('erp_sync derive main', 0)";
    shop.admin.batch_execute(&format!("select pg_advisory_lock({turn})")).expect("taken");
    let call = Call::start_as(
        &shop,
        "shop",
        "set erp_sync.max_attempts = 1",
        "select state from sync_run('products')",
    );
    let patient =
        "select 'yes' from pg_stat_activity where backend_type = 'erp_sync' and wait_event = 'advisory'
                   and datname = current_database() and clock_timestamp() - xact_start > '3 s'";
    wait_for("a patient worker", LIMIT, || shop.value(patient) == "yes").unwrap_or_else(|e| panic!("{e}"));
    shop.admin.batch_execute(&format!("select pg_advisory_unlock({turn})")).expect("given back");
    assert_eq!(call.end().rows(), ["succeeded"]);
}
