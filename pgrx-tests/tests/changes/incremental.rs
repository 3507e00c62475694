//! Changes that `write_date` tells of.

use serde_json::json;

use super::{NOTHING, naive, run, synced};

#[test]
fn a_change_an_archiving_a_new_record_and_a_price_arrive() {
    let mut shop = synced("arriving");
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], json!({"city": "Lyon"}));
    shop.odoo.archive("res.partner", 15);
    let new = shop.odoo.create("res.partner", json!({"name": "Käse & Söhne", "is_company": true}));
    shop.odoo.write("product.product", &[1], json!({"list_price": 12.3456789}));
    assert_eq!(run(&mut shop, "'all'"), "1 inserted, 3 updated, 0 removed, 0 left out, 0 rejected");
    let people = shop.rows(&format!(
        "select id, name, city, active from erp.contacts where id in (14, 15, {new}) order by id"
    ));
    assert_eq!(people[0], "14|Azure Interior|Lyon|t");
    assert!(people[1].starts_with("15|") && people[1].ends_with("|f"), "{people:?}");
    assert_eq!(people[2], format!("{new}|Käse & Söhne||t"));
    assert_eq!(shop.value("select list_price from erp.products where id = 1"), "12.3456789");
    assert_eq!(run(&mut shop, "'all'"), NOTHING);
}

#[test]
fn a_write_that_changes_nothing_that_is_kept_moves_only_its_time() {
    let mut shop = synced("idle_write");
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], json!({}));
    assert_eq!(run(&mut shop, "'contacts'"), "0 inserted, 1 updated, 0 removed, 0 left out, 0 rejected");
    let seen = shop.value("select source_updated_at > '2026-11-20 10:00+00' from erp.contacts where id = 14");
    assert_eq!(seen, "t");
}

/// A transaction of the remote that began before our last run read, and committed after it.
#[test]
fn a_late_commit_is_in_the_table_after_the_next_run_and_a_naive_reader_misses_it() {
    let mut shop = synced("late_commit");
    let mut naive = naive::Reader::new(&shop.odoo, "res.partner");
    naive.read(&shop.odoo);
    shop.odoo.advance(300);
    let early = shop.odoo.create("res.partner", json!({"name": "Early"}));
    run(&mut shop, "'contacts'");
    naive.read(&shop.odoo);
    let late = shop.odoo.commit_late("res.partner", json!({"name": "Late"}), 240);
    shop.odoo.write_late("res.partner", &[14], json!({"city": "Lyon"}), 200);
    assert_eq!(run(&mut shop, "'contacts'"), "1 inserted, 1 updated, 0 removed, 0 left out, 0 rejected");
    naive.read(&shop.odoo);
    assert_eq!(shop.value(&format!("select name from erp.contacts where id = {late}")), "Late");
    assert_eq!(shop.value("select city from erp.contacts where id = 14"), "Lyon");
    assert!(naive.has(early), "the naive reader reads");
    assert!(!naive.has(late), "the naive reader misses what commits late");
}
