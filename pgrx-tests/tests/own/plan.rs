//! What a run would read.

use super::*;

const PLAN: &str = "select entity, stream, mode, rows, requests, reason from sync_plan('contacts,invoices')";

#[test]
fn a_plan_tells_what_a_run_would_read_and_writes_nothing() {
    let mut shop = Shop::open(Cluster::shared(), "own_plan", "jsonrpc");
    let never = "never read to the end";
    assert_eq!(
        shop.rows(PLAN),
        [
            format!("contacts|contacts|full|66|1|{never}"),
            format!("invoices|invoices|full|18|1|{never}"),
            format!("invoices|invoice_lines|full|61|1|{never}")
        ]
    );
    assert_eq!(shop.value("select count(*) from erp_sync.run"), "0");
    assert_eq!(shop.value("select to_regclass('erp.contacts') is null"), "t");
    run(&mut shop, "contacts,invoices");
    shop.odoo.advance(3600);
    shop.odoo.write("res.partner", &[1, 3], json!({}));
    let planned = shop.rows(PLAN);
    assert!(
        planned[0].starts_with("contacts|contacts|incremental|3|1|what changed since 2026-"),
        "{planned:?}"
    );
    assert_eq!(shop.value("select rows from sync_plan('contacts', mode => 'full')"), "66");
    assert_eq!(shop.value("select seconds >= 0 from sync_plan('contacts')"), "t");
}

#[test]
fn what_a_server_cannot_give_is_skipped_with_the_reason_in_a_plan_of_all() {
    let mut shop = Shop::open(Cluster::shared(), "own_plan_all", "jsonrpc");
    shop.odoo.uninstall("sale.order");
    let skipped = "select entity, stream, mode, reason from sync_plan('all') where mode = 'skipped'";
    let rows = shop.rows(skipped);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].starts_with("sale_orders||skipped|"), "{rows:?}");
    let error = shop.error("select * from sync_plan('sale_orders')");
    assert!(error.message.contains("sale.order"), "{error:?}");
    let error = shop.error("select * from sync_plan('contact')");
    assert_eq!(error.hint, "did you mean \"contacts\"?");
}
