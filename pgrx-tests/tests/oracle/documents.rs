//! Changes of invoices and their lines.

use serde_json::json;

use super::change::{Change, What};
use super::world::World;

const MOVE: &str = "account.move";
const LINE: &str = "account.move.line";

pub fn apply(world: &mut World, change: &Change) {
    match change.what {
        What::Draft => set_state(world, change, 1, "draft"),
        What::DraftMany => set_state(world, change, 14, "draft"),
        What::Post => set_state(world, change, 2, "posted"),
        What::AddLine => {
            if let Some(invoice) = world.pick(MOVE, change) {
                add_line(world, invoice, change.pick, change);
                changed_too(world, invoice, change);
            }
        }
        What::WriteLine => {
            if let Some(line) = world.pick(LINE, change) {
                let number = world.number();
                world.write(
                    LINE,
                    &[line],
                    json!({"name": format!("Line {number}"), "quantity": change.size}),
                    change,
                );
            }
        }
        _ => delete_line(world, change),
    }
}

fn set_state(world: &mut World, change: &Change, count: usize, state: &str) {
    let ids = world.ids(MOVE);
    if ids.is_empty() {
        return;
    }
    let ids: Vec<i64> =
        ids.iter().cycle().skip(change.pick % ids.len()).take(count.min(ids.len())).copied().collect();
    if state == "draft" {
        world.gone(MOVE, &ids);
    }
    world.write(MOVE, &ids, json!({ "state": state }), change);
    // The state of a line is its invoice's.
    let lines = world.lines_of(&ids);
    world.write(LINE, &lines, json!({ "parent_state": state }), change);
}

/// Adds a line to an invoice.
pub fn add_line(world: &mut World, invoice: i64, nth: usize, change: &Change) {
    let product = world.some("product.product", change.pick + nth);
    let values = json!({
        "move_id": invoice, "name": format!("Line {nth}"), "quantity": 1.0 + nth as f64, "price_unit": 2.5,
        "product_id": product, "display_type": "product",
    });
    world.create(LINE, values, change);
}

/// The header is written too only where one of its stored fields is worked out again.
fn changed_too(world: &mut World, invoice: i64, change: &Change) {
    if change.size.is_multiple_of(2) {
        world.write(MOVE, &[invoice], json!({ "amount_total": change.size }), change);
    }
}

fn delete_line(world: &mut World, change: &Change) {
    let Some(line) = world.pick(LINE, change) else { return };
    let held = world.odoo.records_with(LINE, &["move_id"]);
    let invoice = held.iter().find(|row| row["id"] == json!(line)).and_then(|row| row["move_id"].as_i64());
    world.gone(LINE, &[line]);
    world.odoo.delete(LINE, &[line]);
    if let Some(invoice) = invoice {
        changed_too(world, invoice, change);
    }
}
