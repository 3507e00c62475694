//! What answers that no Odoo gives look like: of proxies, login pages, other programs.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const RUN: &str = "select state from sync_run('contacts')";
const CHECK: &str = "select * from sync_check()";

#[test]
fn a_remote_that_is_no_odoo() {
    let mut shop = Shop::open(Cluster::shared(), "no_odoo", "jsonrpc");
    let mut golden = Golden::new("no_odoo");
    for (title, what) in [
        ("a page for people", What::login_page()),
        ("neither JSON nor XML", What::Garbage),
        ("an empty answer", What::empty()),
        (
            "plain HTTP to a proxy's port for TLS",
            What::status(400, "400 The plain HTTP request was sent to HTTPS port"),
        ),
        ("another page of the same address", What::redirect("/web/login")),
        ("another address", What::redirect("https://www.example.com/odoo/web/login?redirect=x")),
        ("an answer that is too long", What::OverLong(70_000)),
    ] {
        shop.odoo.fault(When::any(), what);
        let small = "set erp_sync.max_response_bytes = '64kB';";
        golden.shows_to("shop", title, &shop, small, RUN);
        golden.shows_to("shop", title, &shop, small, CHECK);
        shop.odoo.clear_faults();
    }
    for protocol in ["xmlrpc", "jsonrpc"] {
        shop.run(&format!("alter server odoo_main options (set protocol '{protocol}')"));
        for (title, what) in [
            ("a page for people", What::login_page()),
            ("neither JSON nor XML", What::Garbage),
            ("malformed", malformed(protocol)),
            ("switched off with 404", What::status(404, "404 Not Found")),
            ("switched off with 405", What::status(405, "405 Not Allowed")),
            ("switched off with 403", What::status(403, "403 Forbidden")),
        ] {
            shop.odoo.fault(When::any(), what);
            golden.shows(&format!("{title}, {protocol}"), &shop, RUN);
            shop.odoo.clear_faults();
        }
    }
    golden.compare();
}

/// An answer whose brackets do not agree.
fn malformed(protocol: &str) -> What {
    let (kind, body) = match protocol {
        "xmlrpc" => {
            ("text/xml", "<?xml version='1.0'?>\n<methodResponse><params><param></value></methodResponse>")
        }
        _ => ("application/json", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": [}"),
    };
    What::Status { code: 200, headers: vec![("Content-Type", kind.to_owned())], body: body.to_owned() }
}
