//! Every name in the views equals the name that the recorded Odoo shows.

use std::collections::BTreeMap;

use erp_sync_tests::shop::Shop;
use serde_json::{Map, Value, json};

use crate::{columns, run, synced};

type Record = Map<String, Value>;

#[test]
fn every_name_is_the_one_that_a_17_shows() {
    compare(17, 550);
}

#[test]
fn every_name_is_the_one_that_an_18_shows() {
    compare(18, 550);
}

#[test]
fn every_name_is_the_one_that_a_19_shows() {
    compare(19, 550);
}

fn compare(version: u32, least: usize) {
    let mut shop = synced(version, &format!("names_{version}"), "all");
    let mut compared = 0;
    for entity in shop.rows("select entity from sync_entities() where source = 'odoo'") {
        let manifest = shop.value(&format!("select sync_entity('{entity}')"));
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        for stream in manifest["streams"].as_array().unwrap() {
            for (column, target) in references(stream) {
                compared += compare_column(&mut shop, version, stream, &column, &target);
            }
        }
    }
    println!("{version}: {compared} names compared");
    assert!(compared > least, "{compared} names");
}

/// The columns that hold one key of another table.
fn references(stream: &Value) -> Vec<(String, String)> {
    let columns = stream["columns"].as_array().unwrap();
    let is_one = |name: &String| columns.iter().any(|c| c["name"] == **name && c["type"] == "bigint");
    let maps = ["refers", "names"].into_iter().filter_map(|name| stream[name].as_object());
    let all = maps.flatten().map(|(column, table)| (column.clone(), table.as_str().unwrap().to_owned()));
    let parent = stream["parent"].as_object().map(|parent| {
        (parent["column"].as_str().unwrap().to_owned(), parent["table"].as_str().unwrap().to_owned())
    });
    all.chain(parent).filter(|(name, _)| is_one(name)).collect()
}

fn compare_column(shop: &mut Shop<'_>, version: u32, stream: &Value, column: &str, target: &str) -> usize {
    let recorded = recorded(version, stream, column);
    let base = column.strip_suffix("_id").unwrap_or(column);
    let table = stream["table"].as_str().unwrap();
    // A table that has a column of this name keeps it.
    let now = format!("{base}_name_now");
    let now = if columns(shop, &format!("{table}_named")).contains(&now) { "_now" } else { "" };
    let shown = match target {
        "products" => format!("coalesce('[' || {base}_code || '] ', '') || {base}_name"),
        "accounts" => format!("{base}_code || ' ' || {base}_name"),
        "currencies" => format!("{base}_code"),
        // Rows of these tables have no name of their own.
        "reorder_rules" | "stock_moves" | "sale_order_lines" | "purchase_order_lines" => return 0,
        "invoices" | "payments" | "sale_orders" | "purchase_orders" | "pickings" | "productions"
        | "scraps" => {
            format!("{base}_number")
        }
        _ => format!("{base}_name{now}"),
    };
    let sql = format!(
        "select distinct \"{column}\", {shown} from erp.{table}_named where \"{column}\" is not null"
    );
    let rows = shop.rows(&sql);
    let mut compared = 0;
    for row in &rows {
        let (id, name) = row.split_once('|').unwrap();
        let Some(wanted) = recorded.get(&id.parse::<i64>().unwrap()) else { continue };
        let fits = match target {
            // Odoo puts the warehouse, or the attribute, in front.
            "picking_types" | "attribute_values" => wanted.ends_with(&format!(": {name}")),
            // And what it is for behind.
            "invoices" | "payments" => wanted == name || wanted.starts_with(&format!("{name} (")),
            _ => wanted == name,
        };
        compared += 1;
        assert!(fits, "{table}.{column} {id}: {name:?}, recorded is {wanted:?}");
    }
    compared
}

