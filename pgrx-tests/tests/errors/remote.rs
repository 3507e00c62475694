//! What a remote that does not do its part looks like.

use std::net::TcpListener;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const RUN: &str = "select state from sync_run('contacts')";
const CHECK: &str = "select * from sync_check()";

#[test]
fn a_remote_that_cannot_be_reached() {
    let mut shop = Shop::open(Cluster::shared(), "unreachable", "jsonrpc");
    let mut golden = Golden::new("unreachable");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (title, url) in [
        ("nobody listens", format!("http://127.0.0.1:{free}")),
        ("no such name", "http://erp.invalid".to_owned()),
        ("TLS where there is none", shop.odoo.url().replace("http:", "https:")),
    ] {
        shop.run(&format!("alter server odoo_main options (set url '{url}')"));
        golden.shows(title, &shop, RUN);
        golden.shows(title, &shop, CHECK);
    }
    shop.run(&format!("alter server odoo_main options (set url '{}')", shop.odoo.url()));
    shop.odoo.fault(When::any(), What::Silent);
    let impatient = "set erp_sync.request_timeout = '300ms';";
    golden.shows_to("shop", "no answer in time", &shop, impatient, RUN);
    shop.odoo.clear_faults();
    for (title, what) in [
        ("closed without a byte", What::Hangup),
        ("cut in the middle", What::CutBody(20)),
        ("a proxy whose Odoo is down", What::bad_gateway()),
        ("a proxy whose Odoo is slow", What::gateway_timeout()),
        ("a proxy that asks for patience", What::throttled(1)),
    ] {
        shop.odoo.fault(When::any(), what);
        golden.shows(title, &shop, RUN);
        shop.odoo.clear_faults();
    }
    golden.compare();
}

#[test]
fn a_remote_that_is_no_odoo() {
    let shop = Shop::open(Cluster::shared(), "no_odoo", "jsonrpc");
    let mut golden = Golden::new("no_odoo");
    for (title, what) in [
        ("a page for people", What::login_page()),
        ("neither JSON nor XML", What::Garbage),
        ("an empty answer", What::empty()),
        ("another address", What::redirect("https://www.example.com/odoo/web/login?redirect=x")),
        ("an answer that is too long", What::OverLong(70_000)),
    ] {
        shop.odoo.fault(When::any(), what);
        let small = "set erp_sync.max_response_bytes = '64kB';";
        golden.shows_to("shop", title, &shop, small, RUN);
        golden.shows_to("shop", title, &shop, small, CHECK);
        shop.odoo.clear_faults();
    }
    golden.compare();
}

#[test]
fn a_login_that_is_refused_is_one_error_with_one_detail_and_one_hint() {
    let mut shop = Shop::open(Cluster::shared(), "login", "jsonrpc");
    let mut golden = Golden::new("login");
    for protocol in ["jsonrpc", "xmlrpc"] {
        shop.run(&format!("alter server odoo_main options (set protocol '{protocol}')"));
        shop.run("alter server odoo_main options (set database 'prod')");
        golden.shows(&format!("wrong database, {protocol}"), &shop, RUN);
        golden.shows(&format!("wrong database, {protocol}"), &shop, CHECK);
        shop.run("alter server odoo_main options (set database 'odoo17')");
        shop.run("alter user mapping for current_user server odoo_main options (set password 'wrong')");
        let printed = golden.shows(&format!("wrong password, {protocol}"), &shop, RUN);
        let kinds: Vec<&str> = printed.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(kinds, ["ERROR", "DETAIL", "HINT"], "{printed}");
        shop.run("alter user mapping for current_user server odoo_main options (set password 'admin')");
    }
    shop.run("alter user mapping for current_user server odoo_main options (set password 'wrong')");
    golden.shows("wrong password, all entities", &shop, "select state from sync_run('all')");
    golden.shows("wrong password, looked at", &shop, CHECK);
    golden.shows(
        "wrong password, what is kept of it",
        &shop,
        "select entity, state, error, hint from erp_sync.errors where run_id = (select max(id) from erp_sync.run)",
    );
    golden.compare();
}

#[test]
fn what_the_user_may_not_read_or_the_remote_does_not_have() {
    let mut shop = Shop::open(Cluster::shared(), "missing", "jsonrpc");
    let mut golden = Golden::new("missing");
    let all = "select entity, state, error, hint from sync_run('all')";
    shop.odoo.revoke("admin", "account.move");
    for protocol in ["jsonrpc", "xmlrpc"] {
        shop.run(&format!("alter server odoo_main options (set protocol '{protocol}')"));
        golden.shows(&format!("no right, {protocol}"), &shop, "select state from sync_run('invoices')");
    }
    golden.shows("no right, among all", &shop, all);
    golden.shows(
        "no right, looked at",
        &shop,
        "select aspect, status, detail, hint from sync_check() where aspect ~ 'invoices'",
    );
    shop.odoo.grant("admin", "account.move");
    shop.odoo.uninstall("account.move.line");
    golden.shows("no module", &shop, "select state from sync_run('invoices')");
    golden.shows("no module, among all", &shop, all);
    golden.shows(
        "no module, looked at",
        &shop,
        "select aspect, status, detail, hint from sync_check() where aspect ~ 'invoices'",
    );
    shop.odoo.forbid_field("admin", "res.partner", "vat");
    golden.shows("no right on a field", &shop, "select state from sync_run('contacts')");
    shop.odoo.forbid_field("admin", "res.partner", "write_date");
    golden.shows("no right on a field that is needed", &shop, "select state from sync_run('contacts')");
    let search = || When::any().model("product.category").method("search_read");
    shop.odoo.fault(search(), What::Rpc(RpcFault::user_error("The year is closed.\nAsk the accountant.")));
    golden.shows("a refusal of its own", &shop, "select state from sync_run('categories')");
    shop.odoo.clear_faults();
    shop.odoo.fault(search(), What::Rpc(RpcFault::serialization_failure()));
    golden.shows("the database behind it", &shop, "select state from sync_run('categories')");
    golden.compare();
}
