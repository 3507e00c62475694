//! What lies where, read as a whole.

use std::collections::BTreeMap;

use super::*;

/// Warehouse and product -> quantity, summed up from what the remote holds.
fn recorded(shop: &Shop<'_>) -> BTreeMap<(i64, i64), f64> {
    let id = |value: &Value| value.as_i64();
    let places = shop.odoo.records_with("stock.location", &["id", "usage", "warehouse_id"]);
    let warehouse = |place: i64| {
        let place = places.iter().find(|l| l["id"] == json!(place) && l["usage"] == "internal")?;
        id(&place["warehouse_id"])
    };
    let mut sums = BTreeMap::new();
    for quant in shop.odoo.records_with("stock.quant", &["location_id", "product_id", "quantity"]) {
        let Some(warehouse) = id(&quant["location_id"]).and_then(warehouse) else { continue };
        let product = id(&quant["product_id"]).unwrap();
        *sums.entry((warehouse, product)).or_default() += quant["quantity"].as_f64().unwrap_or_default();
    }
    sums
}

fn kept(shop: &mut Shop<'_>) -> BTreeMap<(i64, i64), f64> {
    let rows = shop.rows("select warehouse_id, product_id, quantity from erp.warehouse_inventory");
    let row = |row: &String| {
        let parts: Vec<&str> = row.split('|').collect();
        ((parts[0].parse().unwrap(), parts[1].parse().unwrap()), parts[2].parse().unwrap())
    };
    rows.iter().map(row).collect()
}

#[test]
fn what_lies_in_each_warehouse_is_the_sum_of_the_recorded_quants() {
    for (name, protocol) in [("inventory_json", "jsonrpc"), ("inventory_xml", "xmlrpc")] {
        let mut shop = Shop::open(Cluster::shared(), name, protocol);
        run(&mut shop, "'products,warehouses,inventory'");
        let all = recorded(&shop);
        assert!(all.len() > 20, "{}", all.len());
        assert_eq!(kept(&mut shop), all);
        let on_hand = "select sum(on_hand) = (select sum(quantity) from erp.warehouse_inventory) from erp.product_stock";
        assert_eq!(shop.value(on_hand), "t");
    }
}

#[test]
fn rows_that_come_and_go_are_followed_by_every_run_and_nothing_of_them_is_kept_aside() {
    let mut shop = shop("inventory_changes");
    run(&mut shop, "'products,warehouses,inventory'");
    let place = location(&mut shop, "internal", 1);
    let gone: i64 = shop.value("select min(id) from erp.stock_quants").parse().unwrap();
    shop.odoo.delete("stock.quant", &[gone]);
    shop.odoo.create(
        "stock.quant",
        json!({"product_id": 5, "location_id": place, "quantity": 12.5, "reserved_quantity": 2.0}),
    );
    run(&mut shop, "'inventory'");
    assert_eq!(kept(&mut shop), recorded(&shop));
    assert_eq!(shop.value("select count(*) from erp_sync.removed"), "0");
    assert_eq!(
        shop.value("select removed || ' ' || inserted || ' ' || updated from erp_sync.history limit 1"),
        "1 1 0"
    );
    // An unchanged one writes nothing.
    let at = shop.value("select max(synced_at) || '' from erp.stock_quants");
    run(&mut shop, "'inventory'");
    assert_eq!(shop.value("select max(synced_at) || '' from erp.stock_quants"), at);
    assert_eq!(shop.value("select inserted + updated + removed from erp_sync.history limit 1"), "0");
}

#[test]
fn lost_rights_do_not_empty_the_shelves() {
    let mut shop = shop("inventory_breaker");
    run(&mut shop, "'products,warehouses,inventory'");
    let before = kept(&mut shop);
    shop.odoo.hide_where("stock.quant", json!([["location_id.usage", "=", "internal"]]));
    let error = shop.error("select * from sync_run('inventory')");
    assert!(error.message.contains("vanished at once"), "{error:?}");
    assert_eq!(kept(&mut shop), before);
    shop.odoo.unhide("stock.quant");
    run(&mut shop, "'inventory'");
    assert_eq!(kept(&mut shop), before);
    shop.odoo.hide_where("stock.quant", json!([["location_id.usage", "=", "internal"]]));
    run(&mut shop, "'inventory', confirm => true");
    assert_eq!(kept(&mut shop).len(), 0);
}

#[test]
fn a_place_that_changes_its_warehouse_takes_its_stock_along() {
    let mut shop = shop("inventory_place");
    run(&mut shop, "'products,warehouses,inventory'");
    let place = location(&mut shop, "internal", 1);
    let root: i64 = shop.value("select view_location_id from erp.warehouses where id = 2").parse().unwrap();
    let path = shop.value(&format!("select parent_path from erp.locations where id = {root}"));
    shop.odoo.write(
        "stock.location",
        &[place],
        json!({"parent_path": format!("{path}{place}/"), "warehouse_id": 2}),
    );
    run(&mut shop, "'warehouses'");
    assert_eq!(kept(&mut shop), recorded(&shop));
}
