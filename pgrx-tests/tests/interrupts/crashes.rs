//! Processes that die without a word, and servers that are stopped.

use std::time::Instant;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::{SECOND, ends_exact};

/// A run that gets so many answers about invoices, the first of them the watermark, and then waits.
fn waits_after(shop: &mut Shop<'_>, answers: usize) -> (Call, i32) {
    shop.odoo.clear_faults();
    shop.odoo.fault(When::any().model("account.move").method("search_read").after(answers), What::Silent);
    shop.odoo.forget_calls();
    let call = Call::start(shop, "select * from sync_run('invoices')");
    let asked = |shop: &Shop<'_>| shop.odoo.count_calls("account.move", "search_read") > answers;
    wait_for("a request too many", LIMIT, || asked(shop)).unwrap_or_else(|error| panic!("{error}"));
    let worker = shop.worker_that_asks("account.move", "search_read");
    (call, worker)
}

#[test]
fn a_killed_worker_and_a_stopped_server_lose_nothing_that_was_committed() {
    let cluster = Cluster::start("crashes");
    let mut shop = Shop::with(&cluster, "crashes", "max_page '5', min_page '5'");

    let (call, worker) = waits_after(&mut shop, 4);
    // A page is written while the next is asked for: two are committed for sure.
    let two = "select count(*) >= 2 from erp_sync.batch where stream = 'invoices'";
    wait_for("two pages", LIMIT, || shop.value(two) == "t").unwrap_or_else(|error| panic!("{error}"));
    cluster.kill_backend(worker);
    call.end().failure();
    shop.reconnect();
    assert_eq!(shop.value("select state from erp_sync.run"), "running");
    let before = shop.value("select count(*) from erp.invoices");
    assert_ne!(before, "0");

    let (call, _) = waits_after(&mut shop, 2);
    let interrupted = "select t.state, t.error_kind, r.state from erp_sync.task t
                       join erp_sync.run r on r.id = t.run_id order by r.id limit 1";
    assert_eq!(shop.value(interrupted), "failed|interrupted|failed");
    let begun = Instant::now();
    cluster.stop();
    let took = begun.elapsed();
    println!("a fast shutdown in the middle of a request: {} ms", took.as_millis());
    assert!(took < 2 * SECOND, "{took:?}");
    call.end().failure();
    cluster.start_again();
    shop.reconnect();

    let (call, _) = waits_after(&mut shop, 1);
    cluster.stop_immediate();
    call.end().failure();
    cluster.start_again();
    shop.reconnect();
    ends_exact(&mut shop);
}
