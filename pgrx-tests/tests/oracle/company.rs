//! Changes of any model, and of contacts in particular.

use erp_sync_tests::odoo::{Odoo, RpcFault};
use serde_json::{Value, json};

use super::change::{Change, What};
use super::world::{Record, World};

/// How many of the recorded rows stay: a small company is read sooner.
const KEPT: &[(&str, usize)] = &[
    ("res.partner", 26),
    ("account.move", 9),
    ("product.product", 16),
    ("stock.picking", 8),
    ("stock.move", 24),
    ("stock.quant", 20),
    ("stock.location", 24),
];

/// Leaves a small company of the recorded one.
pub fn trim(odoo: &Odoo) {
    for (model, kept) in KEPT {
        let ids: Vec<i64> =
            odoo.records_with(model, &[]).iter().skip(*kept).filter_map(|row| row["id"].as_i64()).collect();
        odoo.delete(model, &ids);
    }
}

/// The fields that hold a contact.
const REFERENCES: &[(&str, &str)] = &[
    ("res.partner", "parent_id"),
    ("res.partner", "commercial_partner_id"),
    ("account.move", "partner_id"),
    ("account.move", "commercial_partner_id"),
    ("account.move", "partner_shipping_id"),
    ("account.move.line", "partner_id"),
    ("stock.picking", "partner_id"),
    ("stock.picking", "owner_id"),
    ("stock.move", "partner_id"),
    ("stock.warehouse", "partner_id"),
];

pub fn apply(world: &mut World, change: &Change) {
    match change.what {
        What::Create(model) => drop(make(world, model, change)),
        What::Import(model) => import(world, model, change),
        What::Merge => leave(world, change, true),
        What::DeleteWithReferences => leave(world, change, false),
        What::DeleteMany(model) => delete(world, model, change, 12 + change.size % 10),
        What::Delete(model) => delete(world, model, change, 1),
        What::Write(model)
        | What::Silent(model)
        | What::Archive(model)
        | What::Hide(model)
        | What::Poison(model)
        | What::Spoil(model)
        | What::FromTheFuture(model) => {
            if let Some(id) = world.pick(model, change) {
                change_one(world, (model, id), change);
            }
        }
        _ => unreachable!("{change:?} is none of these"),
    }
}

fn change_one(world: &mut World, (model, id): Record, change: &Change) {
    let values = other_values(world, model, change);
    match change.what {
        What::Write(_) => world.write(model, &[id], values, change),
        What::Silent(_) => {
            let values = world.fitting(model, values);
            world.odoo.write_silently(model, &[id], values);
            world.unmarked.insert((model, id));
        }
        What::Archive(_) => {
            world.write(model, &[id], json!({ "active": change.size.is_multiple_of(3) }), change)
        }
        What::Spoil(_) => {
            let name = if change.size.is_multiple_of(3) { json!("Mended") } else { json!(false) };
            world.write(model, &[id], json!({ "name": name }), change);
        }
        What::Hide(_) => {
            world.odoo.hide(model, &[id]);
            world.hidden.insert((model, id));
            world.gone(model, &[id]);
        }
        What::Poison(_) => {
            world.odoo.poison(model, id, RpcFault::value_error("cannot compute"));
            world.poisoned.insert((model, id));
        }
        _ => {
            world.has_future = true;
            let values = merged(values, json!({ "write_date": "2027-03-01 12:00:00" }));
            world.write(model, &[id], values, change);
        }
    }
}

fn merged(mut values: Value, more: Value) -> Value {
    if let (Some(values), Value::Object(more)) = (values.as_object_mut(), more) {
        values.extend(more);
    }
    values
}

/// Values that say something new.
fn other_values(world: &mut World, model: &str, change: &Change) -> Value {
    let number = world.number();
    let amount = change.size as f64 + 0.25 * (number % 4) as f64;
    match model {
        "res.partner" => json!({"city": format!("Town {number}"), "name": format!("Contact <{number}> é")}),
        "product.product" => json!({"list_price": amount, "default_code": format!("C-{number}")}),
        "account.move" => json!({"ref": format!("R-{number}"), "amount_total": amount}),
        "stock.move" => {
            json!({"quantity": amount, "location_id": world.some("stock.location", change.pick)})
        }
        _ => json!({"quantity": amount}),
    }
}

