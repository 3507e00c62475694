//! Somebody else has the table in hand: waited for within bounds, named with the holder, gone on with later.

use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::{exact, goes_on, in_the_contacts, told};

/// Four tries of two seconds, and the waits between them.
const BOUND: Duration = Duration::from_secs(25);

#[test]
fn a_table_that_somebody_has_locked_is_waited_for_within_bounds_and_the_holder_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "locked_table", "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop.admin
        .batch_execute("set application_name = 'nightly report'; begin; lock table erp.contacts")
        .expect("locked");
    let begun = Instant::now();
    let failure = told(shop.error("select * from sync_run('contacts')"));
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    assert_eq!(failure.sqlstate, "55P03");
    assert!(failure.message.contains("\"erp\".\"contacts\""), "{failure:?}");
    assert!(failure.detail.contains("nightly report"), "{failure:?}");
    assert!(failure.hint.contains("pg_terminate_backend("), "{failure:?}");
    // Whoever looks meanwhile is not held up.
    assert_eq!(shop.value("select state from sync_status() where entity = 'contacts'"), "failed");
    shop.admin.batch_execute("commit").expect("let go");
    goes_on(&mut shop);
}

#[test]
fn a_table_locked_in_the_middle_of_a_run_keeps_what_was_stored_and_the_next_run_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "locked_later", "jsonrpc");
    let call = in_the_contacts(&mut shop);
    shop.admin.batch_execute("begin; lock table erp.contacts in share mode").expect("locked");
    shop.odoo.clear_faults();
    let failure = told(call.end().failure());
    assert_eq!(failure.sqlstate, "55P03");
    assert!(failure.message.contains("\"erp\".\"contacts\""), "{failure:?}");
    shop.admin.batch_execute("commit").expect("let go");
    goes_on(&mut shop);
}

#[test]
fn a_lock_that_is_let_go_in_time_is_not_noticed() {
    let mut shop = Shop::open(Cluster::shared(), "locked_shortly", "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop.admin.batch_execute("begin; lock table erp.contacts").expect("locked");
    let call = Call::start(&shop, "select state from sync_run('contacts')");
    let waits =
        "select exists (select from pg_locks where not granted and relation = 'erp.contacts'::regclass)";
    for (what, is) in [("a worker that waits for the lock", "t"), ("the end of its first wait", "f")] {
        wait_for(what, LIMIT, || shop.value(waits) == is).unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(!call.is_over());
    shop.admin.batch_execute("commit").expect("let go");
    assert_eq!(call.end().rows(), ["succeeded"]);
    exact(&mut shop);
}

#[test]
fn a_row_that_somebody_is_changing_holds_up_its_batch_alone_and_the_holder_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "locked_row", "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], json!({"city": "Ghent"}));
    shop.admin
        .batch_execute("begin; update erp.contacts set city = 'Bruges' where id = 14")
        .expect("changed");
    let failure = told(shop.error("select * from sync_run('contacts')"));
    assert_eq!(failure.sqlstate, "55P03");
    assert!(failure.detail.contains("process"), "{failure:?}");
    shop.admin.batch_execute("commit").expect("let go");
    goes_on(&mut shop);
    assert_eq!(shop.value("select city from erp.contacts where id = 14"), "Ghent");
}

#[test]
fn a_row_that_somebody_inserts_at_the_same_moment_becomes_what_the_remote_says() {
    let mut shop = Shop::open(Cluster::shared(), "inserted_too", "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop.odoo.advance(60);
    let id = shop.odoo.create("res.partner", json!({"name": "Theirs"}));
    let insert = format!("begin; insert into erp.contacts (tenant, id, name) values ('main', {id}, 'ours')");
    shop.admin.batch_execute(&insert).expect("inserted");
    let call = Call::start(&shop, "select state, updated from sync_run('contacts')");
    // The key is in the index, and nobody can see whether it will stay.
    let waits = "select exists (select from pg_locks where not granted and locktype = 'transactionid')";
    wait_for("a worker that waits for the row", LIMIT, || shop.value(waits) == "t").expect("a wait");
    shop.admin.batch_execute("commit").expect("let go");
    assert_eq!(call.end().rows(), ["succeeded|1"]);
    assert_eq!(shop.value(&format!("select name from erp.contacts where id = {id}")), "Theirs");
    exact(&mut shop);
}

#[test]
fn a_long_report_is_in_the_way_of_a_new_column_alone_and_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "locked_reading", "jsonrpc");
    shop.run("select * from sync_run('contacts')");
    shop.admin.batch_execute("begin; select count(*) from erp.contacts").expect("a report");
    assert_eq!(shop.value("select state from sync_run('contacts', mode => 'full')"), "succeeded");
    shop.run(
        r#"select sync_define('{"extends": "contacts", "streams": [{"table": "contacts", "columns": [
             {"name": "colour", "type": "bigint", "path": ["color"], "about": "Of its card"}]}]}')"#,
    );
    let failure = told(shop.error("select * from sync_run('contacts')"));
    assert!(failure.detail.contains("AccessShareLock"), "{failure:?}");
    shop.admin.batch_execute("commit").expect("let go");
    goes_on(&mut shop);
    assert_ne!(shop.value("select count(colour) from erp.contacts"), "0");
}
