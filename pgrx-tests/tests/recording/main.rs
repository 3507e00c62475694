//! After a run every table is what was recorded, of each version over each protocol; a further run touches nothing.

mod circumstances;
mod decimal;
mod recorded;
mod requests;
mod returns;
mod untouched;
mod views;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use recorded::Recording;

#[test]
fn over_jsonrpc_every_table_equals_the_recording_of_17() {
    compare(17, "jsonrpc");
}

#[test]
fn over_xmlrpc_every_table_equals_the_recording_of_17() {
    compare(17, "xmlrpc");
}

#[test]
fn over_jsonrpc_every_table_equals_the_recording_of_18() {
    compare(18, "jsonrpc");
}

#[test]
fn over_xmlrpc_every_table_equals_the_recording_of_18() {
    compare(18, "xmlrpc");
}

#[test]
fn over_jsonrpc_19_gives_the_records_of_18_under_its_own_names() {
    compare(19, "jsonrpc");
}

#[test]
fn over_xmlrpc_19_gives_the_records_of_18_under_its_own_names() {
    compare(19, "xmlrpc");
}

#[test]
fn over_json2_19_gives_the_records_of_18_under_its_own_names_and_auto_chooses_it() {
    let mut shop = compare(19, "auto");
    assert!(shop.odoo.calls().iter().all(|call| call.method != "authenticate"));
    let told = shop.value("select detail from sync_check() where aspect = 'connect'");
    assert!(told.ends_with(" over json2"), "{told}");
}

/// A shop that reads a version with the key of the administrator and has run once.
fn synced(version: u32, database: &str, options: &str) -> Shop<'static> {
    let odoo = Odoo::start_as(version);
    let mut shop = Shop::reading(Cluster::shared(), database, odoo, options, ADMIN_KEY);
    let failed = shop.rows("select entity, state, error from sync_run('all') where state <> 'succeeded'");
    assert_eq!(failed, [""; 0]);
    shop
}

fn compare(version: u32, protocol: &str) -> Shop<'static> {
    let database = format!("recording_{version}_{protocol}");
    let mut shop = synced(version, &database, &format!("protocol '{protocol}'"));
    let recording = Recording::load(&mut shop, version);
    let recording = if protocol == "xmlrpc" { recording.carried_by_xml() } else { recording };
    let values: usize = recording.tables().iter().map(|table| table.compare(&mut shop)).sum();
    println!("{version} over {protocol}: {values} values compared in {} tables", recording.tables().len());
    assert!(recording.tables().len() == 35 && values > 19000, "{values} values");
    shop
}
