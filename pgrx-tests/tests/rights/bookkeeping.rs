//! The bookkeeping: read by who has USAGE on the server, written by nobody.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, failure, rows};

use super::{as_admin, relations, session, synced};

#[test]
fn a_role_without_usage_on_the_server_sees_no_row_and_can_start_nothing() {
    let mut shop = synced("strangers");
    let mut stranger = session(&mut shop, "stranger");
    for relation in relations(&mut shop, "r").iter().chain(&relations(&mut shop, "v")) {
        let count = format!("select count(*) from {relation}");
        match relation.as_str() {
            "erp_sync.home" | "erp_sync.lock" | "erp_sync.leftover" | "erp_sync.transaction" => {
                assert_eq!(failure(&mut stranger, &count).sqlstate, "42501")
            }
            _ => assert_eq!(rows(&mut stranger, &count), ["0"], "{relation}"),
        }
    }
    for function in ["sync_status()", "sync_progress()", "sync_schedules()"] {
        assert_eq!(rows(&mut stranger, &format!("select count(*) from {function}")), ["0"], "{function}");
    }
    let run = shop.value("select max(id) from erp_sync.run");
    for call in [
        "select sync_run('contacts')".to_owned(),
        "select sync_run('contacts', 'odoo_main')".to_owned(),
        "select sync_run('contacts', 'odoo_main', wait => false)".to_owned(),
        "select sync_check('odoo_main')".to_owned(),
        "select sync_reset('contacts')".to_owned(),
        "select sync_reset('contacts', 'odoo_main')".to_owned(),
        format!("select sync_cancel({run})"),
        "call sync_auto()".to_owned(),
        "select sync_schedule(elsewhere => true)".to_owned(),
    ] {
        let error = failure(&mut stranger, &call);
        assert!(["22023", "42501"].contains(&error.sqlstate.as_str()), "{call}: {error:?}");
    }
    assert_eq!(shop.value("select max(id) from erp_sync.run"), run, "nothing was queued");
    assert_eq!(shop.value("select count(*) from erp_sync.position where entity = 'contacts'"), "1");
}

#[test]
fn usage_on_the_server_and_the_tables_owner_show_its_rows_and_only_its() {
    let mut shop = synced("readers");
    let mut reader = session(&mut shop, "reader");
    shop.run("grant usage on foreign server odoo_main to reader");
    assert_eq!(rows(&mut reader, "select count(*) from erp_sync.task"), ["0"], "usage alone");
    as_admin(&mut shop, "grant shop to reader");
    for table in ["run", "task", "batch", "position", "candidate", "rejected", "removed"] {
        let count = format!("select count(*) from erp_sync.{table}");
        assert_ne!(shop.value(&count), "0", "{table} has rows");
        assert_eq!(rows(&mut reader, &count), [shop.value(&count)], "{table}");
    }
    shop.run("revoke usage on foreign server odoo_main from reader");
    as_admin(&mut shop, "revoke shop from reader");
    assert_eq!(rows(&mut reader, "select count(*) from erp_sync.task"), ["0"]);
}

#[test]
fn a_monitor_sees_states_and_counts_but_no_record() {
    let mut shop = synced("monitors");
    let mut monitor = session(&mut shop, "watcher");
    as_admin(&mut shop, "grant pg_monitor to watcher");
    for relation in ["run", "task", "batch", "position", "history", "errors", "status"] {
        assert_ne!(
            rows(&mut monitor, &format!("select count(*) from erp_sync.{relation}")),
            ["0"],
            "{relation}"
        );
    }
    for relation in ["rejected", "removed", "rejections"] {
        assert_eq!(
            rows(&mut monitor, &format!("select count(*) from erp_sync.{relation}")),
            ["0"],
            "{relation}"
        );
    }
}

