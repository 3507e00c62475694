//! The remote's schema drifts: fields go, are renamed, forbidden, changed in type; models go; new
//! fields come. The rest goes on, status says so while it lasts, and views on the tables stay.

mod fields;
mod models;
mod offers;
mod tills;
mod types;

use erp_sync_tests::shop::Shop;

/// Views as users make them: on a table, on a view, and one that keeps its rows.
const VIEWS: &str = "
create view erp.partners as select id, name, vat, city, customer_rank from erp.contacts;
create view erp.large as select city, count(*) as contacts from erp.partners group by city having count(*) > 1;
create materialized view erp.counted as select count(*) as contacts, count(vat) as taxed from erp.partners;
create view erp.everything as select * from erp.contacts";

/// A shop with contacts, and views on them.
fn viewed(name: &str) -> Shop<'static> {
    let mut shop = Shop::open(erp_sync_tests::cluster::Cluster::shared(), name, "jsonrpc");
    shop.odoo.write_silently("res.partner", &[14], serde_json::json!({"vat": "BE0477472701"}));
    shop.run("select * from sync_run('contacts')");
    shop.run(VIEWS);
    views_stand(&mut shop);
    shop
}

/// The views are what they were.
fn views_stand(shop: &mut Shop<'_>) {
    shop.run("refresh materialized view erp.counted");
    let counts = "select (select count(*) from erp.partners), (select count(*) from erp.everything),
                         (select contacts from erp.counted), (select count(*) > 0 from erp.large)";
    let rows = shop.value("select count(*) from erp.contacts");
    assert_eq!(shop.rows(counts), [format!("{rows}|{rows}|{rows}|t")]);
}

/// How an entity stands: its state, and what is to be known of it.
fn status(shop: &mut Shop<'_>, entity: &str) -> String {
    let status = format!("select state, last_error, hint from sync_status() where entity = '{entity}'");
    let status = shop.value(&status);
    println!("status: {status}");
    status
}

/// What the check says of an entity.
fn checked(shop: &mut Shop<'_>, server: &str, entity: &str) -> String {
    let sql =
        format!("select status, detail, hint from sync_check('{server}') where aspect = 'entity {entity}'");
    let checked = shop.value(&sql);
    println!("check: {checked}");
    checked
}

/// A column is reported as not read, the entity goes on, and what was there stays.
fn goes_on_without(shop: &mut Shop<'_>, column: &str) {
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], serde_json::json!({"city": "Ghent"}));
    assert_eq!(shop.value("select state from sync_run('contacts')"), "succeeded");
    assert_eq!(shop.value("select city, vat from erp.contacts where id = 14"), "Ghent|BE0477472701");
    let status = status(shop, "contacts");
    assert!(status.starts_with(&format!("succeeded||not read: \"contacts.{column}\" (")), "{status}");
    views_stand(shop);
}

/// The column is read again, and filled.
fn is_back(shop: &mut Shop<'_>) {
    assert_eq!(shop.value("select state from sync_run('contacts')"), "succeeded");
    assert_eq!(status(shop, "contacts"), "succeeded||");
    assert_eq!(shop.value("select vat from erp.contacts where id = 15"), "filled again");
    views_stand(shop);
}
