//! What a removal does to rows that refer to the removed one.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use serde_json::{Value, json};

/// A posted invoice of the recording with its partner.
fn invoice_with_partner(shop: &mut Shop) -> (i64, i64) {
    let row = shop
        .value("select id, partner_id from erp.invoices where partner_id is not null order by id limit 1");
    let (id, partner) = row.split_once('|').expect("an invoice with a partner");
    (id.parse().expect("an id"), partner.parse().expect("an id"))
}

#[test]
fn documents_of_a_merged_contact_get_their_new_contact_though_odoo_marks_nothing_as_changed() {
    let mut shop = Shop::open(Cluster::shared(), "merged", "jsonrpc");
    shop.run("select * from sync_run('all')");
    let (invoice, old) = invoice_with_partner(&mut shop);
    let new = shop.value(&format!("select id from erp.contacts where id <> {old} order by id desc limit 1"));
    let new: i64 = new.parse().expect("an id");

    // As Odoo's wizard does: raw SQL bends every reference, then the contact is deleted.
    for model in ["account.move", "account.move.line"] {
        let of_old: Vec<i64> = shop
            .odoo
            .records(model)
            .iter()
            .filter(|record| record["partner_id"] == json!(old))
            .filter_map(|record| record["id"].as_i64())
            .collect();
        shop.odoo.write_silently(model, &of_old, json!({"partner_id": new}));
    }
    shop.odoo.delete("res.partner", &[old]);

    shop.run("select * from sync_run('all', mode => 'full', confirm => true)");
    let listed = shop.value("select count(*) from erp_sync.reread");
    let partner = format!("select partner_id from erp.invoices where id = {invoice}");
    assert_eq!(shop.value(&partner), new.to_string(), "still {listed} rows to be read again");
    shop.run("select * from sync_run('all')");
    assert_eq!(shop.value("select count(*) from erp_sync.reread"), "0");
    let stale = format!("select count(*) from erp.invoice_lines where partner_id = {old}");
    assert_eq!(shop.value(&stale), "0");
}

#[test]
fn an_incremental_run_alone_mends_references_to_a_contact_that_a_full_run_removed() {
    let mut shop = Shop::open(Cluster::shared(), "nulled", "jsonrpc");
    shop.run("select * from sync_run('all')");
    let (invoice, old) = invoice_with_partner(&mut shop);
    shop.odoo.write_silently("account.move", &[invoice], json!({"partner_id": Value::Bool(false)}));
    shop.odoo.delete("res.partner", &[old]);

    shop.odoo.advance(3600);
    shop.run("select * from sync_run('invoices')");
    let partner = format!("select partner_id from erp.invoices where id = {invoice}");
    assert_eq!(shop.value(&partner), old.to_string(), "nothing tells an incremental run of it");
    shop.run("select * from sync_run('contacts', mode => 'full', confirm => true)");
    assert_ne!(shop.value("select count(*) from erp_sync.reread where entity = 'invoices'"), "0");
    shop.run("select * from sync_run('invoices')");
    assert_eq!(shop.value(&partner), "");
}
