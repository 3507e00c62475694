//! What goes wrong with a SQL Server, as psql shows it.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::{DATABASE, Encryption, PASSWORD, SqlError, Tds, USER};

use super::golden::Golden;

const RUN: &str = "select state from sync_run('sales', 'pos')";
const CHECK: &str = "select * from sync_check('pos')";

const TABLE: &str = "
create table dbo.INV_PointofSalesDetailTAB (
  invoice_no nvarchar(30), line_no int, branch_code nvarchar(20), barcode nvarchar(40), quantity decimal(18,3),
  unit_price money, net_amount money, sale_date datetime, is_return bit, remarks nvarchar(max),
  updated_at datetime2(7), primary key (invoice_no, line_no))";

/// A database with so many lines, and the server `pos` that reads it with these options.
fn till(shop: &mut Shop<'_>, encryption: Encryption, options: &str) -> Tds {
    let tds = Tds::encrypting(encryption);
    tds.execute(TABLE);
    for line in 1..=5 {
        tds.execute(&format!(
            "insert into INV_PointofSalesDetailTAB values (N'B-1', {line}, N'WH', N'601647855646', 1, 2.5, 2.5, \
             '2026-11-20T18:30:00', 0, null, sysutcdatetime())"
        ));
    }
    let quoted = PASSWORD.replace('\'', "''");
    shop.run("drop server if exists pos cascade");
    shop.run(&format!(
        "create server pos foreign data wrapper sqlserver options (host '127.0.0.1', port '{}', database '{DATABASE}'{options});
         create user mapping for current_user server pos options (username '{USER}', password '{quoted}')",
        tds.port()
    ));
    tds
}

/// Reads all rows, by this query.
const FULL: &str = "select state from sync_run('sales', 'pos', mode => 'full')";
const ROWS: &str = "as o\norder by";

const PLAIN: &str = ", encrypt 'plaintext'";

#[test]
fn a_till_that_cannot_be_reached_or_entered() {
    let mut shop = Shop::open(Cluster::shared(), "tills_login", "jsonrpc");
    let mut golden = Golden::new("tills_login");
    let tds = till(&mut shop, Encryption::Offered, PLAIN);
    shop.run("alter server pos options (set database 'nope')");
    golden.shows("wrong database", &shop, RUN);
    shop.run(&format!("alter server pos options (set database '{DATABASE}')"));
    shop.run("alter user mapping for current_user server pos options (set password 'wrong')");
    golden.shows("wrong password", &shop, RUN);
    golden.shows("wrong password", &shop, CHECK);
    for (number, title) in
        [(18452, "Windows logins only"), (18470, "disabled"), (18486, "locked"), (18487, "expired")]
    {
        tds.refuse(Some(SqlError { number, class: 14, message: "refused".into() }));
        golden.shows(title, &shop, RUN);
    }
    tds.refuse(Some(SqlError {
        number: 17142,
        class: 14,
        message: "SQL Server service has been paused.".into(),
    }));
    golden.shows("paused", &shop, RUN);
    shop.run("alter server pos options (drop encrypt)");
    golden.shows("an authority that nobody knows", &shop, RUN);
    let _old = till(&mut shop, Encryption::None, "");
    golden.shows("a server without TLS", &shop, RUN);
    golden.shows("a server without TLS", &shop, CHECK);
    let _broken = till(&mut shop, Encryption::Broken, ", trust_certificate 'true'");
    golden.shows("a server whose TLS is too old", &shop, RUN);
    shop.run("alter server pos options (set port '1')");
    golden.shows("nobody listens", &shop, RUN);
    shop.run("alter server pos options (drop host)");
    golden.shows("an option is missing", &shop, RUN);
    golden.shows("no zone", &shop, "alter server pos options (add timezone 'Dubai')");
    golden.compare();
}

#[test]
fn a_till_that_does_not_give_what_is_asked_for() {
    let mut shop = Shop::open(Cluster::shared(), "tills_rows", "jsonrpc");
    let mut golden = Golden::new("tills_rows");
    let tds = till(&mut shop, Encryption::Offered, PLAIN);
    for (title, what, argument) in [
        ("cut in the middle", "cut", 0),
        ("a deadlock", "error", 1205),
        ("one row cannot be computed", "error", 8134),
        ("killed there", "severe", 596),
        ("garbage", "garbage", 0),
    ] {
        tds.fault(ROWS, what, 2, argument, 1);
        golden.shows(title, &shop, FULL);
        tds.clear_faults();
    }
    tds.fault(ROWS, "stall", 0, 5000, 1);
    golden.shows_to("shop", "nothing comes any more", &shop, "set erp_sync.request_timeout = '1s';", FULL);
    tds.clear_faults();
    tds.deny("INV_PointofSalesDetailTAB", Some("net_amount"));
    golden.shows("no right on a column", &shop, RUN);
    tds.deny("INV_PointofSalesDetailTAB", None);
    golden.shows("no right on the table", &shop, RUN);
    golden.shows("no right on the table", &shop, CHECK);
    let tds = till(&mut shop, Encryption::Offered, PLAIN);
    tds.execute("drop table INV_PointofSalesDetailTAB");
    tds.execute("create table dbo.INV_PointOfSaleDetailTAB (InvoiceNo nvarchar(30), line_no int)");
    golden.shows("another table", &shop, RUN);
    tds.execute("drop table INV_PointOfSaleDetailTAB");
    tds.execute("create table dbo.INV_PointofSalesDetailTAB2 (InvoiceNo nvarchar(30), line_no int, updated_at datetime)");
    tds.execute("create view dbo.INV_PointofSalesDetailTAB as select * from INV_PointofSalesDetailTAB2");
    golden.shows("other columns", &shop, RUN);
    golden.compare();
}
