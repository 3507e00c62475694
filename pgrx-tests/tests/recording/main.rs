//! After a run every table is what was recorded, over each protocol; a further run touches nothing.

mod recorded;
mod untouched;

use erp_sync_tests::cluster::Cluster;
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

fn synced(database: &str, protocol: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), database, protocol);
    let failed = shop.rows("select entity, state, error from sync_run('all') where state <> 'succeeded'");
    assert_eq!(failed, [""; 0]);
    shop
}

fn compare(shop: &mut Shop<'_>, protocol: &str, recording: &Recording) {
    let values: usize = recording.tables().iter().map(|table| table.compare(shop)).sum();
    println!("{protocol}: {values} values compared in {} tables", recording.tables().len());
    assert!(recording.tables().len() == 5 && values > 7000, "{values} values");
}
