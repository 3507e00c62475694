//! Of a SQL Server: by key, and by the time of the change where there is one.

use erp_sync_tests::{tds::Tds, till};

use super::*;

fn shop(name: &str) -> (Shop<'static>, Tds) {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    let tds = till::open(&mut shop, "pos");
    (shop, tds)
}

#[test]
fn rows_of_a_till_that_are_gone_or_came_late_are_found_by_key_and_time() {
    let (mut shop, tds) = shop("verify_till");
    run(&mut shop, "'products,warehouses'");
    tds.fill("INV_PointofSalesDetailTAB", (0..600).map(till::made_up));
    run(&mut shop, "'sales'");
    tds.execute("delete from INV_PointofSalesDetailTAB where invoice_no = N'B-00000001' and line_no = 2");
    tds.execute(
        "update INV_PointofSalesDetailTAB set quantity = 7, updated_at = '2025-12-31T10:00:00'
         where invoice_no = N'B-00000002' and line_no = 1",
    );
    tds.execute(
        "insert into INV_PointofSalesDetailTAB (invoice_no, line_no, branch_code, barcode, quantity, unit_price,
           net_amount, sale_date, is_return, remarks, updated_at)
         values (N'A-1', 1, N'WH', N'601647855646', 1, 2, 2, '2025-12-01T10:00:00', 0, null, '2025-12-01T10:00:00')",
    );
    assert_eq!(run(&mut shop, "'sales'"), "succeeded 0 0 0 0");
    let wanted = [
        r#"extra|pos_sales|["pos", "B-00000001", 2]"#,
        r#"missing|pos_sales|["pos", "A-1", 1]"#,
        r#"stale|pos_sales|["pos", "B-00000002", 1]"#,
    ];
    assert_eq!(diff(&mut shop, "'sales'"), wanted);
    assert_eq!(run(&mut shop, "'sales', mode => 'verify'"), "succeeded 1 1 1 0");
    assert_eq!(differences(&mut shop), wanted);
    assert_eq!(shop.value("select count(*) from erp.pos_sales"), "600");
    let sold = "select count(*) from erp.stock_movements where movement_type in ('sales', 'sales_return')";
    let waits = "select count(*) from erp_sync.waiting";
    let (sold, waits): (i64, i64) = (shop.value(sold).parse().unwrap(), shop.value(waits).parse().unwrap());
    assert_eq!(sold + waits, 600, "what is derived follows");
    assert_eq!(run(&mut shop, "'sales', mode => 'verify'"), "succeeded 0 0 0 0");
    assert_eq!(differences(&mut shop), [""; 0]);
}

#[test]
fn rows_without_a_key_are_compared_by_what_they_hold() {
    let (mut shop, tds) = shop("verify_keyless");
    tds.execute("create table dbo.Notes (branch nvarchar(10), note nvarchar(40), at_time datetime2(0))");
    tds.execute("insert into Notes values (N'A', N'one', '2026-01-01T10:00:00'), (N'A', N'one', '2026-01-01T10:00:00'), (N'B', N'two', null)");
    let manifest = json!({
        "name": "notes", "about": "notes", "source": "sqlserver",
        "streams": [{
            "table": "notes", "about": "notes", "object": "dbo.Notes", "key": ["row_key"],
            "columns": [
                {"name": "row_key", "type": "text", "about": "made of what the row holds", "path": ["*"]},
                {"name": "branch", "type": "text", "about": "branch"},
                {"name": "note", "type": "text", "about": "note"},
                {"name": "at_time", "type": "timestamptz", "about": "when"},
            ],
        }],
    });
    shop.run(&format!("select sync_define('{manifest}')"));
    run(&mut shop, "'notes'");
    assert_eq!(shop.value("select count(*) from erp.notes"), "3");
    tds.execute("delete from Notes where branch = N'B'");
    assert_eq!(run(&mut shop, "'notes', mode => 'verify'"), "succeeded 0 0 1 0");
    assert_eq!(shop.rows("select note from erp.notes"), ["one", "one"]);
}
