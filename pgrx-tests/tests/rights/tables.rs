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
fn a_role_without_login_syncs_for_who_has_taken_it() {
    let mut shop = Shop::open(Cluster::shared(), "no_login", "jsonrpc");
    as_admin(
        &mut shop,
        "create role keeper nologin; grant keeper to shop; alter schema erp owner to keeper;
         grant usage on foreign server odoo_main to keeper;
         create user mapping for keeper server odoo_main options (username 'admin', password 'admin')",
    );
    shop.run("set role keeper");
    assert_eq!(shop.value("select state from sync_run('contacts', 'odoo_main')"), "succeeded");
    assert_eq!(shop.value("select tableowner from pg_tables where tablename = 'contacts'"), "keeper");
    assert_eq!(shop.value("select role from erp_sync.history"), "keeper");
    // A function of such a role lends its rights to everybody, but no session in which to log in.
    shop.run(
        "create function erp.sync() returns text language sql security definer set search_path = pg_catalog, pg_temp
         as $$ select state from public.sync_run('contacts', 'odoo_main') $$;
         grant usage on schema erp to public",
    );
    let mut stranger = session(&mut shop, "stranger");
    let error = failure(&mut stranger, "select erp.sync()");
    assert_eq!(error.message, "role \"keeper\" may not log in, so no worker can act as it");
    assert!(error.hint.contains("alter role keeper login"), "{error:?}");
}

#[test]
fn a_schema_of_whoever_owns_the_database_is_not_for_business_tables() {
    let mut shop = Shop::open(Cluster::shared(), "public_schema", "jsonrpc");
    shop.run("set erp_sync.target_schema = 'public'");
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(
        (error.sqlstate.as_str(), error.hint.contains("set erp_sync.target_schema = 'erp'")),
        ("42501", true)
    );
    for schema in ["pg_catalog", "information_schema", "erp_sync"] {
        shop.run(&format!("set erp_sync.target_schema = '{schema}'"));
        let error = shop.error("select sync_run('contacts')");
        assert!(error.message.contains("is not for business tables"), "{error:?}");
    }
}

#[test]
fn a_library_of_another_version_than_the_database_says_so() {
    let cluster = Cluster::shared();
    cluster.create_database("older");
    let mut admin = cluster.client("older", "postgres");
    admin.batch_execute("create extension erp_sync version '0.1.0'").unwrap();
    let error = failure(&mut admin, "select * from sync_status()");
    let version = env!("CARGO_PKG_VERSION");
    let wanted =
        format!("the library is of version {version}, the extension in this database of version 0.1.0");
    assert_eq!(error.message, wanted);
    assert!(error.hint.contains("alter extension erp_sync update"), "{error:?}");
    admin.batch_execute("alter extension erp_sync update; select * from sync_status()").unwrap();
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
