//! What missing rights, objects and fields look like.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::golden::Golden;

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

#[test]
fn rights_that_were_lost_look_like_rows_that_are_gone() {
    let mut shop = Shop::open(Cluster::shared(), "lost_rights", "jsonrpc");
    let mut golden = Golden::new("lost_rights");
    let look = "select aspect, status, detail, hint from sync_check() where aspect ~ 'contacts'";
    shop.run("select sync_run('contacts')");
    shop.odoo.hide_where("res.partner", json!([["id", ">", 20]]));
    golden.shows("a user that sees fewer rows, looked at", &shop, look);
    golden.shows("a sync of what changed", &shop, "select state, removed from sync_run('contacts')");
    golden.shows("a sync of everything", &shop, "select state from sync_run('contacts', mode => 'full')");
    golden.shows("nothing was removed", &shop, "select count(*) from erp.contacts");
    shop.odoo.unhide("res.partner");
    golden.shows(
        "the rights are back",
        &shop,
        "select state, removed from sync_run('contacts', mode => 'full')",
    );
    golden.shows("the rights are back, looked at", &shop, look);
    golden.compare();
}
