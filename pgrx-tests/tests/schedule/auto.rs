//! `call sync_auto()`: what the job calls.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::{cluster, shop};

/// What each entity did in the last run.
fn last_run(shop: &mut Shop<'_>) -> Vec<String> {
    shop.rows(
        "select entity, mode, state, inserted + updated from erp_sync.history
         where run_id = (select max(id) from erp_sync.run) order by 1",
    )
}

#[test]
fn sync_auto_reads_changes_and_everything_when_that_has_come_round() {
    let cluster = cluster("auto");
    let mut shop = shop(&cluster, "auto");
    shop.run("select sync_schedule()");
    shop.run("call sync_auto()");
    assert_eq!(last_run(&mut shop).len(), 16);
    assert_eq!(shop.value("select mode from erp_sync.run"), "auto");

    let product = shop.odoo.create("product.product", json!({ "name": "Lamp" }));
    shop.admin
        .batch_execute(
            "update erp_sync.position set full_at = full_at - interval '1 year' where entity = 'categories'",
        )
        .expect("set back");
    shop.run("call public.sync_auto()");
    let expected = [
        "categories|full|succeeded|0",
        "companies|incremental|succeeded|0",
        "contacts|incremental|succeeded|0",
        "currencies|incremental|succeeded|0",
        "employees|incremental|succeeded|0",
        "inventory|incremental|succeeded|0",
        "invoices|incremental|succeeded|0",
        "manufacturing|incremental|succeeded|0",
        "names|incremental|succeeded|0",
        "payments|incremental|succeeded|0",
        "products|incremental|succeeded|1",
        "purchases|incremental|succeeded|0",
        "sale_orders|incremental|succeeded|0",
        "stock_moves|incremental|succeeded|0",
        "warehouses|incremental|succeeded|0",
        "wastage|incremental|succeeded|0",
    ];
    assert_eq!(last_run(&mut shop), expected);
    assert_eq!(shop.value(&format!("select name from erp.products where id = {product}")), "Lamp");
    shop.run("call sync_auto()");
    assert_eq!(last_run(&mut shop)[0], "categories|incremental|succeeded|0");
}

#[test]
fn sync_auto_holds_no_snapshot_while_it_waits_and_is_cancelled_like_any_call() {
    let cluster = cluster("auto_waits");
    let mut shop = shop(&cluster, "auto_waits");
    shop.run("select sync_schedule()");
    shop.odoo.fault(When::any().model("product.category").method("search_read"), What::Silent);
    let call = Call::start(&shop, "call sync_auto()");
    shop.worker_that_asks("product.category", "search_read");
    let held = format!(
        "select state, backend_xmin is null, backend_xid is null from pg_stat_activity where pid = {}",
        call.pid
    );
    assert_eq!(shop.value(&held), "active|t|t");
    let pid = call.pid;
    shop.admin.execute("select pg_cancel_backend($1)", &[&pid]).expect("cancelled");
    assert_eq!(call.end().failure().sqlstate, "57014");
    shop.no_worker();
    assert_eq!(shop.value("select state from erp_sync.run"), "cancelled");
}

#[test]
fn sync_auto_is_refused_where_it_cannot_commit() {
    let cluster = cluster("auto_refused");
    let mut shop = shop(&cluster, "auto_refused");
    shop.run("select sync_schedule()");
    shop.run("begin");
    let failure = shop.error("call sync_auto()");
    assert_eq!(failure.message, "sync_auto() cannot run inside a transaction block");
    assert_eq!(failure.hint, "run it as a single statement: call sync_auto()");
    shop.run("rollback");
    shop.run(
        "create function erp.wrapped() returns void language plpgsql as 'begin call public.sync_auto(); end'",
    );
    for sql in ["select erp.wrapped()", "begin; do $$ begin call sync_auto(); end $$"] {
        assert_eq!(shop.error(sql).message, failure.message, "{sql}");
    }
    shop.run("rollback");
    assert_eq!(shop.value("select count(*) from erp_sync.run"), "0");
    shop.run("do $$ begin call sync_auto(); end $$");
}

#[test]
fn sync_auto_fails_when_a_task_failed_and_the_others_stay() {
    let cluster = cluster("auto_fails");
    let mut shop = shop(&cluster, "auto_fails");
    shop.run("select sync_schedule()");
    let broken = When::any().model("res.partner").method("search_read");
    shop.odoo.fault(broken, What::Rpc(RpcFault::access_error("You are not allowed to access Contact")));
    let failure = shop.error("call sync_auto()");
    assert!(failure.message.contains("contacts from odoo_main"), "{failure:?}");
    assert_ne!(shop.value("select count(*) from erp.products"), "0");
}

#[test]
fn erp_sync_enabled_off_pauses_and_only_a_superuser_resumes() {
    let cluster = cluster("paused");
    let mut shop = shop(&cluster, "paused");
    shop.run("select sync_schedule()");
    shop.admin.batch_execute("alter database paused set erp_sync.enabled = off").expect("paused");
    shop.reconnect();
    for sql in ["call sync_auto()", "select * from sync_run()", "select * from sync_run(wait => false)"] {
        let failure = shop.error(sql);
        assert_eq!(failure.message, "syncing is paused: erp_sync.enabled is off", "{sql}");
        assert!(failure.hint.contains("erp_sync.enabled = on"), "{failure:?}");
    }
    assert_eq!(shop.error("set erp_sync.enabled = on").sqlstate, "42501");
    // Before the library is loaded nobody knows yet who may set it.
    let mut early = shop.session();
    early.batch_execute("set erp_sync.enabled = on").expect("a name that nobody knows yet");
    assert!(erp_sync_tests::shop::failure(&mut early, "call sync_auto()").message.contains("paused"));
    shop.admin.batch_execute("alter database paused reset erp_sync.enabled").expect("resumed");
    shop.reconnect();
    shop.run("call sync_auto()");
    wait_for("its run", LIMIT, || shop.value("select state from erp_sync.run") == "succeeded")
        .expect("a run");
}
