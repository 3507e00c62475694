//! The till: lines that are sold, changed, taken back, and committed late.

use std::collections::BTreeSet;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta};
use erp_sync_tests::tds::{Session, SqlError, Tds};
use erp_sync_tests::till;

use super::change::{Change, What};

/// A till's database.
pub struct Till {
    pub tds: Tds,
    cursor: &'static str,
    /// A transaction that is not committed yet.
    open: Option<Session>,
    sold: usize,
    /// Lines that were changed without a word.
    pub unmarked: BTreeSet<(String, i64)>,
    /// Lines that were gone at some time.
    pub ever_gone: BTreeSet<(String, i64)>,
}

const BRANCHES: [&str; 4] = ["WH", "CHIC1", "B7", "WH"];
const BARCODES: [&str; 5] = ["P-1", "P-2", "P-3", "601647855646", "no such"];

impl Till {
    /// A till with some lines, whose changes are told by this column.
    pub fn open(cursor: &'static str) -> Till {
        let tds = Tds::start();
        let more = if cursor == "changed" { "changed rowversion, primary key" } else { "primary key" };
        tds.execute(&till::TABLE.replace("primary key", more));
        let mut till =
            Till { tds, cursor, open: None, sold: 0, unmarked: BTreeSet::new(), ever_gone: BTreeSet::new() };
        till.apply(&Change { what: What::SellMany, pick: 3, size: 30, late: 0 });
        till
    }

    pub fn apply(&mut self, change: &Change) {
        match change.what {
            What::Sell => self.sell(change, 1 + change.size % 3),
            What::SellMany => self.sell(change, 10 + change.size),
            What::Resell => self.update(change, true),
            What::SellSilently => self.update(change, false),
            What::Unsell => self.delete(change),
            What::BeginSale => self.begin(change),
            What::CutLines => self.tds.kill_connections(),
            What::RefuseLogins => {
                self.tds.refuse(Some(SqlError::new(18456, 14, "Login failed for user 'reader'.")));
            }
            What::CommitSale => self.end("commit"),
            _ => self.end("rollback"),
        }
    }

    /// Keys of the lines that are committed.
    pub fn keys(&self) -> Vec<(String, i64)> {
        let rows = self.tds.query("select invoice_no, line_no from INV_PointofSalesDetailTAB");
        rows.iter().map(|row| (row[0].text(), row[1].text().parse().expect("a number"))).collect()
    }

    fn sell(&mut self, change: &Change, lines: usize) {
        let sql: Vec<String> = (0..lines).map(|nth| self.sale(change, nth)).collect();
        sql.iter().for_each(|sql| self.tds.execute(sql));
    }

    fn sale(&mut self, change: &Change, nth: usize) -> String {
        self.sold += 1;
        let (invoice, line, at) = (self.sold / 3, self.sold % 3, moment(change.late));
        let (branch, barcode) = (BRANCHES[(change.pick + nth) % 4], BARCODES[(change.pick / 5 + nth) % 5]);
        let quantity = (change.size + nth) as i64 % 7 - 2;
        format!(
            "insert into INV_PointofSalesDetailTAB (invoice_no, line_no, branch_code, barcode, quantity, unit_price,
               net_amount, sale_date, is_return, remarks, updated_at)
             values (N'B-{invoice:04}', {line}, N'{branch}', N'{barcode}', {quantity}, 12.5, 25.0,
               '2026-11-20T18:30:00', {}, null, '{at}')",
            u8::from(nth % 5 == 4)
        )
    }

    fn update(&mut self, change: &Change, is_marked: bool) {
        let keys = self.keys();
        let Some(key) = keys.get(change.pick % keys.len().max(1)) else { return };
        self.tds.execute(&resale(key, change, is_marked));
        if !is_marked && self.cursor == "updated_at" {
            self.unmarked.insert(key.clone());
        }
    }

    fn delete(&mut self, change: &Change) {
        let keys = self.keys();
        let Some((invoice, line)) = keys.get(change.pick % keys.len().max(1)) else { return };
        self.tds.execute(&format!(
            "delete from INV_PointofSalesDetailTAB where invoice_no = N'{invoice}' and line_no = {line}"
        ));
        self.ever_gone.insert((invoice.clone(), *line));
    }

    /// A transaction begins that sells a line and changes another.
    fn begin(&mut self, change: &Change) {
        self.end("commit");
        let sale = self.sale(change, 0);
        let mut session = self.tds.session();
        session.execute("begin tran");
        session.execute(&sale);
        if let Some(key) = self.keys().get(change.size) {
            session.execute(&resale(key, change, true));
        }
        self.open = Some(session);
    }

    fn end(&mut self, how: &str) {
        if let Some(mut session) = self.open.take() {
            session.execute(how);
        }
    }

    /// Nothing is left open, and nothing goes wrong any more.
    pub fn settle(&mut self) {
        self.end("commit");
        self.tds.clear_faults();
        self.tds.refuse(None);
    }
}

/// Now and then with a price that is no price.
fn resale((invoice, line): &(String, i64), change: &Change, is_marked: bool) -> String {
    let marked = if is_marked { format!(", updated_at = '{}'", moment(change.late)) } else { String::new() };
    let price = if change.size.is_multiple_of(11) { "-1" } else { "3.25" };
    let (quantity, barcode) = (change.size as i64 - 5, BARCODES[change.pick % 5]);
    format!(
        "update INV_PointofSalesDetailTAB set quantity = {quantity}, barcode = N'{barcode}', unit_price = {price},
           remarks = N'again {}'{marked} where invoice_no = N'{invoice}' and line_no = {line}",
        change.pick
    )
}

/// So many seconds ago, as Transact-SQL writes it.
fn moment(seconds_ago: i64) -> String {
    // What is left of the overlap: the clock runs on while a transaction is open.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = DateTime::from_timestamp(now.as_secs() as i64, now.subsec_nanos()).expect("a moment of today");
    let at = now - TimeDelta::seconds(seconds_ago.min(590));
    at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