#[test]
fn a_monitor_sees_how_entities_stand_that_others_stored() {
    let mut shop = synced("monitors_own");
    shop.run("select sync_add('odoo_main', 'res.country', entity => 'lands')");
    let mut monitor = session(&mut shop, "watcher_of_lands");
    as_admin(&mut shop, "grant pg_monitor to watcher_of_lands");
    let all = "select server, entity, state, rows, last_error from sync_status() order by 1, 2";
    assert_eq!(rows(&mut monitor, all), shop.rows(all));
    assert_eq!(
        rows(&mut monitor, "select state, rows > 0 from sync_status() where entity = 'lands'"),
        ["succeeded|t"]
    );
    // The definition itself is shown to its definer alone.
    let known = "select count(*) from sync_entities() where entity = 'lands'";
    assert_eq!(rows(&mut monitor, known), ["0"]);
    shop.run("select sync_undefine('lands')");
    assert_eq!(rows(&mut monitor, "select count(*) from sync_status() where entity = 'lands'"), ["0"]);
}

#[test]
fn a_mistyped_setting_is_an_error_once_the_library_is_loaded() {
    let mut shop = synced("settings");
    let error = shop.error("set erp_sync.bacth_rows = 100");
    assert_eq!(error.message, "invalid configuration parameter name \"erp_sync.bacth_rows\"");
    assert!(error.detail.contains("erp_sync"), "{error:?}");
}

#[test]
fn who_has_no_server_is_told_how_to_get_one_that_is_there() {
    let mut shop = synced("serverless");
    let mut stranger = session(&mut shop, "stranger");
    let error = failure(&mut stranger, "select * from sync_run('contacts')");
    assert_eq!(error.message, "there is no server that this role may use");
    assert_eq!(error.hint, "the owner of one lets you with: grant usage on foreign server NAME to stranger");
}

#[test]
fn nobody_but_the_store_writes_the_bookkeeping() {
    let mut shop = synced("writers");
    let mut stranger = session(&mut shop, "stranger");
    let mut tries: Vec<String> = Vec::new();
    for table in relations(&mut shop, "r") {
        tries.push(format!("insert into {table} default values"));
        tries.push(format!("delete from {table}"));
        tries.push(format!("truncate {table} cascade"));
        tries.push(format!("alter table {table} disable row level security"));
        tries.push(format!(
            "create trigger t before insert on {table} execute function suppress_redundant_updates_trigger()"
        ));
        tries.push(format!("create index on {table} ((1))"));
        tries.push(format!("do $$ begin lock table {table} in exclusive mode; end $$"));
        tries.push(format!("drop table {table}"));
    }
    tries.push("update erp_sync.position set position = '2030-01-01 00:00:00'".to_owned());
    tries.push("update erp_sync.run set role = 'postgres'".to_owned());
    for sequence in relations(&mut shop, "S") {
        tries.push(format!("select setval('{sequence}', 1)"));
        tries.push(format!("select nextval('{sequence}')"));
    }
    tries.push("create table erp_sync.mine ()".to_owned());
    for sql in &tries {
        for client in [&mut shop.client, &mut stranger] {
            assert_eq!(failure(client, sql).sqlstate, "42501", "{sql}");
        }
    }
    assert!(tries.len() > 60, "{}", tries.len());
}

#[test]
fn a_dropped_server_leaves_a_bookkeeping_that_can_be_read_and_let_go_of() {
    let mut shop = Shop::open(Cluster::shared(), "dropped_server", "jsonrpc");
    shop.run("select sync_run('all')");
    let (url, database) = (shop.odoo.url(), erp_sync_tests::odoo::DATABASE);
    shop.run("drop server odoo_main cascade");
    for relation in relations(&mut shop, "v") {
        shop.run(&format!("select * from {relation}"));
    }
    assert_eq!(shop.value("select count(*) from sync_status()"), "0");
    let history = rows(&mut shop.admin, "select count(*) from erp_sync.history");
    assert_eq!(history, ["16"], "a superuser sees what was");
    shop.run(&format!(
        "create server renamed foreign data wrapper odoo options (url '{url}', database '{database}');
         create user mapping for current_user server renamed options (username 'admin', password 'admin')"
    ));
    let error = shop.error("select sync_run('contacts')");
    assert!(
        error.message.contains("already fed by entity \"contacts\" of server \"odoo_main\""),
        "{error:?}"
    );
    let (_, line) = error.hint.split_once("let go of it with: ").expect("a line to type");
    shop.run(line);
    assert_eq!(shop.value("select inserted, updated from sync_run('contacts')"), "0|0");
}
