//! What changes on the remote arrives here, what is gone there goes here, and every row is counted once.

mod gone;
mod incremental;
mod lines;
mod mending;
mod naive;
mod order;
mod rejected;
mod servers;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::json;

/// A shop that has synced everything, and whose overlap holds nothing of what was recorded.
fn synced(name: &str) -> Shop<'static> {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    run(&mut shop, "'all'");
    shop.odoo.advance(3600);
    for (model, id) in [
        ("product.category", 1),
        ("product.product", 1),
        ("res.partner", 1),
        ("account.move", 1),
        ("account.move.line", 5),
    ] {
        shop.odoo.write(model, &[id], json!({}));
    }
    run(&mut shop, "'all'");
    shop
}

/// Syncs, and says what the tasks did together: inserted, updated, removed, left out, rejected.
fn run(shop: &mut Shop<'_>, arguments: &str) -> String {
    let counts = shop.value(&format!(
        "select format('%s inserted, %s updated, %s removed, %s left out, %s rejected',
           sum(inserted), sum(updated), sum(removed), sum(left_out), sum(rejected)) from sync_run({arguments})"
    ));
    books_agree(shop);
    counts
}

/// What `run` says when there was nothing to do.
const NOTHING: &str = "0 inserted, 0 updated, 0 removed, 0 left out, 0 rejected";

/// Batches add up to their tasks, rows counted are rows there, and nothing is left half done.
fn books_agree(shop: &mut Shop<'_>) {
    const COUNTS: &str = "fetched, inserted, updated, unchanged, left_out, rejected, duplicates, removed";
    let sums =
        COUNTS.split(", ").map(|count| format!("coalesce(sum({count}), 0)::bigint")).collect::<Vec<_>>();
    let unlike = shop.rows(&format!(
        "select run_id, server, entity, {COUNTS} from erp_sync.task
         except
         select t.run_id, t.server, t.entity, b.* from erp_sync.task t, lateral
           (select {} from erp_sync.batch b
            where (b.run_id, b.server, b.entity) = (t.run_id, t.server, t.entity)) b",
        sums.join(", ")
    ));
    assert_eq!(unlike, [""; 0], "tasks whose batches do not add up");
    for stream in shop.rows("select stream || ' ' || sum(rows) from erp_sync.position group by stream") {
        let (table, rows) = stream.split_once(' ').unwrap();
        assert_eq!(shop.value(&format!("select count(*) from erp.{table}")), rows, "rows of {table}");
    }
    assert_eq!(shop.value("select count(*) from erp_sync.run where state in ('queued', 'running')"), "0");
}
