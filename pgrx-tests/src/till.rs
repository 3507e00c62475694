//! A till: a SQL Server that holds the table of sales as the shipped entity `sales` reads it.

use crate::tds::Tds;

/// The table, under the shipped names.
pub const TABLE: &str = "
create table dbo.INV_PointofSalesDetailTAB (
  invoice_no nvarchar(30) not null, line_no int not null, branch_code nvarchar(20), barcode nvarchar(40),
  quantity decimal(18,3), unit_price money, net_amount money, sale_date datetime, is_return bit,
  remarks nvarchar(max), updated_at datetime2(7), primary key (invoice_no, line_no))";

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
