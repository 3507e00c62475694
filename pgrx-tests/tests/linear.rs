//! Benchmarks of the tills' lines in ever larger numbers: the time of a row is to be the same. They take minutes, and
//! print a table: cargo test -p erp_sync_tests --test linear -- --ignored --nocapture

use std::time::Instant;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;
use serde_json::json;

/// How many lines.
const SIZES: [i64; 3] = [10_000, 100_000, 1_000_000];

/// A till with so many lines.
fn shop<'a>(cluster: &'a Cluster, name: &str, lines: i64) -> (Shop<'a>, Tds) {
    let mut shop = Shop::open(cluster, name, "jsonrpc");
    let tds = till::open(&mut shop, "pos");
    tds.fill("INV_PointofSalesDetailTAB", (0..lines).map(till::made_up));
    // The double sorts all its rows before it gives the first.
    shop.run("set erp_sync.request_timeout = '300s'");
    (shop, tds)
}

/// Microseconds a row of what a statement does to so many.
fn timed(shop: &mut Shop<'_>, about: &str, rows: i64, sql: &str) -> f64 {
    let begun = Instant::now();
    shop.run(sql);
    let took = begun.elapsed();
    let row = took.as_secs_f64() * 1e6 / rows as f64;
    println!("| {about} | {rows} | {:.1} s | {row:.1} us | {:.0} rows/s |", took.as_secs_f64(), 1e6 / row);
    row
}

/// Complains where a row of many takes longer than a row of a tenth of them, by more than a fifth.
fn flat(about: &str, rows: &[f64]) {
    let pairs = rows.windows(2);
    assert!(pairs.clone().all(|pair| pair[1] < pair[0] * 1.2), "{about}: {rows:?} us a row");
}

#[test]
#[ignore = "a benchmark of minutes"]
fn a_row_of_many_takes_no_longer_than_one_of_few() {
    let cluster = Cluster::options("linear")
        .set("max_wal_size", "8GB")
        .set("shared_buffers", "1GB")
        .start()
        .expect("a cluster");
    let (mut loads, mut unchanged, mut moves) = (Vec::new(), Vec::new(), Vec::new());
    let (mut waits, mut admitted) = (Vec::new(), Vec::new());
    for lines in SIZES {
        let (mut shop, _tds) = shop(&cluster, &format!("linear_{lines}"), lines);
        shop.run("select sync_run('products,warehouses')");
        loads.push(timed(&mut shop, "first load, matched", lines, "select sync_run('sales')"));
        let full = "select sync_run('sales', mode => 'full')";
        unchanged.push(timed(&mut shop, "full, unchanged", lines, full));
        assert_eq!(shop.value("select count(*) from erp_sync.candidate"), "0");
        // Of each of the two products that are sold, half of the lines.
        shop.odoo.advance(3600);
        let of = shop.value("select id from erp.products where barcode = '601647855646'");
        shop.odoo.write("product.product", &[of.parse().expect("an id")], json!({"barcode": "moved"}));
        moves.push(timed(&mut shop, "a barcode moves", lines / 2, "select sync_run('products')"));
        shop.admin.batch_execute("drop schema erp cascade").expect("room for the next");
    }
    for lines in SIZES {
        let (mut shop, _tds) = self::shop(&cluster, &format!("linear_waiting_{lines}"), lines);
        waits.push(timed(&mut shop, "first load, all waiting", lines, "select sync_run('sales')"));
        let odoo = "select sync_run('products,warehouses')";
        admitted.push(timed(&mut shop, "Odoo comes, all admitted", lines, odoo));
        shop.admin.batch_execute("drop schema erp cascade").expect("room for the next");
    }
    for (about, rows) in [
        ("first load, matched", &loads),
        ("full, unchanged", &unchanged),
        ("a barcode moves", &moves),
        ("first load, all waiting", &waits),
        ("Odoo comes, all admitted", &admitted),
    ] {
        flat(about, rows);
    }
}
