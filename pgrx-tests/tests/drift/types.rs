//! A field changes its type: what still fits goes on, a value that does not is null and told, a type that says
//! something else is reported.

use serde_json::json;

use super::{goes_on_without, status, viewed, views_stand};

fn retype(shop: &erp_sync_tests::shop::Shop<'_>, field: &str, kind: &str) {
    shop.odoo.add_field("res.partner", field, json!({"type": kind, "string": field, "store": true}));
}

#[test]
fn a_text_that_becomes_a_number_or_a_day_goes_on_as_a_text() {
    let mut shop = viewed("drift_number");
    retype(&shop, "ref", "integer");
    retype(&shop, "company_registry", "date");
    shop.odoo.write_silently("res.partner", &[14], json!({"ref": 4711, "company_registry": "2026-11-21"}));
    shop.odoo.write_silently("res.partner", &[15], json!({"ref": false, "company_registry": false}));
    shop.run("select * from sync_run('contacts')");
    assert_eq!(status(&mut shop, "contacts"), "succeeded||");
    assert_eq!(shop.value("select ref, company_registry from erp.contacts where id = 14"), "4711|2026-11-21");
    assert_eq!(shop.value("select company_registry is null from erp.contacts where id = 15"), "t");
    views_stand(&mut shop);
}

#[test]
fn a_whole_number_that_becomes_a_float_goes_on_where_it_is_whole_and_is_null_where_not() {
    let mut shop = viewed("drift_float");
    retype(&shop, "customer_rank", "float");
    shop.odoo.write_silently("res.partner", &[14], json!({"customer_rank": 7.0}));
    shop.odoo.write_silently("res.partner", &[15], json!({"customer_rank": 7.5}));
    assert_eq!(shop.value("select state, rejected from sync_run('contacts')"), "succeeded|0");
    assert_eq!(shop.value("select customer_rank from erp.contacts where id = 14"), "7");
    assert_eq!(shop.value("select customer_rank is null from erp.contacts where id = 15"), "t");
    let told = "select warnings[array_upper(warnings, 1)] from erp_sync.history
                where entity = 'contacts' order by run_id desc limit 1";
    let odd = "\"contacts.customer_rank\" is no whole number of 64 bits in 1 row (key 15)";
    assert_eq!(shop.value(told), format!("stored without a value that cannot be read: {odd}"));
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[15], json!({"customer_rank": 8.0}));
    shop.run("select * from sync_run('contacts')");
    assert_eq!(shop.value("select customer_rank from erp.contacts where id = 15"), "8");
    views_stand(&mut shop);
}

#[test]
fn a_text_that_becomes_a_reference_is_reported_and_what_is_there_stays() {
    let mut shop = viewed("drift_reference");
    retype(&shop, "vat", "many2one");
    goes_on_without(&mut shop, "vat");
    assert!(status(&mut shop, "contacts").contains("is of type many2one, which is no text"));
}
