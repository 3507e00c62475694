//! No answer tells whether a guess at a password is right.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::shop::Shop;
use serde_json::json;

/// The password of a mapping that the caller uses and may not see.
const PASSWORD: &str = "hunter2";

/// An entity whose filter holds a guess.
fn guessing(guess: &str) -> String {
    let manifest = json!({
        "name": "guessing", "source": "odoo", "about": "x",
        "streams": [{
            "table": "guessing", "about": "x", "object": "res.partner", "filter": [["name", "=", guess]],
            "key": ["id"], "cursor": "write_date",
            "columns": [{"name": "id", "type": "bigint", "about": "x"}]
        }]
    });
    format!("select sync_define('{manifest}')")
}

/// What the remote said of the last run.
const SAID: &str = "select original_error from erp_sync.errors limit 1";

#[test]
fn a_guess_comes_back_alike_whether_it_is_right_or_not() {
    let mut shop = Shop::open(Cluster::shared(), "oracle", "jsonrpc");
    shop.odoo.set_password("admin", PASSWORD);
    shop.run(&format!("alter user mapping for shop server odoo_main options (set password '{PASSWORD}')"));
    for guess in [PASSWORD, "hunter3", "HUNTER2", "hunter1hunter2hunter3"] {
        shop.run(&guessing(guess));
        let fault = RpcFault::value_error(format!("invalid leaf ('name', '=', '{}')", guess.to_lowercase()));
        shop.odoo.fault(When::any().model("res.partner"), What::Rpc(fault));
        let error = shop.error("set erp_sync.max_attempts = 1; select sync_run('guessing')");
        shop.odoo.clear_faults();
        let shown = format!("{error:?} {}", shop.value(SAID));
        assert!(shown.contains(&guess.to_lowercase()) && !shown.contains("***"), "{shown}");
    }
    // What the caller did not write is still masked.
    shop.run(&guessing("nothing"));
    let fault = RpcFault::value_error(format!("execute_kw('odoo17', 2, '{PASSWORD}')"));
    shop.odoo.fault(When::any().model("res.partner"), What::Rpc(fault));
    let error = shop.error("set erp_sync.max_attempts = 1; select sync_run('guessing')");
    let shown = format!("{error:?} {}", shop.value(SAID));
    assert!(shown.contains("***") && !shown.contains(PASSWORD), "{shown}");
}
