//! Tests that look at entities as a whole.

use super::{Entity, parse};

mod ddl;
mod define;
mod derive;
mod manifest;
mod named;
mod readme;
mod settings;
mod statement;
mod tsql;
mod view;

/// A header with every type and its lines.
const SHOP: &str = r#"{
  "name": "bills", "about": "Bills of the shop", "source": "odoo", "streams": [
    {"table": "bills", "about": "The shop's bills", "object": "bill", "key": ["id"],
      "keep": {"column": "state", "values": ["posted"]}, "refers": {"partner_id": "contacts"},
      "indexes": [["partner_id", "day"]],
      "columns": [
        {"name": "id", "type": "bigint", "about": "Key"},
        {"name": "state", "type": "text", "about": "State"},
        {"name": "partner_id", "type": "bigint", "about": "Customer"},
        {"name": "price", "type": "numeric", "about": "Price", "scale": 6},
        {"name": "amount", "type": "numeric", "about": "Amount"},
        {"name": "day", "type": "date", "about": "Day"},
        {"name": "open", "type": "boolean", "about": "Whether it is open"},
        {"name": "tax_ids", "type": "bigint[]", "about": "Taxes"}]},
    {"table": "bill_lines", "about": "Lines", "object": "line", "key": ["id"],
      "parent": {"table": "bills", "column": "bill_id"},
      "columns": [
        {"name": "id", "type": "bigint", "about": "Key"},
        {"name": "bill_id", "type": "bigint", "about": "Bill", "required": true}]}]}"#;

/// A till, told apart by two columns of which one is no whole number.
const TILL: &str = r#"{
  "name": "tills", "about": "Tills", "source": "sqlserver", "streams": [
    {"table": "tills", "about": "Tills", "object": "TILL", "key": ["day", "no"], "columns": [
      {"name": "day", "type": "date", "about": "Day"},
      {"name": "no", "type": "bigint", "about": "Number"},
      {"name": "total", "type": "numeric", "about": "Total", "scale": 2}]}]}"#;

fn entity(json: &str) -> Entity {
    parse(json).expect("a valid manifest")
}
