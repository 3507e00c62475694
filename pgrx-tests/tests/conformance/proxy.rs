//! What is special behind a proxy: connections are kept and used again.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;

#[test]
fn a_run_behind_a_proxy_takes_one_connection_and_without_one_as_many_as_requests() {
    for (name, odoo, kept) in
        [("kept", Odoo::behind_proxy_as(19), true), ("closed", Odoo::start_as(19), false)]
    {
        let database = format!("connections_{name}");
        let mut shop = Shop::reading(Cluster::shared(), &database, odoo, "protocol 'json2'", ADMIN_KEY);
        shop.run("select sync_run('contacts')");
        let (connections, requests) = (shop.odoo.connections(), shop.odoo.calls().len() as u64);
        assert!(requests > 3);
        assert_eq!(connections, if kept { 1 } else { requests }, "{name}: {requests} requests");
    }
}
