//! The table was altered under the run, or between two: told with the line to type, and gone on with.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Failure, Shop};

use super::{goes_on, in_the_contacts, stored, told};

/// Alters the table in the middle of a run, and tells how that ended; what was stored before stays.
fn altered(shop: &mut Shop<'_>, sql: &str) -> Failure {
    let call = in_the_contacts(shop);
    shop.admin.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let before = stored(shop);
    shop.odoo.clear_faults();
    println!("{sql}");
    let failure = told(call.end().failure());
    assert!(failure.message.contains("contacts"), "{failure:?}");
    let after = stored(shop);
    assert!(
        after >= before && after.is_multiple_of(10),
        "a batch of ten fails as a whole: {before}, {after}"
    );
    failure
}

/// The hint is a statement that mends it.
fn mend_as_told(shop: &mut Shop<'_>, failure: &Failure) {
    let line = failure.hint.split(": ").nth(1).unwrap_or(&failure.hint).to_owned();
    println!("typed: {line}");
    shop.run(&line);
}

#[test]
fn a_column_dropped_in_a_run_fails_its_batch_and_the_next_run_makes_and_fills_it_again() {
    let mut shop = Shop::open(Cluster::shared(), "altered_dropped", "jsonrpc");
    altered(&mut shop, "alter table erp.contacts drop column city cascade");
    goes_on(&mut shop);
    assert_ne!(shop.value("select count(city) from erp.contacts"), "0");
}

#[test]
fn a_column_renamed_in_a_run_comes_back_and_the_renamed_one_stays() {
    let mut shop = Shop::open(Cluster::shared(), "altered_renamed", "jsonrpc");
    altered(&mut shop, "alter table erp.contacts rename column city to town");
    goes_on(&mut shop);
    assert_ne!(shop.value("select count(city) from erp.contacts"), "0");
    assert_ne!(shop.value("select count(town) from erp.contacts"), "0");
}

#[test]
fn a_column_of_another_type_is_refused_with_the_statement_that_changes_it_back() {
    let mut shop = Shop::open(Cluster::shared(), "altered_type", "jsonrpc");
    let failure = altered(
        &mut shop,
        "drop view erp.contacts_named; alter table erp.contacts alter column city type integer using 1",
    );
    assert_eq!(failure, told(shop.error("select * from sync_run('contacts')")), "told at once");
    assert!(failure.hint.contains("alter column \"city\" type text"), "{failure:?}");
    shop.run(&failure.hint);
    goes_on(&mut shop);
}

#[test]
fn a_not_null_of_ones_own_that_a_row_breaks_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "altered_null", "jsonrpc");
    shop.odoo.write_silently(
        "res.partner",
        &[60, 61, 62, 63, 64, 65, 66],
        serde_json::json!({"city": false}),
    );
    let failure = altered(
        &mut shop,
        "update erp.contacts set city = '?' where city is null; alter table erp.contacts alter column city set not null",
    );
    mend_as_told(&mut shop, &failure);
    goes_on(&mut shop);
}

#[test]
fn a_check_of_ones_own_that_a_row_breaks_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "altered_check", "jsonrpc");
    let failure =
        altered(&mut shop, "alter table erp.contacts add constraint early check (id < 40) not valid");
    assert!(failure.message.contains("\"early\""), "{failure:?}");
    mend_as_told(&mut shop, &failure);
    goes_on(&mut shop);
}

#[test]
fn a_unique_index_of_ones_own_that_a_row_breaks_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "altered_unique", "jsonrpc");
    shop.odoo.write_silently("res.partner", &[64, 65], serde_json::json!({"ref": "same"}));
    let failure = altered(&mut shop, "create unique index one_ref on erp.contacts (ref) where ref = 'same'");
    assert!(failure.message.contains("\"one_ref\""), "{failure:?}");
    mend_as_told(&mut shop, &failure);
    goes_on(&mut shop);
}

