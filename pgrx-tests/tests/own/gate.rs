//! The gate in front of reports.

use erp_sync_tests::call::Call;

use super::*;

#[test]
fn an_entity_is_ready_when_its_first_full_pass_has_finished() {
    let mut shop = Shop::open(Cluster::shared(), "own_gate", "jsonrpc");
    assert_eq!(shop.value("select sync_ready('contacts')"), "f");
    let error = shop.error("select sync_require('contacts, categories')");
    assert_eq!(
        (error.sqlstate.as_str(), error.message.as_str()),
        ("55000", "sync_not_ready: \"contacts, categories\" has not been read to the end yet")
    );
    assert_eq!(error.detail, "contacts from odoo_main: never read\ncategories from odoo_main: never read");
    run(&mut shop, "contacts");
    assert_eq!(shop.value("select sync_ready('contacts')"), "t");
    assert_eq!(shop.value("select sync_ready('contacts', 'odoo_main')"), "t");
    assert_eq!(shop.value("select sync_ready('all')"), "f");
    shop.run("select sync_require('contacts')");
    assert_eq!(shop.error("select sync_require('all')").detail.lines().count(), 15);
    shop.run("select sync_reset('contacts')");
    assert_eq!(shop.value("select sync_ready('contacts')"), "f", "what is read anew is not complete");
    let error = shop.error("select sync_ready('contact')");
    assert_eq!(error.hint, "did you mean \"contacts\"?");
}

#[test]
fn a_stream_that_the_server_does_not_have_is_not_waited_for() {
    let mut shop = Shop::open(Cluster::shared(), "own_gate_optional", "jsonrpc");
    shop.odoo.uninstall("stock.warehouse.orderpoint");
    run(&mut shop, "products");
    assert_eq!(shop.value("select sync_ready('products')"), "t");
}

#[test]
fn while_it_is_read_the_gate_tells_how_far_it_is() {
    let mut shop = Shop::with(
        Cluster::shared(),
        "own_gate_progress",
        "max_page '10', min_page '10', request_delay_ms '200'",
    );
    let call = Call::start(&shop, "select * from sync_run('contacts')");
    shop.worker_that_asks("res.partner", "search_read");
    erp_sync_tests::cluster::wait_for("rows", erp_sync_tests::call::LIMIT, || {
        let error = shop.error("select sync_require('contacts')");
        error.detail.starts_with("contacts from odoo_main: running, ")
            && error.detail.ends_with(" of 66 rows of contacts")
    })
    .unwrap();
    call.end().rows();
    shop.run("select sync_require('contacts')");
}
