//! Rights and passwords that change in the middle of a run.

use erp_sync_tests::call::Call;
use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{Odoo, What, When};
use erp_sync_tests::shop::{Failure, Shop, rows};

use super::{exact, goes_on, in_the_contacts, stored, told};

#[test]
fn a_password_changed_on_the_remote_in_a_run_is_told_and_the_next_run_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "rights_password", "jsonrpc");
    let call = in_the_contacts(&mut shop);
    shop.odoo.set_password("admin", "changed");
    shop.odoo.clear_faults();
    let failure = told(call.end().failure());
    assert_eq!(failure.sqlstate, "28P01");
    assert!(failure.hint.contains("set password"), "{failure:?}");
    assert_ne!(stored(&mut shop), 0);
    shop.run("alter user mapping for current_user server odoo_main options (set password 'changed')");
    goes_on(&mut shop);
}

/// A role beside the shop's, with a server and a table of its own to write to.
fn clerk(shop: &mut Shop<'_>, name: &str) {
    let sql = format!(
        "create role {name} login; create schema {name} authorization {name};
         alter role {name} set erp_sync.target_schema = '{name}';
         grant usage on foreign server odoo_main to {name};
         create user mapping for {name} server odoo_main options (username 'admin', password 'admin')"
    );
    shop.admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// Does something while a clerk's run is in the middle of the first of two entities, and tells how it ended.
fn during_the_first_of_two(shop: &mut Shop<'_>, name: &str, sql: &str) -> Failure {
    clerk(shop, name);
    shop.odoo.fault(When::any().model("product.category").method("search_read").after(1), What::Held);
    let call =
        Call::start_as(shop, name, "", "select * from sync_run('categories, currencies', 'odoo_main')");
    shop.worker_that_asks("product.category", "search_read");
    let sql = sql.replace("{name}", name);
    shop.admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    shop.odoo.clear_faults();
    let failure = told(call.end().failure());
    let states = "select entity, state from erp_sync.task order by ordinal";
    assert_eq!(rows(&mut shop.admin, states), ["categories|succeeded", "currencies|failed"]);
    let table = format!("select count(*) > 0 from {name}.categories");
    assert_eq!(rows(&mut shop.admin, &table), ["t"]);
    shop.is_at_rest();
    failure
}

#[test]
fn a_server_whose_usage_is_revoked_in_a_run_is_read_no_further_than_the_task_in_hand() {
    let mut shop = Shop::open(Cluster::shared(), "rights_usage", "jsonrpc");
    let revoke = "revoke usage on foreign server odoo_main from {name}";
    let failure = during_the_first_of_two(&mut shop, "clerk_usage", revoke);
    assert_eq!(failure.sqlstate, "42501");
    assert!(failure.hint.contains("grant usage on foreign server odoo_main to clerk_usage"), "{failure:?}");
    shop.run("grant usage on foreign server odoo_main to clerk_usage");
    let mut clerk = shop.cluster.client(&shop.database, "clerk_usage");
    assert_eq!(rows(&mut clerk, "select state from sync_run('categories, currencies')"), ["succeeded"; 2]);
}

#[test]
fn a_server_dropped_in_a_run_is_missed_by_the_tasks_to_come_and_its_rows_stay() {
    let mut shop = Shop::open(Cluster::shared(), "rights_dropped", "jsonrpc");
    let failure = during_the_first_of_two(&mut shop, "clerk_dropped", "drop server odoo_main cascade");
    assert!(failure.message.contains("there is no server \"odoo_main\""), "{failure:?}");
}

#[test]
fn a_server_altered_in_a_run_counts_from_the_next_run_on() {
    let mut shop = Shop::open(Cluster::shared(), "rights_altered", "jsonrpc");
    let call = in_the_contacts(&mut shop);
    let moved = Odoo::start();
    shop.run(&format!("alter server odoo_main options (set url '{}')", moved.url()));
    shop.odoo.clear_faults();
    call.end().rows();
    let failure = told(shop.error("select * from sync_run('contacts')"));
    assert!(failure.message.contains("was read from another remote"), "{failure:?}");
    shop.run("select sync_reset('contacts', 'odoo_main')");
    shop.run("select * from sync_run('contacts')");
    assert!(moved.count_calls("res.partner", "search_read") > 0);
    exact(&mut shop);
}
