//! New fields on the remote are offered, with the line that keeps them.

use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::{checked, status, viewed, views_stand};

fn add(shop: &Shop<'_>, field: &str, kind: &str, value: serde_json::Value) {
    shop.odoo.add_field("res.partner", field, json!({"type": kind, "string": "Shelf", "store": true}));
    shop.odoo.write_silently("res.partner", &[14], json!({field: value}));
}

/// The line in what the check says.
fn offered(told: &str) -> String {
    let line = told.split("keep one with: ").nth(1);
    line.unwrap_or_else(|| panic!("nothing is offered: {told}")).to_owned()
}

#[test]
fn a_field_that_people_added_is_offered_kept_by_the_line_told_and_filled_for_every_row() {
    let mut shop = viewed("drift_offer");
    assert!(checked(&mut shop, "odoo_main", "contacts").starts_with("ok|readable: 66 contacts|"));
    add(&shop, "x_shelf", "char", json!("A-17"));
    add(&shop, "x_picture", "binary", json!("aGk="));
    let told = checked(&mut shop, "odoo_main", "contacts");
    assert!(
        told.starts_with("ok|") && told.contains("res.partner.x_shelf") && !told.contains("x_picture"),
        "{told}"
    );
    shop.run(&offered(&told));
    assert_eq!(shop.value("select state, updated from sync_run('contacts')"), "succeeded|1");
    assert_eq!(shop.rows("select id, x_shelf from erp.contacts where x_shelf is not null"), ["14|A-17"]);
    assert!(checked(&mut shop, "odoo_main", "contacts").starts_with("ok|readable: 66 contacts|"));
    views_stand(&mut shop);

    // A second one joins the first.
    add(&shop, "x_colour", "integer", json!(3));
    let told = checked(&mut shop, "odoo_main", "contacts");
    shop.run(&offered(&told));
    shop.run("select * from sync_run('contacts')");
    assert_eq!(shop.value("select x_shelf, x_colour from erp.contacts where id = 14"), "A-17|3");
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], json!({"x_shelf": "B-3", "x_colour": 4}));
    shop.run("select * from sync_run('contacts')");
    assert_eq!(
        shop.value("select x_shelf, x_colour from erp.contacts where id = 14"),
        "B-3|4",
        "both are read"
    );
    assert_eq!(status(&mut shop, "contacts"), "succeeded||");
    views_stand(&mut shop);
}

#[test]
fn discovery_tells_which_entity_reads_a_field_and_how_to_read_another() {
    let mut shop = viewed("drift_discover");
    let fields = "select field, entities, manifest is not null from sync_discover('odoo_main', 'res.partner')
                  where field in ('name', 'color', 'write_date', 'image_1920', 'partner_latitude') order by 1";
    let found = shop.rows(fields);
    println!("{found:?}");
    assert!(
        found.contains(&"name|{contacts}|f".to_owned())
            && found.contains(&"write_date|{contacts}|f".to_owned())
    );
    assert!(found.contains(&"partner_latitude|{contacts}|f".to_owned()), "by its path");
    assert!(found.contains(&"color|{}|t".to_owned()));
    shop.run(
        "select sync_define(manifest) from sync_discover('odoo_main', 'res.partner') where field = 'color'",
    );
    shop.run("select * from sync_run('contacts')");
    assert_ne!(shop.value("select count(color) from erp.contacts"), "0");
    views_stand(&mut shop);
}
