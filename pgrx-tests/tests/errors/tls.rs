//! What secure connections look like, trusted and not.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{Certificate, Tls};
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const RUN: &str = "select state from sync_run('contacts')";
const CHECK: &str = "select * from sync_check() where aspect in ('connect', 'tls')";

#[test]
fn a_certificate_is_trusted_by_its_authority_and_its_name() {
    let mut shop = Shop::open(Cluster::shared(), "tls", "jsonrpc");
    let mut golden = Golden::new("tls");
    let front = shop.odoo.behind_tls(Certificate::Right);
    shop.run(&format!("alter server odoo_main options (set url '{}')", front.url()));
    golden.shows("an unknown authority", &shop, RUN);
    golden.shows("an unknown authority", &shop, CHECK);
    golden.shows("a file", &shop, "alter server odoo_main options (add ca_file '/no/such/authority.pem')");
    golden.shows(
        "a text that is no certificate",
        &shop,
        "alter server odoo_main options (add ca 'authority')",
    );
    shop.run(&format!("alter server odoo_main options (add ca '{}')", Tls::authority()));
    golden.shows("a known authority", &shop, RUN);
    golden.shows("a known authority", &shop, CHECK);
    for (title, certificate) in [("another name", Certificate::Other), ("expired", Certificate::Expired)] {
        let front = shop.odoo.behind_tls(certificate);
        shop.run(&format!("alter server odoo_main options (set url '{}')", front.url()));
        golden.shows(title, &shop, RUN);
        golden.shows(title, &shop, CHECK);
    }
    let front = shop.odoo.behind_tls(Certificate::Other);
    let line = format!("alter server odoo_main options (set url '{}', add verify_tls 'false')", front.url());
    shop.run(&line);
    golden.shows("not verified", &shop, CHECK);
    // The rows are those of another remote: its address is another one.
    shop.run("alter server odoo_main options (drop verify_tls)");
    shop.run(&format!(
        "alter server odoo_main options (set url '{}')",
        front.url().replace("https:", "http:")
    ));
    golden.shows("plain HTTP to a port for TLS", &shop, RUN);
    golden.compare();
}
