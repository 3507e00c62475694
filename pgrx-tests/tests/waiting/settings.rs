//! The caller's settings: those of erp_sync travel to the worker, all others do not matter.

use std::time::{Duration, Instant};

use erp_sync_tests::call::LIMIT;
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

#[test]
fn settings_of_the_caller_reach_the_worker() {
    let mut shop = Shop::open(Cluster::shared(), "settings", "jsonrpc");
    shop.odoo.fault(When::any().model("product.category"), What::Sleep(Duration::from_secs(10)));
    shop.run("set erp_sync.request_timeout = '300ms'; set erp_sync.max_attempts = 2; set erp_sync.retry_base = '10ms'");
    let begun = Instant::now();
    let failure = shop.error("select * from sync_run('categories')");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(failure.message.contains("tried 2 times"), "{failure:?}");
    shop.odoo.clear_faults();
    shop.run("reset all; set erp_sync.target_schema = 'elsewhere'; set erp_sync.batch_rows = 3");
    shop.admin.batch_execute("grant create on database settings to shop").expect("granted");
    shop.run("select * from sync_run('categories')");
    assert_ne!(shop.value("select count(*) from elsewhere.categories"), "0");
    assert_eq!(shop.value("select max(fetched) from erp_sync.batch"), "3");
}

#[test]
fn settings_reach_a_run_that_nobody_waits_for() {
    let mut shop = Shop::open(Cluster::shared(), "queued_settings", "jsonrpc");
    shop.run("begin; set local erp_sync.batch_rows = 3");
    shop.run("select * from sync_run('categories', wait => false); commit");
    let ended = "select state from erp_sync.run";
    wait_for("the run", LIMIT, || shop.value(ended) == "succeeded").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shop.value("select max(fetched) from erp_sync.batch"), "3");
}

#[test]
fn odd_settings_of_a_role_do_not_matter() {
    let mut shop = Shop::open(Cluster::shared(), "odd_role", "jsonrpc");
    shop.admin
        .batch_execute(
            "create schema odd authorization shop;
             create function odd.lower(text) returns text language sql as 'select ''odd''';
             create operator odd.= (leftarg = text, rightarg = text, function = pg_catalog.textne);",
        )
        .expect("odd things");
    for (name, value) in [
        ("search_path", "odd, pg_catalog, erp"),
        ("DateStyle", "'German, DMY'"),
        ("IntervalStyle", "sql_standard"),
        ("TimeZone", "'America/St_Johns'"),
        ("default_transaction_read_only", "on"),
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_deferrable", "on"),
        ("statement_timeout", "'400ms'"),
        ("lock_timeout", "'1ms'"),
        ("idle_in_transaction_session_timeout", "'100ms'"),
        ("bytea_output", "escape"),
        ("extra_float_digits", "'-15'"),
        ("standard_conforming_strings", "off"),
        ("quote_all_identifiers", "on"),
        ("transform_null_equals", "on"),
        ("row_security", "off"),
        ("client_encoding", "latin1"),
        ("client_min_messages", "error"),
        ("work_mem", "'64kB'"),
        ("enable_indexscan", "off"),
        ("xmloption", "document"),
    ] {
        let sql = format!("alter role shop in database odd_role set {name} = {value}");
        shop.admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    shop.reconnect();
    let slow = When::any().model("product.category").method("search_read").once();
    shop.odoo.fault(slow, What::Sleep(Duration::from_millis(600)));
    let sql = "set statement_timeout = 0; set default_transaction_isolation = 'read committed'";
    shop.run(sql);
    let states = shop.rows("select public.sync_run('all')");
    assert!(states.iter().all(|row| row.contains("succeeded") || row.contains("skipped")), "{states:?}");
    assert_eq!(
        shop.admin.query_one("select count(*) from erp.categories", &[]).expect("rows").get::<_, i64>(0),
        shop.odoo.records("product.category").len() as i64
    );
    let again = "select sum(inserted + updated)::bigint from public.sync_run('all')";
    assert_eq!(shop.value(again), "0");
    assert!(!shop.rows("select * from public.sync_check()").is_empty());
    // Who has switched row security off wants an error instead of some rows.
    shop.run("set row_security = on");
    assert!(!shop.rows("select * from public.sync_status()").is_empty());
}
