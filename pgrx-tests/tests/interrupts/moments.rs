//! A run is stopped at every moment of its life: at each request it makes.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::ends_exact;

/// Whom to stop, and how; `{caller}` stands for the caller's process.
const STOPS: [&str; 5] = [
    "select pg_cancel_backend({caller})",
    "select pg_terminate_backend({caller})",
    "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'erp_sync' and datname = current_database()",
    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'erp_sync' and datname = current_database()",
    "select sync_cancel(max(id)) from erp_sync.run",
];

/// Headers, lines and plain tables: every way in which entities are read.
const ENTITIES: &str = "categories, products, contacts, invoices";

/// Stops runs at each of their requests, and lets the last one go on to its end.
fn stopped_at_every_request(name: &str, options: &str, sql: &str) {
    let mut shop = Shop::with(Cluster::shared(), name, options);
    let (mut stopped, mut request) = (0, 0);
    loop {
        shop.odoo.forget_calls();
        shop.odoo.create(
            "product.category",
            json!({ "name": format!("category {request}"), "parent_path": "1/" }),
        );
        let call = Call::start(&shop, sql);
        let calls = || shop.odoo.calls().len();
        wait_for("the request", LIMIT, || calls() >= request || call.is_over())
            .unwrap_or_else(|e| panic!("{e}"));
        if call.is_over() && calls() < request {
            call.end().rows();
            break;
        }
        let stop = STOPS[request % STOPS.len()].replace("{caller}", &call.pid.to_string());
        shop.admin.simple_query(&stop).unwrap_or_else(|error| panic!("{stop}: {error:?}"));
        stopped += usize::from(call.end().outcome.is_err());
        shop.no_worker();
        request += 1;
    }
    println!("{name}: {stopped} of {request} runs were stopped");
    assert!(stopped * 2 > request);
    ends_exact(&mut shop);
}

#[test]
fn a_run_is_stopped_at_each_of_its_requests_and_the_last_ends_exact() {
    let sql = format!("select * from sync_run('{ENTITIES}')");
    stopped_at_every_request("moments", "max_page '9', min_page '9'", &sql);
}

#[test]
fn a_full_run_is_stopped_at_each_of_its_requests_and_the_last_ends_exact() {
    let sql = format!("select * from sync_run('{ENTITIES}', mode => 'full', confirm => true)");
    stopped_at_every_request("moments_full", "max_page '20', min_page '20', protocol 'xmlrpc'", &sql);
}
