//! `mode => 'verify'` and `sync_diff()`: all keys are compared, and what differs is told and mended.

mod by_hand;
mod due;
mod odoo;
mod tills;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, rows};
use serde_json::json;

/// A shop that has synced everything, and whose overlap holds nothing of what was recorded.
fn synced(name: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    run(&mut shop, "'all'");
    for _ in 0..2 {
        shop.odoo.advance(3600);
        for (model, id) in [("res.partner", 1), ("account.move", 1), ("account.move.line", 5)] {
            shop.odoo.write(model, &[id], json!({}));
        }
        run(&mut shop, "'all'");
    }
    shop
}

/// Syncs: state, inserted, updated, removed, rejected, joined by blanks.
fn run(shop: &mut Shop<'_>, arguments: &str) -> String {
    shop.value(&format!(
        "select concat_ws(' ', max(state), sum(inserted), sum(updated), sum(removed), sum(rejected))
         from sync_run({arguments})"
    ))
}

/// What the last run found to differ.
fn differences(shop: &mut Shop<'_>) -> Vec<String> {
    shop.rows(
        "select differs, stream, key from erp_sync.differences
         where run_id = (select max(id) from erp_sync.run) order by 2, 1, 3",
    )
}

/// What `sync_diff()` shows.
fn diff(shop: &mut Shop<'_>, arguments: &str) -> Vec<String> {
    shop.rows(&format!("select differs, stream, key from sync_diff({arguments}) order by 2, 1, 3"))
}

/// The warnings of the last run.
fn warnings(shop: &mut Shop<'_>) -> String {
    shop.value(
        "select string_agg(array_to_string(warnings, '; '), '; ') from erp_sync.history
         where run_id = (select max(id) from erp_sync.run) and warnings <> '{}'",
    )
}
