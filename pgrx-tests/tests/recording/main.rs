//! After a run every table is what was recorded, over each protocol; a further run touches nothing.

mod recorded;
mod untouched;
mod views;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use recorded::Recording;

#[test]
fn over_jsonrpc_every_table_equals_the_recording() {
    let mut shop = synced("recording_jsonrpc", "jsonrpc");
    let recording = Recording::load(&mut shop);
    compare(&mut shop, "jsonrpc", &recording);
}

#[test]
fn over_xmlrpc_every_table_equals_the_recording() {
    let mut shop = synced("recording_xmlrpc", "xmlrpc");
    let recording = Recording::load(&mut shop).carried_by_xml();
    compare(&mut shop, "xmlrpc", &recording);
}

#[test]
fn over_json2_every_table_equals_the_recording_and_auto_chooses_it() {
    let odoo = Odoo::start_as(19);
    let mut shop = Shop::reading(Cluster::shared(), "recording_json2", odoo, "", ADMIN_KEY);
    run(&mut shop);
    assert!(shop.odoo.calls().iter().all(|call| call.method != "authenticate"));
    let told = shop.value("select detail from sync_check() where aspect = 'connect'");
    assert!(told.ends_with(" over json2"), "{told}");
    let recording = Recording::load(&mut shop);
    compare(&mut shop, "json2", &recording);
}

fn synced(database: &str, protocol: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), database, protocol);
    run(&mut shop);
    shop
}

fn run(shop: &mut Shop<'_>) {
    let failed = shop.rows("select entity, state, error from sync_run('all') where state <> 'succeeded'");
    assert_eq!(failed, [""; 0]);
}

fn compare(shop: &mut Shop<'_>, protocol: &str, recording: &Recording) {
    let values: usize = recording.tables().iter().map(|table| table.compare(shop)).sum();
    println!("{protocol}: {values} values compared in {} tables", recording.tables().len());
    assert!(recording.tables().len() == 18 && values > 12000, "{values} values");
}