#[test]
fn a_foreign_key_of_ones_own_that_a_row_breaks_is_named() {
    let mut shop = Shop::open(Cluster::shared(), "altered_foreign", "jsonrpc");
    let failure = altered(
        &mut shop,
        "create table erp.known (id bigint primary key); grant select on erp.known to shop;
         alter table erp.contacts add constraint is_known foreign key (id) references erp.known not valid",
    );
    assert!(failure.message.contains("\"is_known\""), "{failure:?}");
    mend_as_told(&mut shop, &failure);
    goes_on(&mut shop);
}

#[test]
fn a_trigger_of_ones_own_that_raises_is_named_and_its_words_are_passed_on() {
    let mut shop = Shop::open(Cluster::shared(), "altered_trigger", "jsonrpc");
    let failure = altered(
        &mut shop,
        "create function erp.stop() returns trigger language plpgsql as
         $$ begin raise 'no contacts on Sundays' using hint = 'come back on Monday'; end $$;
         create trigger stop before insert on erp.contacts for each row execute function erp.stop();
         alter function erp.stop() owner to shop",
    );
    // The words may quote a row: they are for who may read the tables, and in no message.
    assert!(failure.message.contains("a trigger, refused a row (SQLSTATE P0001)"), "{failure:?}");
    let (_, line) = failure.hint.split_once("with: ").expect("a line to type");
    assert!(shop.value(line).contains("no contacts on Sundays"), "{failure:?}");
    shop.run("drop trigger stop on erp.contacts");
    goes_on(&mut shop);
}

#[test]
fn a_primary_key_that_was_dropped_is_asked_for_again() {
    let mut shop = Shop::open(Cluster::shared(), "altered_key", "jsonrpc");
    let failure = altered(&mut shop, "alter table erp.contacts drop constraint contacts_pkey");
    assert!(failure.hint.contains("primary key"), "{failure:?}");
    mend_as_told(&mut shop, &failure);
    goes_on(&mut shop);
}

#[test]
fn a_partitioned_table_in_its_place_is_refused_and_the_ordinary_one_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "altered_partitioned", "jsonrpc");
    let failure = altered(
        &mut shop,
        "alter table erp.contacts rename to old;
         create table erp.contacts (like erp.old including all) partition by list (tenant);
         create table erp.contacts_main partition of erp.contacts default;
         alter table erp.contacts owner to shop; alter table erp.contacts_main owner to shop;
         insert into erp.contacts select * from erp.old",
    );
    assert_eq!(failure, told(shop.error("select * from sync_run('contacts')")), "told at once");
    assert!(failure.message.contains("is a partitioned table, not an ordinary table"), "{failure:?}");
    shop.admin
        .batch_execute("drop table erp.contacts; alter table erp.old rename to contacts")
        .expect("put back");
    goes_on(&mut shop);
}

#[test]
fn a_table_that_was_renamed_is_named_with_both_ways_out() {
    let mut shop = Shop::open(Cluster::shared(), "altered_table", "jsonrpc");
    shop.run("select sync_run('contacts,products,warehouses,stock_moves')");
    let rows = shop.value("select count(*) from erp.contacts");
    shop.run("alter table erp.contacts rename to contacts_old");
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(
        error.message,
        "contacts from odoo_main: table \"contacts\" is not there, and table \"contacts_old\" has its key, contacts_pkey"
    );
    assert_eq!(shop.value("select count(*) from erp.contacts_old"), rows);
    mend_as_told(&mut shop, &Failure { hint: error.hint.replace("; to have", ":"), ..Failure::default() });
    assert_eq!(shop.value("select sum(inserted + updated) from sync_run('contacts')"), "0");

    // A new one beside it, with all its indexes.
    let indexes = "select count(*) from pg_indexes where schemaname = 'erp' and tablename = 'contacts'";
    let wanted = shop.value(indexes);
    shop.run("alter table erp.contacts rename to contacts_old");
    shop.admin.batch_execute("create schema old authorization shop").expect("a schema");
    shop.run("alter table erp.contacts_old set schema old");
    assert_eq!(shop.value("select inserted from sync_run('contacts')"), rows);
    assert_eq!(shop.value(indexes), wanted);

    // A derived one likewise.
    shop.run("alter table erp.stock_movements rename to moved");
    let error = shop.error("select sync_run('stock_moves')");
    assert!(error.hint.contains("alter table erp.moved rename to stock_movements"), "{error:?}");
}
