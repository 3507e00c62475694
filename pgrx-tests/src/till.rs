//! A till: a SQL Server that holds the table of sales as the shipped entity `sales` reads it.

use crate::shop::Shop;
use crate::tds::{DATABASE, PASSWORD, Tds, USER, Value};

/// The table, under the shipped names.
pub const TABLE: &str = "
create table dbo.INV_PointofSalesDetailTAB (
  invoice_no nvarchar(30) not null, line_no int not null, branch_code nvarchar(20), barcode nvarchar(40),
  quantity decimal(18,3), unit_price money, net_amount money, sale_date datetime, is_return bit,
  remarks nvarchar(max), updated_at datetime2(7) not null, primary key (invoice_no, line_no))";

/// 2026-01-01, in units of 100 ns since 0001-01-01.
const NEW_YEAR: i64 = 739_616 * 864_000_000_000;

/// A line of a till's invoice.
pub struct Line<'a> {
    /// Number of the invoice.
    pub invoice: &'a str,
    /// Place on it.
    pub line: u32,
    /// Code of the branch.
    pub branch: &'a str,
    /// What was scanned.
    pub barcode: &'a str,
    /// How many, as Transact-SQL writes it.
    pub quantity: &'a str,
    /// Price of one, likewise.
    pub price: &'a str,
    /// Price of the line.
    pub net: &'a str,
    /// When: `2026-11-20T18:30:00`.
    pub sold_at: &'a str,
    /// Whether it was taken back.
    pub is_return: bool,
}

/// A double with the table in it, empty.
pub fn start() -> Tds {
    let tds = Tds::start();
    tds.execute(TABLE);
    tds.execute("create index by_change on INV_PointofSalesDetailTAB (updated_at)");
    tds
}

/// Sells, or takes back.
pub fn sell(tds: &Tds, line: &Line<'_>) {
    let Line { invoice, line, branch, barcode, quantity, price, net, sold_at, is_return } = *line;
    tds.execute(&format!(
        "insert into INV_PointofSalesDetailTAB (invoice_no, line_no, branch_code, barcode, quantity, unit_price,
           net_amount, sale_date, is_return, remarks, updated_at)
         values (N'{invoice}', {line}, N'{branch}', N'{barcode}', {quantity}, {price},
           {net}, '{sold_at}', {}, null, sysutcdatetime())",
        u8::from(is_return)
    ));
}

/// A till's database with its table, and the server of that name that reads it.
pub fn open(shop: &mut Shop<'_>, name: &str) -> Tds {
    let tds = start();
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
pub fn made_up(at: i64) -> Vec<Value> {
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
