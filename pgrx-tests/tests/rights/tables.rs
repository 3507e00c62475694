//! The business tables belong to whom they belong.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, failure, rows};

use super::{as_admin, session};

const MAPPING: &str =
    "create user mapping for current_user server odoo_main options (username 'admin', password 'admin')";

#[test]
fn another_role_than_the_tables_owner_is_told_so() {
    let mut shop = Shop::open(Cluster::shared(), "owners", "jsonrpc");
    shop.run("select sync_run('contacts')");
    let mut other = session(&mut shop, "colleague");
    shop.run("grant usage on foreign server odoo_main to colleague; grant usage, create on schema erp to colleague;
              grant all on all tables in schema erp to colleague");
    other.batch_execute(MAPPING).unwrap();
    let error = failure(&mut other, "select sync_run('contacts')");
    assert_eq!(error.sqlstate, "42501");
    assert_eq!(error.message, "schema \"erp\" belongs to role \"shop\", not to \"colleague\"");
    assert_eq!(error.detail, "only a role that may become the owner of a schema may sync into it");
    assert_eq!(error.hint, "run as shop, or: grant shop to colleague");
    as_admin(&mut shop, "grant shop to colleague");
    assert_eq!(rows(&mut other, "select state, inserted from sync_run('contacts')"), ["succeeded|0"]);
    as_admin(&mut shop, "revoke shop from colleague");
}

#[test]
fn a_member_of_the_owner_that_does_not_inherit_syncs_all_the_same() {
    let mut shop = Shop::open(Cluster::shared(), "members", "jsonrpc");
    shop.run("select sync_run('contacts')");
    let mut other = session(&mut shop, "aloof");
    shop.run("grant usage on foreign server odoo_main to aloof; grant usage, create on schema erp to aloof");
    other.batch_execute(MAPPING).unwrap();
    as_admin(&mut shop, "alter role aloof noinherit; grant shop to aloof");
    assert_eq!(rows(&mut other, "select state, inserted from sync_run('contacts')"), ["succeeded|0"]);
    as_admin(&mut shop, "revoke shop from aloof");
}

#[test]
fn a_role_that_may_not_make_the_schema_gets_the_line_to_type() {
    let mut shop = Shop::open(Cluster::shared(), "schemas", "jsonrpc");
    let elsewhere = |shop: &mut Shop<'_>| {
        shop.run("set erp_sync.target_schema = 'Elsewhere'");
        failure(&mut shop.client, "select sync_run('contacts')")
    };
    let error = elsewhere(&mut shop);
    assert_eq!(error.message, "schema \"Elsewhere\" does not exist, and role \"shop\" may not make it");
    let (_, line) = error.hint.split_once(": ").expect("a line to type");
    as_admin(&mut shop, line);
    shop.run("select sync_run('contacts')");
    assert_ne!(shop.value("select count(*) from \"Elsewhere\".contacts"), "0");

    as_admin(&mut shop, "drop schema \"Elsewhere\" cascade; create schema \"Elsewhere\"");
    let error = elsewhere(&mut shop);
    assert_eq!(error.message, "schema \"Elsewhere\" belongs to role \"postgres\", not to \"shop\"");
    let (_, line) = error.hint.split_once(": ").expect("a line to type");
    as_admin(&mut shop, line);
    shop.run("select sync_run('contacts')");
}

#[test]
fn a_role_that_may_make_the_schema_makes_it_on_first_use() {
    let mut shop = Shop::open(Cluster::shared(), "own_schema", "jsonrpc");
    as_admin(&mut shop, "drop schema erp; grant create on database own_schema to shop");
    shop.run("select sync_run('contacts')");
    assert_eq!(shop.value("select nspowner::regrole from pg_namespace where nspname = 'erp'"), "shop");
    assert_eq!(shop.value("select tableowner from pg_tables where tablename = 'contacts'"), "shop");
}

#[test]
fn dropping_the_extension_keeps_the_tables_and_their_rows() {
    let mut shop = Shop::open(Cluster::shared(), "drop_extension", "jsonrpc");
    shop.run("select sync_run('all')");
    let count = "select (select count(*) from erp.contacts), (select count(*) from erp.invoice_lines)";
    let before = shop.value(count);
    as_admin(&mut shop, "drop extension erp_sync cascade");
    assert_eq!(shop.value(count), before);
    assert_eq!(shop.value("select count(*) from pg_namespace where nspname = 'erp_sync'"), "0");
    as_admin(&mut shop, "create extension erp_sync; grant usage on foreign data wrapper odoo to shop");
    let (url, database) = (shop.odoo.url(), erp_sync_tests::odoo::DATABASE);
    shop.run(&format!(
        "create server odoo_main foreign data wrapper odoo options (url '{url}', database '{database}')"
    ));
    shop.run(MAPPING);
    assert_eq!(shop.value("select sum(inserted), sum(updated), sum(removed) from sync_run('all')"), "0|0|0");
    assert_eq!(shop.value(count), before);
}
