//! What the demo does in the Odoo it plays.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

/// Sets Odoo's clock by this machine's, but never to before its youngest record.
pub fn set_clock(odoo: &Odoo) {
    let now = DateTime::<Utc>::from(SystemTime::now()).naive_utc();
    odoo.set_now(now.max(odoo.now()));
}

/// A price goes up, and a customer is invoiced.
pub fn make(odoo: &Odoo) {
    odoo.write("product.product", &[CABINET], json!({ "list_price": 349.0 }));
    println!("  Sales: the Large Cabinet now costs 349.00 instead of 320.00.");
    let today = odoo.now().date();
    let due = today + TimeDelta::days(30);
    let (today, due) = (today.to_string(), due.to_string());
    let invoice = odoo.create("account.move", header(odoo, &today, &due));
    for line in lines(odoo, invoice, &today, &due) {
        odoo.create("account.move.line", line);
    }
    println!("  Invoicing: {NUMBER} over 802.70 is posted, two Large Cabinets for Gemini Furniture.");
}

/// A contact of whom nothing else speaks.
pub fn delete(odoo: &Odoo) {
    odoo.delete("res.partner", &[GARDNER]);
    println!("  Contacts: Theodore Gardner of Ready Mat is deleted.");
}

const GARDNER: i64 = 30;

pub const CABINET: i64 = 17;
const GEMINI: i64 = 11;
const NUMBER: &str = "INV/2026/00007";

/// The recorded invoice that the new one is made after, and its lines: goods, tax and what is to be paid.
const MODEL: i64 = 3;
const GOODS: i64 = 10;
const TAX: i64 = 29;
const PAYMENT: i64 = 42;

fn header(odoo: &Odoo, today: &str, due: &str) -> Value {
    let values = json!({
        "name": NUMBER, "display_name": NUMBER, "payment_reference": NUMBER, "partner_id": GEMINI,
        "commercial_partner_id": GEMINI, "partner_shipping_id": GEMINI,
        "invoice_partner_display_name": "Gemini Furniture", "invoice_date": today, "date": today,
        "delivery_date": today, "invoice_date_due": due, "amount_untaxed": 698.0, "amount_untaxed_signed": 698.0,
        "amount_tax": 104.7, "amount_tax_signed": 104.7, "amount_total": 802.7, "amount_total_signed": 802.7,
        "amount_total_in_currency_signed": 802.7, "amount_residual": 802.7, "amount_residual_signed": 802.7,
        "line_ids": [], "invoice_line_ids": []
    });
    copy(odoo, "account.move", MODEL, &values)
}

fn lines(odoo: &Odoo, invoice: i64, today: &str, due: &str) -> [Value; 3] {
    let line = |model, values: Value| {
        let common = json!({ "move_id": invoice, "move_name": NUMBER, "partner_id": GEMINI, "date": today,
                             "invoice_date": today, "date_maturity": false });
        copy(odoo, "account.move.line", model, &merged(common, &values))
    };
    [
        line(
            GOODS,
            json!({ "product_id": CABINET, "name": "[E-COM07] Large Cabinet", "quantity": 2.0, "price_unit": 349.0,
                    "price_subtotal": 698.0, "price_total": 802.7, "credit": 698.0, "balance": -698.0,
                    "amount_currency": -698.0 }),
        ),
        line(
            TAX,
            json!({ "credit": 104.7, "balance": -104.7, "amount_currency": -104.7, "tax_base_amount": 698.0 }),
        ),
        line(
            PAYMENT,
            json!({ "name": NUMBER, "debit": 802.7, "balance": 802.7, "amount_currency": 802.7,
                    "amount_residual": 802.7, "amount_residual_currency": 802.7, "date_maturity": due }),
        ),
    ]
}

/// A record like a recorded one, with other values: its id and times are its own.
fn copy(odoo: &Odoo, model: &str, id: i64, values: &Value) -> Value {
    let recorded = odoo.records(model).into_iter().find(|record| record["id"] == id).unwrap_or_default();
    let mut copied = merged(recorded, values);
    if let Some(copied) = copied.as_object_mut() {
        ["id", "create_date", "write_date"].iter().for_each(|own| drop(copied.remove(*own)));
    }
    copied
}

fn merged(mut record: Value, values: &Value) -> Value {
    if let (Some(record), Some(values)) = (record.as_object_mut(), values.as_object()) {
        record.extend(values.clone());
    }
    record
}
