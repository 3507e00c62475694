//! A field goes, is renamed, or is no longer for our eyes.

use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::{checked, goes_on_without, is_back, status, viewed, views_stand};

fn add_vat(shop: &Shop<'_>, field: &str) {
    shop.odoo.add_field("res.partner", field, json!({"type": "char", "string": "Tax", "store": true}));
    shop.odoo.write_silently("res.partner", &[15], json!({field: "filled again"}));
}

#[test]
fn a_removed_field_is_reported_while_it_is_gone_and_filled_when_it_is_back() {
    let mut shop = viewed("drift_removed");
    shop.odoo.drop_field("res.partner", "vat");
    goes_on_without(&mut shop, "vat");
    // For as long as it lasts, not only in the run that found out.
    goes_on_without(&mut shop, "vat");
    let checked = checked(&mut shop, "odoo_main", "contacts");
    assert!(checked.starts_with("warn|") && checked.contains("contacts.vat"), "{checked}");
    add_vat(&shop, "vat");
    is_back(&mut shop);
}

#[test]
fn a_forbidden_field_is_reported_while_it_is_and_filled_when_it_is_allowed() {
    let mut shop = viewed("drift_forbidden");
    shop.odoo.forbid_field("admin", "res.partner", "vat");
    goes_on_without(&mut shop, "vat");
    shop.odoo.write_silently("res.partner", &[15], json!({"vat": "filled again"}));
    shop.odoo.allow_field("admin", "res.partner", "vat");
    is_back(&mut shop);
}

#[test]
fn a_renamed_field_is_found_again_by_its_new_path() {
    let mut shop = viewed("drift_renamed");
    shop.odoo.drop_field("res.partner", "vat");
    add_vat(&shop, "tax_number");
    goes_on_without(&mut shop, "vat");
    shop.run(
        r#"select sync_define('{"extends": "contacts", "streams": [{"table": "contacts", "columns": [
             {"name": "vat", "path": ["tax_number"]}]}]}')"#,
    );
    is_back(&mut shop);
}

#[test]
fn a_column_can_be_done_without_by_the_line_that_the_check_says() {
    let mut shop = viewed("drift_without");
    shop.odoo.drop_field("res.partner", "vat");
    goes_on_without(&mut shop, "vat");
    let told = checked(&mut shop, "odoo_main", "contacts");
    let line = told.split(": ").find(|part| part.starts_with("select sync_define")).map_or_else(
        || panic!("no line to type: {told}"),
        |_| told[told.find("select sync_define").expect("it is there")..].to_owned(),
    );
    shop.run(&line);
    shop.run("select * from sync_run('contacts')");
    assert_eq!(status(&mut shop, "contacts"), "succeeded||");
    assert!(checked(&mut shop, "odoo_main", "contacts").starts_with("ok|"));
    assert_eq!(
        shop.value("select vat from erp.contacts where id = 14"),
        "BE0477472701",
        "what is there stays"
    );
    views_stand(&mut shop);
}

#[test]
fn a_field_without_which_nothing_can_be_said_stops_its_entity_alone() {
    let mut shop = viewed("drift_needed");
    shop.run("select * from sync_run('invoices')");
    shop.odoo.forbid_field("admin", "account.move", "state");
    let failure = shop.error("select * from sync_run('contacts, invoices')");
    println!("{failure:?}");
    assert!(failure.message.contains("the column \"state\" cannot be read"), "{failure:?}");
    assert_eq!(status(&mut shop, "contacts"), "succeeded||");
    assert!(status(&mut shop, "invoices").starts_with("failed|\"odoo_main\", object \"account.move\""));
    assert_ne!(shop.value("select count(*) from erp.invoices"), "0");
    shop.odoo.allow_field("admin", "account.move", "state");
    shop.run("select * from sync_run('contacts, invoices')");
    assert_eq!(status(&mut shop, "invoices"), "succeeded||");
}

#[test]
fn many_columns_are_counted_and_the_first_are_named() {
    let mut shop = viewed("drift_many");
    for field in ["vat", "street", "street2", "zip", "ref"] {
        shop.odoo.drop_field("res.partner", field);
    }
    shop.run("select * from sync_run('contacts')");
    let status = status(&mut shop, "contacts");
    assert!(
        status.contains(" and 2 more; see: select detail, hint from sync_check('odoo_main')"),
        "{status}"
    );
    views_stand(&mut shop);
}
