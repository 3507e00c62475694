//! Custom fields of a built-in entity.

use super::*;

const SHELF: &str = r#"{"extends": "products", "streams": [{"table": "products", "columns": [
  {"name": "shelf", "type": "text", "path": ["x_shelf"], "about": "Where it stands"}]}]}"#;

fn shop_with_shelves(name: &str) -> Shop<'static> {
    let shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    shop.odoo.add_field(
        "product.product",
        "x_shelf",
        json!({"type": "char", "string": "Shelf", "store": true}),
    );
    shop.odoo.write_silently("product.product", &[5], json!({"x_shelf": "A-17"}));
    shop
}

#[test]
fn a_custom_field_comes_with_the_entity_it_belongs_to_and_goes_without_harm() {
    let mut shop = shop_with_shelves("own_extend");
    run(&mut shop, "products");
    let rows = shop.value("select count(*) from erp.products");
    assert_eq!(define(&mut shop, SHELF), "products");
    assert_eq!(run(&mut shop, "products"), "incremental: 0 inserted, 1 updated, 0 removed");
    assert_eq!(shop.rows("select id, shelf from erp.products where shelf is not null"), ["5|A-17"]);
    assert_eq!(shop.value("select jsonb_path_exists(sync_entity('products'), '$.streams[0].columns[*] ? (@.name == \"shelf\")')"), "t");
    // What a view shows stays what it was.
    assert_eq!(shop.value("select count(*) from erp.product_stock"), rows);

    shop.run("select sync_undefine('products')");
    assert_eq!(run(&mut shop, "products"), "incremental: 0 inserted, 0 updated, 0 removed");
    assert_eq!(shop.value("select shelf from erp.products where id = 5"), "A-17", "what is there stays");
    assert_eq!(shop.value("select count(*) from erp.products"), rows);
}

#[test]
fn fields_that_are_added_one_by_one_are_all_kept() {
    let mut shop = shop_with_shelves("own_extend_all");
    for field in ["x_row", "x_box"] {
        shop.odoo.add_field(
            "product.product",
            field,
            json!({"type": "char", "string": field, "store": true}),
        );
        shop.odoo.write_silently("product.product", &[5], json!({field: format!("{field} 5")}));
    }
    // Three calls in one statement, as the list of fields proposes it.
    let defined = shop.rows(
        r"select sync_define(manifest) from sync_discover('odoo_main', 'product.product') where field like 'x\_%'",
    );
    assert_eq!(defined, ["products"; 3]);
    run(&mut shop, "products");
    let stored = "select x_shelf, x_row, x_box from erp.products where id = 5";
    assert_eq!(shop.rows(stored), ["A-17|x_row 5|x_box 5"]);

    // And a later one takes nothing away.
    define(&mut shop, SHELF);
    shop.odoo.advance(3600);
    shop.odoo.write("product.product", &[5], json!({"x_row": "changed"}));
    run(&mut shop, "products");
    assert_eq!(shop.rows(stored), ["A-17|changed|x_box 5"]);
    assert_eq!(shop.value("select shelf from erp.products where id = 5"), "A-17");
}

#[test]
fn a_field_that_the_remote_does_not_have_is_reported_and_the_rest_syncs() {
    let mut shop = Shop::open(Cluster::shared(), "own_no_field", "jsonrpc");
    define(&mut shop, SHELF);
    shop.run("select * from sync_run('products')");
    let warnings = shop.value("select warnings from erp_sync.history where entity = 'products'");
    assert!(warnings.contains("products.shelf"), "{warnings}");
    assert_ne!(shop.value("select count(*) from erp.products"), "0");
}

#[test]
fn a_rule_of_ones_own_keeps_out_what_breaks_it_and_lets_it_in_once_it_is_mended() {
    let mut shop = Shop::open(Cluster::shared(), "own_rule", "jsonrpc");
    run(&mut shop, "products");
    define(
        &mut shop,
        r#"{"extends": "products", "streams": [{"table": "products", "columns": [{"name": "list_price", "min": 0}]}]}"#,
    );
    shop.odoo.write("product.product", &[5], json!({"list_price": -0.01, "name": "Below nothing"}));
    run(&mut shop, "products");
    let rejected = "select key, rule, reason from erp_sync.rejections";
    assert_eq!(shop.rows(rejected), ["[5]|range|the column \"list_price\" is less than 0"]);
    assert_ne!(shop.value("select name from erp.products where id = 5"), "Below nothing");
    shop.odoo.write("product.product", &[5], json!({"list_price": 0.0}));
    run(&mut shop, "products");
    assert_eq!(shop.rows(rejected), [""; 0]);
    assert_eq!(shop.value("select name from erp.products where id = 5"), "Below nothing");
}

#[test]
fn what_was_stored_before_and_is_no_longer_valid_is_named_when_more_is_added() {
    let mut shop = shop_with_shelves("own_extend_outdated");
    define(&mut shop, SHELF);
    let spoil =
        "update erp_sync.entity set manifest = jsonb_set(manifest, '{streams,0,columns,0,since}', '1')";
    shop.admin.batch_execute(spoil).unwrap();
    let more = SHELF.replace("shelf", "box").replace("x_box", "x_shelf");
    let error = shop.error(&format!("select sync_define('{more}')"));
    assert!(error.hint.contains("stored by role \"shop\""), "{error:?}");
    let (_, line) = error.hint.split_once("remove it with: ").unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(line, "select sync_undefine('products')");
    shop.run(line);
    assert_eq!(define(&mut shop, &more), "products");
}
