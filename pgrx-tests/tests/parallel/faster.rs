//! What several workers are for.

use std::time::{Duration, Instant};

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::fleet;

const TENANTS: u16 = 16;

/// Entities with few rows, so that nearly all the time is the remote's.
const ENTITIES: &str =
    "categories, contacts, companies, currencies, employees, inventory, wastage, manufacturing";

/// How long a run takes with so many workers.
fn run(shop: &mut Shop<'_>, workers: usize) -> Duration {
    shop.run(&format!("set erp_sync.max_workers = {workers}"));
    let begun = Instant::now();
    let sql =
        format!("select count(*), count(*) filter (where state = 'succeeded') from sync_run('{ENTITIES}')");
    assert_eq!(shop.value(&sql), "128|128");
    begun.elapsed()
}

#[test]
fn sixteen_tenants_take_a_third_of_the_time_with_four_workers() {
    let cluster = Cluster::start("faster");
    let mut shop = fleet::open(&cluster, "faster", TENANTS);
    // The tables are made before anything is measured.
    println!("the first run: {:?}", run(&mut shop, 4));
    shop.odoo.fault(When::any(), What::Sleep(Duration::from_millis(50)));
    let (four, one) = (run(&mut shop, 4), run(&mut shop, 1));
    println!("{TENANTS} tenants x 8 entities, 50 ms a request: {one:?} with one worker, {four:?} with four");
    assert!(four * 3 <= one, "{four:?} is more than a third of {one:?}");
}
