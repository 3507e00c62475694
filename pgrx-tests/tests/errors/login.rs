//! What a login that is refused looks like.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo, RpcFault, What, When};
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const RUN: &str = "select state from sync_run('contacts')";
const CHECK: &str = "select * from sync_check()";

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
    shop.run("alter user mapping for current_user server odoo_main options (set password 'admin')");
    let page = || When::any().model("res.partner").method("search_read").after(1);
    shop.odoo.fault(page(), What::Rpc(RpcFault::access_denied()));
    golden.shows("refused in the middle", &shop, RUN);
    shop.odoo.clear_faults();
    let expired = RpcFault::new("odoo.http.SessionExpiredException", "Session expired");
    shop.odoo.fault(When::any().service("object"), What::Rpc(expired));
    golden.shows("asked for a session", &shop, RUN);
    golden.compare();
}

#[test]
fn an_api_key_that_is_refused_says_where_to_make_a_new_one() {
    let odoo = Odoo::start_as(19);
    let mut shop = Shop::reading(Cluster::shared(), "api_key", odoo, "protocol 'json2'", ADMIN_KEY);
    let mut golden = Golden::new("api_key");
    shop.run("alter server odoo_main options (set database 'prod')");
    golden.shows("wrong database", &shop, RUN);
    shop.run("alter server odoo_main options (set database 'odoo19')");
    shop.odoo.set_api_key("admin", None);
    golden.shows("a key that was revoked", &shop, RUN);
    golden.shows("a key that was revoked", &shop, CHECK);
    shop.run("alter user mapping for current_user server odoo_main options (set password 'admin')");
    golden.shows("a password", &shop, RUN);
    shop.odoo = Odoo::start().into();
    let url = shop.odoo.url();
    shop.run(&format!("alter server odoo_main options (set url '{url}', set database 'odoo17')"));
    golden.shows("an Odoo that is too old", &shop, CHECK);
    golden.shows("an Odoo that is too old", &shop, RUN);
    golden.compare();
}
