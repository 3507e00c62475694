//! The views `NAME_named`: tables with the names of what they refer to, and money with its currency's digits.

mod kept;
mod money;
mod names;
mod payments;
mod seen;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;

/// A shop that reads a version and has run once.
fn synced(version: u32, database: &str, entities: &str) -> Shop<'static> {
    let mut shop = Shop::reading(Cluster::shared(), database, Odoo::start_as(version), "", ADMIN_KEY);
    run(&mut shop, entities);
    shop
}

/// Syncs, without a failure.
fn run(shop: &mut Shop<'_>, entities: &str) {
    let sql = format!("select entity, state, error from sync_run('{entities}') where state <> 'succeeded'");
    assert_eq!(shop.rows(&sql), [""; 0]);
}

/// The columns of a view.
fn columns(shop: &mut Shop<'_>, view: &str) -> Vec<String> {
    shop.rows(&format!(
        "select attname from pg_attribute where attrelid = 'erp.{view}'::regclass and attnum > 0 order by attnum"
    ))
}
