//! A till: the SQL Server double with the table of point-of-sale lines that `sales` reads.

use crate::shop::Shop;
use crate::tds::{DATABASE, PASSWORD, Tds, USER, Value};

/// The table under its usual name.
pub const TABLE: &str = "
create table dbo.INV_PointofSalesDetailTAB (
  invoice_no nvarchar(30) not null, line_no int not null, branch_code nvarchar(20), barcode nvarchar(40),
  quantity decimal(18,3), unit_price money, net_amount money, sale_date datetime, is_return bit,
  remarks nvarchar(max), updated_at datetime2(7), primary key (invoice_no, line_no))";

/// 2026-01-01, in units of 100 ns since 0001-01-01.
const NEW_YEAR: i64 = 739_616 * 864_000_000_000;

/// A till's database with its table, and the server of that name that reads it.
pub fn open(shop: &mut Shop<'_>, name: &str) -> Tds {
    let tds = Tds::start();
    tds.execute(TABLE);
    connect(shop, name, &tds);
    tds
}

/// The server of that name that reads a database.
pub fn connect(shop: &mut Shop<'_>, name: &str, tds: &Tds) {
    let quoted = PASSWORD.replace('\'', "''");
    shop.run(&format!(
        "create server {name} foreign data wrapper sqlserver options
           (host '127.0.0.1', port '{}', database '{DATABASE}', encrypt 'plaintext');
         create user mapping for current_user server {name} options (username '{USER}', password '{quoted}')",
        tds.port()
    ));
}

/// A line of a busy year, in the order of its table: three lines an invoice, ten seconds apart, every
/// hundredth taken back, every thousandth of a product that nobody knows.
pub fn line(at: i64) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.into());
    let sold = Value::Moment(NEW_YEAR + at * 100_000_000);
    let known = ["601647855646", "601647855647"][(at % 2) as usize];
    vec![
        Value::Text(format!("B-{:08}", at / 3)),
        Value::Int(at % 3 + 1),
        text(["WH", "CHIC1"][(at / 7 % 2) as usize]),
        text(if at % 1000 == 999 { "no such product" } else { known }),
        Value::Decimal(i128::from(at % 9 + 1) * 500, 3),
        Value::Decimal(125_000, 4),
        Value::Decimal(250_000 + i128::from(at % 100), 4),
        sold.clone(),
        Value::Bit(at % 100 == 0),
        if at % 10 == 0 { text("paid by card, receipt by mail") } else { Value::Null },
        sold,
    ]
}
