//! The remotes that the kept database was made from: what is played again here leaves every record with the time of
//! change that is stored in it.

use chrono::NaiveDate;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::tds::{Tds, Value};
use erp_sync_tests::till;
use serde_json::json;

/// Contacts that came in one import: enough for several pages of ten.
pub const IMPORTED: usize = 40;

/// The Odoo, before anything was synced.
pub fn odoo() -> Odoo {
    let odoo = Odoo::start();
    odoo.install("crm.lead", "Lead", json!({"name": {"type": "char", "string": "Lead", "store": true}}));
    odoo.add_field("product.product", "x_shelf", json!({"type": "char", "string": "Shelf", "store": true}));
    at(&odoo, 10);
    odoo.create("crm.lead", json!({"name": "Desks"}));
    odoo.create("crm.lead", json!({"name": "Chairs"}));
    odoo.write("product.product", &[5], json!({"x_shelf": "A-17"}));
    odoo
}

/// The till of one branch.
pub fn north() -> Tds {
    till_with(0..24)
}

/// The till of another.
pub fn south() -> Tds {
    till_with(24..36)
}

/// Two hours after the first runs: rows were changed and deleted, and one lost what it must have.
pub fn after_two_hours(odoo: &Odoo) {
    at(odoo, 12);
    odoo.write("res.partner", &[14], json!({"city": "Ly\0on"}));
    odoo.write("res.partner", &[16], json!({"city": "Lyon"}));
    odoo.write("product.category", &[1], json!({}));
    odoo.delete("res.partner", &[30]);
    odoo.delete("account.move", &[3]);
}

/// An hour after that: a row changed once more.
pub fn after_three_hours(odoo: &Odoo) {
    at(odoo, 13);
    odoo.write("res.partner", &[16], json!({"city": "Paris"}));
}

/// Later still: a right is lost, so that many products seem to be gone; and contacts are imported.
pub fn after_four_hours(odoo: &Odoo) {
    at(odoo, 14);
    odoo.hide("product.product", &(1..60).collect::<Vec<_>>());
    odoo.import("res.partner", IMPORTED, |at| json!({"name": format!("Customer {at}")}));
}

/// Sets the clock to an hour of the day after the recording.
pub fn at(odoo: &Odoo, hour: u32) {
    let day = NaiveDate::from_ymd_opt(2026, 11, 21).and_then(|day| day.and_hms_opt(hour, 0, 0));
    odoo.set_now(day.expect("an hour"));
}

/// Lines ten minutes apart, so that a later pass meets few again, and one whose branch and product nobody knows: it
/// waits for them.
fn till_with(lines: std::ops::Range<i64>) -> Tds {
    let till = till::start();
    till.fill("INV_PointofSalesDetailTAB", lines.map(|at| till::made_up(at * 61)));
    let mut unknown = till::made_up(40 * 61);
    unknown[2] = Value::Text("NEW".into());
    unknown[3] = Value::Text("4006381333931".into());
    till.fill("INV_PointofSalesDetailTAB", [unknown]);
    till
}
