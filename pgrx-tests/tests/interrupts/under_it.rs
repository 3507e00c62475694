//! What a run works on goes away in the middle of it: no crash, and a clear end.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::{Failure, Shop};

use super::{ends_exact, was_terminated};

/// A run that stands still in the middle of the invoices, with the pages before committed.
fn in_the_invoices(shop: &mut Shop<'_>) -> (Call, i32) {
    shop.run("alter server odoo_main options (add max_page '5', add min_page '5')");
    shop.odoo.fault(When::any().model("account.move").method("search_read").after(3), What::Silent);
    let call = Call::start(shop, "select * from sync_run('invoices')");
    let worker = shop.worker_that_asks("account.move", "search_read");
    let asked = |shop: &Shop<'_>| shop.odoo.count_calls("account.move", "search_read") > 3;
    wait_for("the fourth page", LIMIT, || asked(shop)).unwrap_or_else(|error| panic!("{error}"));
    (call, worker)
}

/// Does something to the objects of such a run, lets the remote answer, and tells how the run ended.
fn under_a_run(shop: &mut Shop<'_>, sql: &str) -> Failure {
    let (call, _) = in_the_invoices(shop);
    shop.admin.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    shop.odoo.clear_faults();
    let failure = call.end().failure();
    assert!(!failure.hint.is_empty(), "{failure:?}");
    shop.no_worker();
    failure
}

#[test]
fn a_business_table_dropped_in_a_run_fails_it_and_the_next_run_makes_it_again() {
    let mut shop = Shop::open(Cluster::shared(), "drop_table", "jsonrpc");
    let failure = under_a_run(&mut shop, "drop table erp.invoices cascade");
    assert!(failure.message.contains("table \"erp\".\"invoices\" is no longer there"), "{failure:?}");
    ends_exact(&mut shop);
}

#[test]
fn a_server_dropped_in_a_run_ends_it_and_another_of_its_name_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "drop_server", "jsonrpc");
    let (call, _) = in_the_invoices(&mut shop);
    shop.run("drop server odoo_main cascade");
    shop.odoo.clear_faults();
    // What it needs of the server it has read before.
    call.end().rows();
    let url = shop.odoo.url();
    shop.run(&format!(
        "create server odoo_main foreign data wrapper odoo options (url '{url}', database 'odoo17');
         create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
    ));
    ends_exact(&mut shop);
}

#[test]
fn a_right_lost_in_a_run_is_named_and_given_back_it_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "revoke", "jsonrpc");
    let failure = under_a_run(
        &mut shop,
        "alter table erp.invoices owner to postgres; revoke all on erp.invoices from shop",
    );
    assert!(failure.message.contains("\"invoices\" belongs to role \"postgres\""), "{failure:?}");
    shop.admin.batch_execute("alter table erp.invoices owner to shop").expect("given back");
    ends_exact(&mut shop);
}

#[test]
fn the_schema_usage_lost_in_a_run_is_named_and_given_back_it_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "revoke_schema", "jsonrpc");
    let failure = under_a_run(&mut shop, "alter schema erp owner to postgres");
    assert!(failure.message.contains("schema \"erp\" belongs to role \"postgres\""), "{failure:?}");
    shop.admin.batch_execute("alter schema erp owner to shop").expect("given back");
    ends_exact(&mut shop);
}

#[test]
fn the_extension_dropped_in_a_run_ends_it_with_a_clear_error_and_keeps_the_tables() {
    let mut shop = Shop::open(Cluster::shared(), "drop_extension", "jsonrpc");
    let failure = under_a_run(&mut shop, "drop extension erp_sync cascade");
    assert!(failure.message.contains("erp_sync is no longer there"), "{failure:?}");
    assert!(failure.hint.contains("create extension erp_sync"), "{failure:?}");
    assert_ne!(shop.value("select count(*) from erp.invoices"), "0");
}

#[test]
fn the_database_of_a_run_is_dropped_by_force() {
    let mut shop = Shop::open(Cluster::shared(), "drop_database", "jsonrpc");
    let (call, _) = in_the_invoices(&mut shop);
    let mut elsewhere = shop.cluster.client("postgres", "postgres");
    elsewhere.batch_execute("drop database drop_database with (force)").expect("it is dropped");
    assert!(was_terminated(&call.end().failure()));
    let workers =
        "select count(*) from pg_stat_activity where backend_type = 'erp_sync' and datname = 'drop_database'";
    assert_eq!(elsewhere.query_one(workers, &[]).expect("readable").get::<_, i64>(0), 0);
}

#[test]
fn the_role_of_a_run_is_dropped() {
    let mut shop = Shop::open(Cluster::shared(), "drop_role", "jsonrpc");
    shop.admin
        .batch_execute(
            "create role temp login; grant usage on foreign server odoo_main to temp; grant shop to temp;
            grant create on database drop_role to temp",
        )
        .expect("a role");
    let url = "create user mapping for temp server odoo_main options (username 'admin', password 'admin')";
    shop.admin.batch_execute(url).expect("a mapping");
    shop.odoo.fault(When::any().model("product.category").method("search_read").after(1), What::Silent);
    let call = Call::start_as(&shop, "temp", "", "select * from sync_run('categories')");
    shop.worker_that_asks("product.category", "search_read");
    let drop = "drop user mapping for temp server odoo_main; drop owned by temp; drop role temp";
    shop.admin.batch_execute(drop).unwrap_or_else(|error| panic!("{error:?}"));
    shop.odoo.clear_faults();
    assert!(call.end().failure().message.contains("the role of this run is no longer there"));
    shop.run("select * from sync_run('contacts')");
    shop.is_at_rest();
}
