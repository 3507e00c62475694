//! Time limits for statements, of a role and of a database: they are the caller's, not the worker's.

use std::time::Duration;

use erp_sync_tests::call::LIMIT;
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::{exact, goes_on};

/// Contacts come in pages of ten, and each after a pause: all of them take some seconds.
fn slowly(shop: &mut Shop<'_>) {
    shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    let pages = When::any().model("res.partner").method("search_read");
    shop.odoo.fault(pages, What::Sleep(Duration::from_millis(700)));
}

#[test]
fn a_roles_time_limit_ends_the_wait_and_run_after_run_comes_nearer_to_the_end() {
    let mut shop = Shop::open(Cluster::shared(), "timeout_role", "jsonrpc");
    slowly(&mut shop);
    shop.admin
        .batch_execute("alter role shop in database timeout_role set statement_timeout = '3s'")
        .expect("a limit");
    let mut client = shop.session();
    let mut runs = 0;
    loop {
        runs += 1;
        let Err(error) = client.simple_query("select * from sync_run('contacts')") else { break };
        let error = error.as_db_error().expect("an error of the server").clone();
        assert_eq!(error.code().code(), "57014", "{error:?}");
        assert!(error.message().contains("statement timeout"), "{error:?}");
        assert!(runs < 12, "no run comes any further");
        shop.no_worker();
    }
    println!("{runs} runs of 3 s each were enough");
    assert!(runs > 1, "{runs}");
    let cancelled = "select count(*) from erp_sync.task where state = 'cancelled'";
    assert_eq!(shop.value(cancelled), (runs - 1).to_string());
    exact(&mut shop);
}

#[test]
fn a_databases_time_limits_do_not_end_a_run_that_nobody_waits_for() {
    let mut shop = Shop::open(Cluster::shared(), "timeout_database", "jsonrpc");
    slowly(&mut shop);
    shop.admin
        .batch_execute(
            "alter database timeout_database set statement_timeout = '500ms';
             alter database timeout_database set lock_timeout = '1ms';
             alter database timeout_database set idle_in_transaction_session_timeout = '500ms'",
        )
        .expect("limits");
    let mut client = shop.session();
    client.simple_query("select * from sync_run('contacts', wait => false)").expect("queued");
    wait_for("the end of the run", LIMIT, || shop.value("select state from erp_sync.run") == "succeeded")
        .unwrap_or_else(|error| panic!("{error}"));
    exact(&mut shop);
}

#[test]
fn a_callers_time_limit_is_told_and_the_next_run_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "timeout_caller", "jsonrpc");
    slowly(&mut shop);
    shop.run("set statement_timeout = '2500ms'");
    let failure = shop.error("select * from sync_run('contacts')");
    assert_eq!(failure.sqlstate, "57014");
    shop.run("reset statement_timeout");
    shop.no_worker();
    let history = "select state, error, hint from erp_sync.history order by run_id desc limit 1";
    println!("{}", shop.value(history));
    assert!(shop.value(history).ends_with("what was committed stays; the next run goes on from there"));
    goes_on(&mut shop);
}