/// A new row of the model.
fn values(world: &mut World, model: &str, change: &Change) -> Value {
    let other = other_values(world, model, change);
    let some = |model: &str, nth: usize| world.some(model, nth);
    let own = match model {
        "res.partner" => json!({"parent_id": some(model, change.pick), "type": "contact"}),
        "product.product" => json!({
            "name": format!("Product {}", change.pick), "uom_id": some("uom.uom", change.size % 3), "type": "consu",
            "barcode": (["P-1", "P-2", "P-3", "P-4"][change.pick % 4]),
        }),
        "account.move" => json!({
            "name": format!("INV/{}", change.pick), "move_type": (["out_invoice", "in_invoice", "entry"][change.pick % 3]),
            "state": (["posted", "posted", "draft"][change.size % 3]), "partner_id": some("res.partner", change.pick),
            "invoice_date": "2026-11-20",
        }),
        "stock.move" => json!({
            "name": "moved", "state": (["done", "done", "assigned"][change.size % 3]),
            "product_id": some("product.product", change.pick), "product_uom": some("uom.uom", change.size % 3),
            "product_uom_qty": 1.0, "location_id": some("stock.location", change.pick),
            "location_dest_id": some("stock.location", change.pick / 7 + change.size),
            "date": "2026-11-20 09:00:00", "company_id": 1, "reference": "WH/TEST",
        }),
        _ => json!({
            "product_id": some("product.product", change.pick), "location_id": some("stock.location", change.pick),
            "reserved_quantity": 0.5,
        }),
    };
    merged(other, own)
}

/// Makes a row; an invoice with its lines.
fn make(world: &mut World, model: &str, change: &Change) -> i64 {
    let values = values(world, model, change);
    let id = world.create(model, values, change);
    if model == "account.move" {
        (0..change.size % 5).for_each(|nth| super::documents::add_line(world, id, nth, change));
    }
    id
}

/// Many rows with one single `write_date`.
fn import(world: &mut World, model: &'static str, change: &Change) {
    let rows: Vec<Value> = (0..change.size % 20)
        .map(|nth| {
            let values = values(world, model, &Change { pick: change.pick + nth, ..change.clone() });
            world.fitting(model, values)
        })
        .collect();
    world.odoo.import(model, rows.len(), |nth| rows[nth].clone());
}

fn delete(world: &mut World, model: &'static str, change: &Change, count: usize) {
    let ids = world.ids(model);
    let ids: Vec<i64> =
        ids.iter().cycle().skip(change.pick % ids.len().max(1)).take(count.min(ids.len())).copied().collect();
    world.gone(model, &ids);
    world.odoo.delete(model, &ids);
}

/// A contact is deleted; what referred to it refers to another, or to none, and nothing says so.
fn leave(world: &mut World, change: &Change, merged: bool) {
    let (Some(id), Some(other)) = (
        world.pick("res.partner", change),
        world.some("res.partner", change.pick + 1 + change.size).as_i64(),
    ) else {
        return;
    };
    if id == other {
        return;
    }
    for (model, field) in REFERENCES {
        let held = world.odoo.records_with(model, &[field]);
        let ids: Vec<i64> =
            held.iter().filter(|row| row[*field] == json!(id)).filter_map(|row| row["id"].as_i64()).collect();
        let to = if merged { json!(other) } else { json!(false) };
        world.odoo.write_silently(model, &ids, json!({ *field: to }));
        world.overdue.extend(ids.iter().map(|id| (*model, *id)));
        world.bent.extend(ids.iter().map(|row| ((*model, *row), id)));
    }
    world.gone("res.partner", &[id]);
    world.odoo.delete("res.partner", &[id]);
}

impl World {
    /// Rows that go, or are hidden; with an invoice its lines.
    pub fn gone(&mut self, model: &'static str, ids: &[i64]) {
        self.ever_gone.extend(ids.iter().map(|id| (model, *id)));
        if model == "account.move" {
            let lines = self.lines_of(ids);
            self.ever_gone.extend(lines.iter().map(|id| ("account.move.line", *id)));
        }
    }

    pub fn lines_of(&self, invoices: &[i64]) -> Vec<i64> {
        let lines = self.odoo.records_with("account.move.line", &["move_id"]);
        let of_these = |row: &&Value| row["move_id"].as_i64().is_some_and(|id| invoices.contains(&id));
        lines.iter().filter(of_these).filter_map(|row| row["id"].as_i64()).collect()
    }
}
