//! What people do to the tables, and how they come right again.

use serde_json::json;

use super::{NOTHING, run, synced};

#[test]
fn an_emptied_table_is_filled_again() {
    let mut shop = synced("emptied");
    let rows: Vec<String> = shop.rows("select id, name from erp.contacts order by id");
    for empty in ["delete from erp.contacts", "truncate erp.contacts", "drop table erp.contacts cascade"] {
        shop.run(empty);
        let counts = run(&mut shop, "'contacts'");
        assert!(counts.starts_with(&format!("{} inserted, 0 updated", rows.len())), "{empty}: {counts}");
        assert_eq!(shop.rows("select id, name from erp.contacts order by id"), rows);
    }
    assert_eq!(run(&mut shop, "'contacts'"), NOTHING);
}

#[test]
fn emptied_lines_are_filled_again() {
    let mut shop = synced("emptied_lines");
    let lines = shop.value("select count(*) from erp.invoice_lines");
    shop.run("truncate erp.invoice_lines");
    run(&mut shop, "'invoices'");
    assert_eq!(shop.value("select count(*) from erp.invoice_lines"), lines);
}

#[test]
fn a_single_row_that_was_deleted_here_comes_back_with_a_full_run() {
    let mut shop = synced("deleted_here");
    shop.run("delete from erp.contacts where id in (14, 15); update erp.contacts set name = 'forged' where id = 16");
    shop.run("select sync_run('contacts', mode => 'full')");
    assert_eq!(shop.value("select count(*) from erp.contacts where id in (14, 15)"), "2");
    assert_eq!(shop.value("select count(*) from erp.contacts where name = 'forged'"), "0");
}

#[test]
fn a_column_that_was_dropped_comes_back_with_its_values() {
    let mut shop = synced("dropped_column");
    let cities = "select count(city) from erp.contacts";
    let before = shop.value(cities);
    shop.run("alter table erp.contacts drop column city cascade");
    run(&mut shop, "'contacts'");
    assert_eq!(shop.value(cities), before);
}

#[test]
fn a_field_that_becomes_readable_brings_its_values_of_all_rows() {
    let mut shop = synced("field_allowed");
    let vat = "select count(*) from erp.contacts where vat = 'BE0477472701' and id = 14";
    shop.odoo.write("res.partner", &[14], json!({"vat": "BE0477472701"}));
    shop.odoo.forbid_field("admin", "res.partner", "vat");
    let warned = "select warnings from erp_sync.task order by run_id desc, ordinal limit 1";
    run(&mut shop, "'contacts'");
    assert!(shop.value(warned).contains("vat"), "{}", shop.value(warned));
    let mode = "select mode from erp_sync.history limit 1";
    assert_eq!((shop.value(vat), shop.value(mode)), ("0".to_owned(), "incremental".to_owned()));
    shop.odoo.allow_field("admin", "res.partner", "vat");
    run(&mut shop, "'contacts'");
    assert_eq!(shop.value(vat), "1");
}

#[test]
fn sync_reset_makes_the_next_run_read_everything() {
    let mut shop = synced("reset");
    let all = shop.value("select count(*) from erp.contacts");
    assert_eq!(shop.value("select sync_reset('contacts')"), "1");
    assert_eq!(shop.value("select count(*) from erp.contacts"), all);
    assert_eq!(shop.value("select fetched, unchanged from sync_run('contacts')"), format!("{all}|{all}"));
    assert_eq!(shop.value("select sync_reset('invoices', truncate => true)"), "2");
    assert_eq!(shop.value("select count(*) from erp.invoices"), "0");
    assert!(!run(&mut shop, "'invoices'").starts_with("0 inserted"));
}

#[test]
fn a_view_of_a_user_on_a_table_survives() {
    let mut shop = synced("view");
    shop.run("create view erp.open_items as select id, number, amount_residual from erp.invoices where amount_residual <> 0;
              create view erp.everything as select * from erp.contacts");
    let before = shop.value("select count(*), sum(amount_residual) from erp.open_items");
    for mode in ["incremental", "full"] {
        run(&mut shop, &format!("'all', mode => '{mode}'"));
    }
    shop.run("select sync_reset('all')");
    run(&mut shop, "'all'");
    assert_eq!(shop.value("select count(*), sum(amount_residual) from erp.open_items"), before);
    assert_eq!(
        shop.value("select count(*) from erp.everything"),
        shop.value("select count(*) from erp.contacts")
    );
}

#[test]
fn a_table_somebody_else_made_is_refused() {
    let mut shop = synced("foreign_table");
    shop.run("drop table erp.contacts cascade; create table erp.contacts (id integer, name text)");
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(
        error.message,
        "contacts from odoo_main: table \"erp\".\"contacts\" exists and was not made by erp_sync"
    );
    let (_, line) = error.hint.split_at(0);
    shop.run(line);
    run(&mut shop, "'contacts'");
}
