//! The views beside the tables.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::Shop;
use serde_json::Value;

const VIEW: &str = "select odoo_id, name, coalesce(barcode, ''), category_id, uom_name, list_price::float8,
    standard_price::float8, reordering_min_qty::float8, reordering_max_qty::float8 from erp.product_stock order by 1";

/// What Odoo itself shows of its products.
fn shown(shop: &Shop<'_>, version: u32) -> Vec<String> {
    let path = format!("{}/fixtures/odoo{version}/product.product.records.json", env!("CARGO_MANIFEST_DIR"));
    let recorded: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let name = |pair: &Value| pair[1].as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| (value.as_f64().unwrap() * 1e6).round() / 1e6;
    assert_eq!(recorded.len(), shop.odoo.records("product.product").len());
    let row = |r: &Value| {
        let texts = [
            r["id"].to_string(),
            r["name"].as_str().unwrap().into(),
            r["barcode"].as_str().unwrap_or_default().into(),
        ];
        let numbers = ["list_price", "standard_price", "reordering_min_qty", "reordering_max_qty"];
        let numbers = numbers.map(|field| number(&r[field]).to_string());
        format!("{}|{}|{}|{}", texts.join("|"), r["categ_id"][0], name(&r["uom_id"]), numbers.join("|"))
    };
    recorded.iter().map(row).collect()
}

#[test]
fn product_stock_shows_what_odoo_shows() {
    let mut shop = Shop::open(Cluster::shared(), "product_stock", "jsonrpc");
    shop.run("select sync_run('products')");
    let wanted = shown(&shop, 17);
    assert_eq!(shop.rows(VIEW), wanted);
    assert_eq!(shop.value("select viewowner from pg_views where viewname = 'product_stock'"), "shop");
    // A column that is added, a table or the view that is dropped: the next run mends it.
    shop.run("alter table erp.products drop column weight cascade; drop view erp.product_stock");
    shop.run("select sync_run('products'); drop table erp.uoms cascade");
    shop.run("select sync_run('products')");
    assert_eq!(shop.rows(VIEW), wanted);
    // One of an earlier version gets its new columns, with another on top of it.
    shop.run(
        "drop view erp.product_stock;
         create view erp.product_stock as select tenant, id as odoo_id, name from erp.products;
         create view erp.mine as select odoo_id, name from erp.product_stock",
    );
    shop.run("select sync_run('products')");
    assert_eq!(shop.rows(VIEW), wanted);
}

#[test]
fn product_stock_shows_what_an_odoo_18_shows() {
    let odoo = Odoo::start_as(18);
    let mut shop = Shop::reading(Cluster::shared(), "product_stock_18", odoo, "", "admin");
    shop.run("select sync_run('products')");
    let wanted = shown(&shop, 18);
    assert_eq!(shop.rows(VIEW), wanted);
}

#[test]
fn without_the_module_stock_there_are_products_but_no_reorder_rules() {
    let mut shop = Shop::open(Cluster::shared(), "without_stock", "jsonrpc");
    shop.odoo.uninstall("stock.warehouse.orderpoint");
    let run = "select state, error, fetched > 0 from sync_run('products')";
    assert_eq!(shop.rows(run), ["succeeded||t"]);
    let check = "select status, detail from sync_check() where aspect = 'entity products'";
    assert_eq!(shop.rows(check), ["ok|readable: 64 products, 26 uoms; not there: reorder_rules"]);
    assert_eq!(
        shop.value(
            "select to_regclass('erp.reorder_rules') is null and to_regclass('erp.product_stock') is null"
        ),
        "t"
    );
}

#[test]
fn what_somebody_else_called_product_stock_stays() {
    let mut shop = Shop::open(Cluster::shared(), "own_product_stock", "jsonrpc");
    shop.run("create table erp.product_stock (tenant text)");
    shop.run("select sync_run('products')");
    assert_eq!(shop.value("select relkind from pg_class where relname = 'product_stock'"), "r");
}
