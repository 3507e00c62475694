//! What happens when a till goes wrong in the middle of its rows.

use erp_sync_tests::till;

use super::*;

/// Rows of the till.
const LINES: i64 = 3000;

/// Behind so many rows it goes wrong.
const HALF: u64 = 1700;

/// Lines of the last ten minutes, ten seconds apart: by the overlap, the pass behind the first one reads them again.
const OVERLAP: i64 = 61;

const WHERE: &str = "from [INV_PointofSalesDetailTAB] as o\norder by";

#[test]
fn a_cut_a_stall_and_an_error_leave_whole_batches_and_the_next_run_goes_on_behind_them() {
    let mut shop = shop("sales_trouble");
    let tds = till::open(&mut shop, "pos");
    run(&mut shop, "'products,warehouses'");
    tds.fill("INV_PointofSalesDetailTAB", (0..LINES).map(till::made_up));
    shop.run(
        "set erp_sync.batch_rows = 200; set erp_sync.max_attempts = 1; set erp_sync.request_timeout = '3s'",
    );
    for (what, argument, told) in
        [("cut", 0, "closed the connection"), ("stall", 9000, "within 3s"), ("error", 8134, "8134")]
    {
        shop.run("select sync_reset('sales', truncate => true)");
        tds.fault(WHERE, what, HALF, argument, 1);
        let error = shop.error("select * from sync_run('sales')");
        println!("{what}: {error:?}");
        assert!(format!("{error:?}").contains(told), "{what}: {error:?}");
        assert!(!error.hint.is_empty(), "{what}: {error:?}");
        let stored: i64 = shop.value("select count(*) from erp.pos_sales").parse().unwrap();
        assert!(stored > 0 && stored <= HALF as i64, "{what}: {stored}");
        let batches = "select sum(fetched), max(fetched) <= 200 from erp_sync.batch
                       where stream = 'pos_sales' and run_id = (select max(id) from erp_sync.run)";
        assert_eq!(shop.value(batches), format!("{stored}|t"), "{what}");
        let last = "select invoice_no, line_no from erp.pos_sales order by 1 desc, 2 desc limit 1";
        let (invoice, line) = (format!("B-{:08}", (stored - 1) / 3), (stored - 1) % 3 + 1);
        assert_eq!(shop.value(last), format!("{invoice}|{line}"), "{what}: what is stored has no gap");

        tds.batches();
        let counts = "select state, inserted, updated, unchanged, removed from sync_run('sales')";
        assert_eq!(shop.value(counts), format!("succeeded|{}|0|{OVERLAP}|0", LINES - stored), "{what}");
        let asked = tds.batches();
        let reading: Vec<&String> = asked.iter().filter(|sql| sql.contains("N'B-")).collect();
        assert!(reading.first().is_some_and(|sql| sql.contains(&invoice)), "{what}: {asked:?}");
        exact(&mut shop);
    }
}

/// Fails unless the table and what is derived from it hold all lines once.
fn exact(shop: &mut Shop<'_>) {
    let (mut quantity, mut matched) = (0, 0);
    for at in 0..LINES {
        quantity += (at % 9 + 1) * 500;
        matched += i64::from(at % 1000 != 999);
    }
    let sql = "select count(*), sum(quantity * 1000)::bigint, count(distinct (invoice_no, line_no)) from erp.pos_sales";
    assert_eq!(shop.value(sql), format!("{LINES}|{quantity}|{LINES}"));
    let sql = "select count(*) from erp.stock_movements where origin = 'pos_sales'";
    assert_eq!(shop.value(sql), matched.to_string());
}
