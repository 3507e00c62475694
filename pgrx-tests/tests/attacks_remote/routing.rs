//! A gateway that sends the login on to another host.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::{self, Tds};

use crate::items;

const RUN: &str = "set erp_sync.max_attempts = 1; select sync_run('items')";

/// A gateway that the server `pos` points to, and where it sends logins on to.
fn open<'a>(name: &str) -> (Shop<'a>, Tds, Tds) {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    shop.run("drop server odoo_main cascade");
    let (gateway, target) = (items::open(&mut shop), items::start());
    shop.run(&format!("alter server pos options (drop encrypt, add ca '{}')", tds::authority()));
    shop.run(&items::define(&items::manifest("items", "dbo.items", None)));
    gateway.route_to(target.port());
    (shop, gateway, target)
}

#[test]
fn no_password_is_sent_on_unless_the_option_says_so() {
    let (mut shop, gateway, target) = open("routing");
    let error = shop.error(RUN);
    assert!(error.message.ends_with("wants the login sent on to another host"), "{error:?}");
    assert!(error.detail.contains(&format!("\"127.0.0.1:{}\"", target.port())), "{error:?}");
    assert!(error.hint.contains("alter server pos options (add follow_routing 'true')"), "{error:?}");
    assert!(target.applications().is_empty(), "it got a login");
    shop.run("alter server pos options (add follow_routing 'true')");
    shop.run(RUN);
    assert_eq!((gateway.applications().len() > 1, target.applications().len()), (true, 1));
    assert_eq!(shop.value("select count(*) from erp.items"), "3");
}

#[test]
fn the_other_host_must_be_allowed_and_show_who_it_is() {
    let (mut shop, gateway, target) = open("routing_bound");
    shop.run("alter server pos options (add follow_routing 'true')");
    for weaker in
        ["add encrypt 'plaintext'", "add encrypt 'login-only'", "drop ca, add trust_certificate 'true'"]
    {
        let error = shop.error(&format!("alter server pos options ({weaker})"));
        assert_eq!(error.message, "option \"follow_routing\" needs a verified connection");
    }
    // The certificate is for the address.
    gateway.route_to_host("localhost", target.port());
    let error = shop.error(RUN);
    assert!(error.message.contains("no secure connection"), "{error:?}");
    assert!(target.applications().is_empty(), "it got a login");
}

#[test]
fn a_gateway_that_sends_us_where_we_must_not_go_is_not_followed() {
    let cluster = Cluster::options("attacks_remote_routing")
        .set("erp_sync.allowed_hosts", "127.0.0.1")
        .start()
        .expect("a cluster");
    let mut shop = Shop::open(&cluster, "routing_away", "jsonrpc");
    shop.run("drop server odoo_main cascade");
    let gateway = items::open(&mut shop);
    shop.run(&format!(
        "alter server pos options (drop encrypt, add ca '{}', add follow_routing 'on')",
        tds::authority()
    ));
    shop.run(&items::define(&items::manifest("items", "dbo.items", None)));
    gateway.route_to_host("10.0.0.1\nx", 1433);
    let error = shop.error(RUN);
    assert!(error.message.ends_with("is no host that this database may connect to"), "{error:?}");
}
