//! The server's first process is killed: what `kill -9` of a worker is for a run, this is for all.

use std::time::Duration;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

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
    shop.odoo.fault(
        erp_sync_tests::odoo::When::any().model("res.partner").method("search_read").after(1),
        erp_sync_tests::odoo::What::Held,
    );
    shop.run("select * from sync_run('contacts', wait => false)");
    shop.worker_that_asks("res.partner", "search_read");
    cluster.kill_postmaster();
    cluster.start_again();
    shop.reconnect();
    goes_on(&mut shop);
    assert_eq!(shop.value("select state, error from erp_sync.run order by id limit 1"), "failed|interrupted");
}
