//! What a killed worker had put aside.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::ends_exact;

/// With their indexes and long values.
const TEMPORARY: &str =
    "select count(*) > 0 from pg_class where relpersistence = 't' and relnamespace <> pg_my_temp_schema()";

#[test]
fn what_a_killed_worker_had_put_aside_is_gone_behind_the_next_start() {
    // Without this, autovacuum might be first.
    let cluster = Cluster::options("leavings").set("autovacuum", "off").start().unwrap();
    let mut shop = Shop::with(&cluster, "leavings", "max_page '20', min_page '20'");
    shop.run("select * from sync_run('products,warehouses')");
    shop.odoo.fault(When::any().model("stock.quant").method("search_read").after(3), What::Silent);
    let call = Call::start(&shop, "select * from sync_run('inventory')");
    let worker = shop.worker_that_asks("stock.quant", "search_read");
    wait_for("pages put aside", LIMIT, || shop.value(TEMPORARY) == "t").unwrap_or_else(|e| panic!("{e}"));
    cluster.kill_backend(worker);
    call.end().failure();
    shop.odoo.clear_faults();
    shop.reconnect();
    assert_eq!(shop.value(TEMPORARY), "t");
    shop.run("select * from sync_run('contacts')");
    assert_eq!(shop.value(TEMPORARY), "f");
    ends_exact(&mut shop);
}
