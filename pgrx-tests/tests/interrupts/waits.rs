//! What a worker that waits for the network looks like from outside.

use std::process::Stdio;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::{ends_exact, was_terminated, within_a_second};

fn silent_at_the_products(shop: &mut Shop<'_>) -> (Call, i32) {
    shop.odoo.fault(When::any().model("product.product").method("search_read"), What::Silent);
    let call = Call::start(shop, "select * from sync_run('products')");
    let worker = shop.worker_that_asks("product.product", "search_read");
    (call, worker)
}

#[test]
fn a_worker_that_waits_for_the_network_has_no_transaction_and_says_what_it_does() {
    let mut shop = Shop::open(Cluster::shared(), "no_transaction", "jsonrpc");
    let (call, worker) = silent_at_the_products(&mut shop);
    let sql = format!(
        "select xact_start is null, backend_xid is null, backend_xmin is null, backend_type, application_name,
                usename, query
         from pg_stat_activity where pid = {worker}"
    );
    let expected = "t|t|t|erp_sync|erp_sync|shop|erp_sync: products from odoo_main";
    let mut admin = shop.session();
    wait_for("a worker outside any transaction", LIMIT, || {
        erp_sync_tests::shop::rows(&mut admin, &sql) == [expected]
    })
    .unwrap_or_else(|error| panic!("{error}: {:?}", shop.rows(&sql)));
    // It stays so: the worker looks up several times a second.
    let until = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < until {
        assert_eq!(erp_sync_tests::shop::rows(&mut admin, &sql), [expected]);
    }
    shop.odoo.clear_faults();
    call.end().rows();
    ends_exact(&mut shop);
}

#[test]
fn a_wait_that_the_remote_asked_for_is_told_with_its_end() {
    let mut shop = Shop::open(Cluster::shared(), "told_wait", "jsonrpc");
    shop.odoo.fault(When::any().model("product.product").method("search_read").once(), What::throttled(6));
    let mut psql = shop.cluster.psql_command(&shop.database, "shop");
    psql.args(["--no-psqlrc", "-At", "-c", "select state from sync_run('products')"]);
    let psql = psql.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql starts");
    let waits = "select count(*) from pg_stat_activity where backend_type = 'erp_sync'
                 and query ~ '^erp_sync: waits for odoo_main until [0-9:]{8} UTC$'";
    let mut admin = shop.session();
    wait_for("the word in pg_stat_activity", LIMIT, || {
        erp_sync_tests::shop::rows(&mut admin, waits) == ["1"]
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let output = psql.wait_with_output().expect("psql has ended");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("NOTICE:  waits for odoo_main until "), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "succeeded\n");
    ends_exact(&mut shop);
}

#[test]
fn a_worker_that_waits_for_the_network_keeps_nobody_from_dropping_a_database() {
    let mut shop = Shop::open(Cluster::shared(), "keeps_nobody", "jsonrpc");
    shop.cluster.create_database("to_be_dropped");
    let (call, _) = silent_at_the_products(&mut shop);
    let begun = Instant::now();
    shop.admin.batch_execute("drop database to_be_dropped").expect("it is dropped");
    within_a_second("drop database", begun, Instant::now());
    assert!(!call.is_over());
    shop.odoo.clear_faults();
    call.end().rows();
}

#[test]
fn every_signal_is_blocked_on_the_network_thread() {
    let mut shop = Shop::open(Cluster::shared(), "signals", "jsonrpc");
    let (call, worker) = silent_at_the_products(&mut shop);
    let tasks = std::fs::read_dir(format!("/proc/{worker}/task")).expect("the worker's threads");
    let mut threads = 0;
    for thread in tasks.map(|entry| entry.expect("a thread").path()) {
        let status = std::fs::read_to_string(thread.join("status")).unwrap_or_default();
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap_or_default();
        if thread.file_name().is_some_and(|name| name.to_string_lossy() != worker.to_string()) {
            threads += 1;
            // All but SIGKILL, SIGSTOP and the two that the C library keeps for itself.
            assert_eq!(blocked, "fffffffe7ffbfeff");
        }
    }
    assert!(threads > 0);
    shop.odoo.clear_faults();
    call.end().rows();
}

#[test]
fn a_check_is_stopped_like_a_run() {
    let mut shop = Shop::open(Cluster::shared(), "check_stopped", "jsonrpc");
    shop.odoo.fault(When::any(), What::Silent);
    for (stop, sqlstate) in [("pg_cancel_backend", "57014"), ("pg_terminate_backend", "57014")] {
        for of_worker in [true, false] {
            shop.odoo.forget_calls();
            let call = Call::start(&shop, "select * from sync_check()");
            let asked = || !shop.odoo.calls().is_empty();
            wait_for("a request", LIMIT, asked).unwrap_or_else(|error| panic!("{error}"));
            let pid = if of_worker { shop.workers()[0] } else { call.pid };
            let begun = Instant::now();
            shop.admin.execute(&format!("select {stop}({pid})"), &[]).expect("stopped");
            let gone_at = shop.no_worker();
            let ended = call.end();
            within_a_second(&format!("{stop} of a check, the caller's answer"), begun, ended.at);
            within_a_second(&format!("{stop} of a check, the worker's end"), begun, gone_at);
            let failure = ended.failure();
            assert!(failure.sqlstate == sqlstate || was_terminated(&failure), "{failure:?}");
        }
    }
}
