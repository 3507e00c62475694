//! Tables made from others: where the stock went, and where it is.

mod inventory;
mod movements;
mod programs;
mod recomputed;
mod sales;
mod trouble;
mod types;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::{Value, json};

/// What the stock story is made of.
const STOCK: &str = "products,warehouses,stock_moves,inventory";

fn shop(name: &str) -> Shop<'static> {
    Shop::open(Cluster::shared(), name, "jsonrpc")
}

fn run(shop: &mut Shop<'_>, arguments: &str) {
    shop.run(&format!("select * from sync_run({arguments})"));
}

/// Rows of a movement: type, warehouse, quantity.
fn of_move(shop: &mut Shop<'_>, id: i64) -> Vec<String> {
    shop.rows(&format!(
        "select movement_type, warehouse_id, quantity from erp.stock_movements
         where origin_key = '{id}' order by 1, 2"
    ))
}

/// A done movement of product 5 (or another) between two locations.
fn moved(shop: &Shop<'_>, from: i64, to: i64, quantity: f64, more: Value) -> i64 {
    let product = shop.odoo.records_with("product.product", &["id", "uom_id"]).swap_remove(0);
    let mut values = json!({
        "name": "made up", "state": "done", "product_id": product["id"], "product_uom": product["uom_id"],
        "quantity": quantity, "product_uom_qty": quantity, "location_id": from, "location_dest_id": to,
        "date": "2026-11-20 09:00:00", "company_id": 1, "reference": "WH/TEST",
    });
    values.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.odoo.create("stock.move", values)
}

/// A location by usage, inside a warehouse or (0) outside of all.
fn location(shop: &mut Shop<'_>, usage: &str, warehouse: i64) -> i64 {
    let place =
        if warehouse == 0 { "warehouse_id is null".into() } else { format!("warehouse_id = {warehouse}") };
    let sql = format!("select id from erp.locations where usage = '{usage}' and {place} order by id limit 1");
    shop.value(&sql).parse().unwrap_or_else(|_| panic!("no {usage} location of {warehouse}"))
}
