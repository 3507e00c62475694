//! The server's first process is killed: what `kill -9` of a worker is for a run, this is for all.

use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::{Shop, rows};

use super::{goes_on, in_the_contacts, stored};

#[test]
fn a_killed_postmaster_takes_a_worker_that_waits_along_and_nothing_committed_is_lost() {
    let cluster = Cluster::start("postmaster");
    let mut shop = Shop::open(&cluster, "postmaster", "jsonrpc");
    let call = in_the_contacts(&mut shop);
    let before = stored(&mut shop);
    let took = cluster.kill_postmaster();
    println!("all processes were gone {} ms after the postmaster", took.as_millis());
    assert!(took < Duration::from_secs(3), "{took:?}");
    call.end().failure();
    cluster.start_again();
    shop.reconnect();
    assert_eq!(stored(&mut shop), before);
    goes_on(&mut shop);
    let first =
        "select t.state, t.error_kind, r.state from erp_sync.task t join erp_sync.run r on r.id = t.run_id
                 order by r.id limit 1";
    assert_eq!(shop.value(first), "failed|interrupted|failed");
}

#[test]
fn a_run_in_the_background_whose_postmaster_was_killed_is_closed_by_the_next_and_gone_on_with() {
    let cluster = Cluster::start("postmaster_queue");
    let mut shop = Shop::open(&cluster, "postmaster_queue", "jsonrpc");
    shop.odoo.fault(When::any().model("res.partner").method("search_read").after(1), What::Held);
    shop.run("select * from sync_run('contacts', wait => false)");
    shop.worker_that_asks("res.partner", "search_read");
    cluster.kill_postmaster();
    cluster.start_again();
    shop.reconnect();
    goes_on(&mut shop);
    assert_eq!(shop.value("select state, error from erp_sync.run order by id limit 1"), "failed|interrupted");
}

#[test]
fn rows_that_were_put_aside_leave_no_table_behind() {
    // What a dead session leaves is taken away by autovacuum, which looks once a second here.
    let cluster =
        Cluster::options("postmaster_aside").set("autovacuum_naptime", "1s").start().expect("a cluster");
    let mut shop = Shop::open(&cluster, "postmaster_aside", "jsonrpc");
    shop.run("select * from sync_run('products, warehouses')");
    shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    shop.odoo.forget_calls();
    shop.odoo.fault(When::any().model("stock.quant").method("search_read").after(3), What::Held);
    let call = Call::start(&shop, "select * from sync_run('inventory')");
    let aside = "select count(*) from pg_class where relpersistence = 't' and relkind = 'r'";
    wait_for("rows put aside", LIMIT, || rows(&mut shop.admin, aside) != ["0"])
        .unwrap_or_else(|e| panic!("{e}"));
    cluster.kill_postmaster();
    call.end().failure();
    cluster.start_again();
    shop.reconnect();
    println!("left at the start: {} tables put aside", shop.value(aside));
    shop.odoo.clear_faults();
    shop.run("select * from sync_run('inventory')");
    wait_for("no table put aside", 4 * LIMIT, || rows(&mut shop.admin, aside) == ["0"])
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.value("select count(*) from erp.stock_quants"), "48", "those of internal places");
}
