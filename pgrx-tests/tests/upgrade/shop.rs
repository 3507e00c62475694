//! What is upgraded: a shop with everything that a user can have.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::{ROLE, Shop, rows};
use serde_json::json;

/// An entity of the user's own, out of a module that the double does not have by itself.
const LEADS: &str = r#"{"name": "leads", "about": "What may become an order", "source": "odoo", "streams": [{
    "table": "leads", "about": "Leads", "object": "crm.lead", "module": "crm", "key": ["id"], "cursor": "write_date",
    "columns": [{"name": "id", "type": "bigint", "about": "Odoo's id"},
                {"name": "name", "type": "text", "about": "What it is about"}]}]}"#;

/// A shop with data, a manifest, settings, a view and, with pg_cron, a job; in the middle of a pass over contacts.
pub fn shop_in_the_middle_of_a_pass(cluster: &Cluster, with_pg_cron: bool) -> Shop<'_> {
    let mut shop = Shop::with(cluster, "upgrade", "max_page '5', min_page '5'");
    shop.odoo.install("crm.lead", "Lead", json!({"name": {"type": "char", "string": "Lead", "store": true}}));
    shop.odoo.create("crm.lead", json!({"name": "Desks"}));
    shop.run(&format!("select sync_define('{}')", LEADS.replace('\'', "''")));
    shop.run(r#"select sync_configure('contacts', '{"overlap": "20 minutes"}')"#);
    shop.run("select sync_run('all')");
    shop.run("create view erp.shop_products as select id, name from erp.products");
    schedule(&mut shop, with_pg_cron);
    stop_in_the_middle(&mut shop);
    shop
}

fn schedule(shop: &mut Shop<'_>, with_pg_cron: bool) {
    if with_pg_cron {
        let create = "create extension pg_cron; grant usage on schema cron to shop";
        shop.admin.batch_execute(create).expect("pg_cron is there");
        shop.run("select sync_schedule()");
    } else {
        shop.run("select sync_schedule(elsewhere => true)");
    }
}

/// Stops a run when it asks for its third page.
fn stop_in_the_middle(shop: &mut Shop<'_>) {
    shop.odoo.import("res.partner", 40, |at| json!({"name": format!("Customer {at}")}));
    shop.odoo.fault(When::any().model("res.partner").method("search_read").after(4), What::Silent);
    shop.odoo.forget_calls();
    let call = Call::start(shop, "select sync_run('contacts')");
    let odoo = &shop.odoo;
    wait_for("the pages", LIMIT, || odoo.count_calls("res.partner", "search_read") > 4)
        .unwrap_or_else(|error| panic!("{error}"));
    let open =
        "select count(*) from erp_sync.position where stream = 'contacts' and pass #>> '{after}' is not null";
    let mut admin = shop.cluster.client(&shop.database, "postgres");
    wait_for("a batch of the pass", LIMIT, || rows(&mut admin, open) == ["1"])
        .unwrap_or_else(|error| panic!("{error}"));
    shop.run("select sync_cancel(max(id)) from erp_sync.run");
    call.end().failure();
    shop.no_worker();
    shop.odoo.clear_faults();
}

/// The same shop in the upgraded cluster.
pub fn goes_on<'a>(old: Shop<'_>, cluster: &'a Cluster) -> Shop<'a> {
    let Shop { database, odoo, .. } = old;
    let client = cluster.client(&database, ROLE);
    let admin = cluster.client(&database, "postgres");
    Shop { cluster, database, odoo, client, admin }
}

/// Every row of the bookkeeping and of the business tables, and what else a user would miss.
pub fn content(shop: &mut Shop<'_>) -> Vec<(String, Vec<String>)> {
    let tables = "select format('%I.%I', schemaname, tablename) from pg_tables
                  where schemaname in ('erp', 'erp_sync') or (schemaname, tablename) = ('cron', 'job') order by 1";
    let tables = rows(&mut shop.admin, tables);
    assert!(tables.len() > 30, "{tables:?}");
    let selects = tables.iter().map(|table| format!("select t::text from {table} t order by 1"));
    let others = [
        "select srvname, usename, unnest(umoptions) from pg_user_mappings order by 1, 2, 3",
        "select srvname, srvacl, unnest(srvoptions) from pg_foreign_server order by 1, 3",
        "select viewname, viewowner from pg_views where schemaname = 'erp' order by 1",
        "select * from erp.shop_products order by id",
        "select fdwname, fdwacl from pg_foreign_data_wrapper order by 1",
    ];
    let selects = selects.chain(others.map(String::from));
    selects.map(|select| (select.clone(), rows(&mut shop.admin, &select))).collect()
}

/// The ids behind which pages of a model were asked for, in that order.
pub fn remote_calls(shop: &Shop<'_>, model: &str) -> Vec<i64> {
    let calls = shop.odoo.calls();
    let pages = calls
        .iter()
        .filter(|call| call.model == model && call.method == "search_read" && call.kwargs["order"] == "id");
    let after = |domain: &serde_json::Value| {
        let terms = domain.as_array().cloned().unwrap_or_default();
        terms.iter().find(|term| term[0] == "id" && term[1] == ">").and_then(|term| term[2].as_i64())
    };
    pages.map(|call| after(&call.args[0]).unwrap_or_default()).collect()
}
