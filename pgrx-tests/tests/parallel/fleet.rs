//! Shops that read from many servers.

use std::net::Ipv4Addr;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::Shop;

/// A shop with so many servers `s001`, `s002`, ..., each of a tenant of its own. One double answers for
/// all of them, at one address of this machine each, so that each has a lane of its own.
pub fn open<'a>(cluster: &'a Cluster, database: &str, servers: u16) -> Shop<'a> {
    let mut shop = Shop::open(cluster, database, "jsonrpc");
    shop.run("drop server odoo_main cascade");
    for number in 1..=servers {
        let [high, low] = number.to_be_bytes();
        let url = shop.odoo.also_at(Ipv4Addr::new(127, 1, high, low));
        add(&mut shop, &format!("s{number:03}"), &url);
    }
    // Else only superusers may.
    shop.admin.batch_execute("grant set on parameter erp_sync.max_workers to shop").expect("granted");
    shop
}

/// A further server, of the tenant of its name.
pub fn add(shop: &mut Shop<'_>, name: &str, url: &str) {
    shop.run(&format!(
        "create server {name} foreign data wrapper odoo
           options (url '{url}', database 'odoo17', protocol 'jsonrpc', tenant '{name}');
         create user mapping for current_user server {name} options (username 'admin', password 'admin')"
    ));
}

/// A further server with a remote of its own.
pub fn add_own(shop: &mut Shop<'_>, name: &str) -> Odoo {
    let odoo = Odoo::start();
    add(shop, name, &odoo.url());
    odoo
}
