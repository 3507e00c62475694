//! The till that the demo plays, and what is sold there.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::tds::{DATABASE, PASSWORD, Tds, USER};
use erp_sync_tests::till::{self, Line};
use serde_json::json;

use super::change::CABINET;
use super::variables::Variable;

/// What psql must know about the till.
pub fn variables(till: &Tds) -> Vec<Variable> {
    vec![
        Variable::open("pos_port", &till.port().to_string()),
        Variable::open("pos_database", DATABASE),
        Variable::open("pos_username", USER),
        Variable::secret("pos_password", PASSWORD),
    ]
}

const DRAWER: &str = "601647855646";
const DRAWER_CASE: &str = "601647855647";
/// Of the Large Cabinet, which has none in Odoo yet.
const NEW: &str = "2400000000174";

/// Two branches sell, and one takes back.
pub fn sell(till: &Tds) {
    let sold = [
        ("T-1001", 1, "WH", DRAWER, "2", "25", "50", false),
        ("T-1001", 2, "WH", DRAWER_CASE, "1", "20", "20", false),
        ("T-1002", 1, "WH", DRAWER, "1", "25", "25", true),
        ("C-0417", 1, "CHIC1", NEW, "3", "349", "1047", false),
    ];
    let day = (DateTime::<Utc>::from(SystemTime::now()) - TimeDelta::days(1)).date_naive();
    let sold_at = format!("{day}T16:20:00");
    for (invoice, line, branch, barcode, quantity, price, net, is_return) in sold {
        let sold_at = sold_at.as_str();
        till::sell(till, &Line { invoice, line, branch, barcode, quantity, price, net, sold_at, is_return });
    }
}

/// The product that a sale waits for becomes known.
pub fn give_barcode(odoo: &Odoo) {
    odoo.write("product.product", &[CABINET], json!({ "barcode": NEW }));
    println!("  Inventory: the Large Cabinet gets the barcode that is on its label, {NEW}.");
}