/// The names by id that a column's field was recorded with.
fn recorded(version: u32, stream: &Value, column: &str) -> BTreeMap<i64, String> {
    let object = stream["object"].as_str().unwrap();
    let all = stream["columns"].as_array().unwrap();
    let column = all.iter().find(|c| c["name"] == column).unwrap();
    let own = vec![column["name"].clone()];
    let paths = column["path"].as_array().unwrap_or(&own);
    // Of 19 there are no records: its double shows those of 18.
    let file =
        format!("{}/fixtures/odoo{}/{object}.records.json", env!("CARGO_MANIFEST_DIR"), version.min(18));
    let records: Vec<Record> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let pair = |record: &Record| {
        let pair = paths.iter().find_map(|path| record.get(path.as_str()?))?.as_array()?.clone();
        Some((pair.first()?.as_i64()?, pair.get(1)?.as_str()?.to_owned()))
    };
    records.iter().filter_map(pair).collect()
}

#[test]
fn variants_of_one_name_are_told_apart_and_a_renamed_value_rewrites_one_row() {
    let mut shop = synced(17, "variants", "names,products,inventory,warehouses,stock_moves");
    let desks = "select distinct product_name from erp.stock_quants_named
                 where product_name like 'Customizable Desk%' order by 1";
    let shown = shop.rows(desks);
    assert!(shown.contains(&"Customizable Desk (Custom, White)".to_owned()), "{shown:?}");
    assert!(shown.len() > 2 && shown.iter().all(|name| name.ends_with(')')), "{shown:?}");
    let lists = "select variant_value_names, sale_tax_names from erp.products_named where id = 64";
    assert!(shop.value(lists).starts_with("Custom, White|"));
    for view in ["stock_movements_named", "warehouse_inventory_named"] {
        let sql =
            format!("select count(*) > 0 from erp.{view} where product_name like 'Customizable Desk (%'");
        assert_eq!(shop.value(&sql), "t", "{view}");
    }
    shop.odoo.advance(3600);
    shop.odoo.write("product.attribute.value", &[3], json!({"name": "Ivory"}));
    let written = "select sum(updated), sum(inserted) from sync_run('names,products,inventory')";
    assert_eq!(shop.value(written), "1|0");
    assert!(shop.rows(desks).contains(&"Customizable Desk (Custom, Ivory)".to_owned()));
}

#[test]
fn a_renamed_partner_user_or_currency_rewrites_one_row_and_is_seen_on_every_document() {
    let mut shop = synced(17, "renamed", "all");
    let invoice = "select partner_name_now, salesperson_name, journal_code, journal_name, currency_code
                   from erp.invoices_named where id = 1";
    assert_eq!(shop.value(invoice), "Azure Interior|Marc Demo|INV|Customer Invoices|USD");
    shop.odoo.advance(3600);
    shop.odoo.write("res.partner", &[14], json!({"complete_name": "Blue Interior"}));
    // A user's name is the contact's: nothing marks the user.
    shop.odoo.write_silently("res.users", &[6], json!({"name": "Mary Demo"}));
    shop.odoo.write("res.partner", &[7], json!({}));
    shop.odoo.write("account.journal", &[1], json!({"name": "Sales"}));
    let updated = "select string_agg(entity || ' ' || updated, ', ' order by entity) from sync_run('all') where updated > 0";
    let told = shop.value(updated);
    assert!(!told.contains("invoices") && !told.contains("orders") && told.contains("names 2"), "{told}");
    assert_eq!(shop.value(invoice), "Blue Interior|Mary Demo|INV|Sales|USD");
}

#[test]
fn orders_payments_and_contacts_say_who_what_and_in_which_currency() {
    let mut shop = synced(18, "who_and_what", "all");
    for sql in [
        "select count(*) from erp.sale_orders_named where partner_name is null or currency_code is null",
        "select count(*) from erp.purchase_orders_named where partner_name is null or currency_code is null",
        "select count(*) from erp.sale_order_lines_named where order_number is null",
        "select count(*) from erp.payments_named where partner_name is null or journal_name is null",
        "select count(*) from erp.contacts_named where country_id is not null and country_code is null",
    ] {
        assert_eq!(shop.value(sql), "0", "{sql}");
    }
    let lines = "select bool_or(tax_names = '15%'), bool_or(account_name = 'Product Sales'),
                        bool_or(account_code = '400000') from erp.invoice_lines_named";
    assert_eq!(shop.value(lines), "t|t|t");
    run(&mut shop, "all");
}
