//! What was recorded of each version: the models, their fields and their records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::clock;
use super::company::{Model, Row};
use super::face::Face;
use super::field::Field;
use super::renamed::as_19;

/// A model of the recordings. Of 19 there are no records: it gets those of 18 under its own names.
struct Recorded {
    name: &'static str,
    label: &'static str,
    order: &'static str,
    /// As 17, 18 and 19 describe them.
    fields: [&'static str; 3],
    /// Of 17 and 18.
    records: [&'static str; 2],
}

macro_rules! file {
    ($version:literal, $name:literal, $what:literal) => {
        include_str!(concat!("../../fixtures/odoo", $version, "/", $name, ".", $what, ".json"))
    };
}

macro_rules! recorded {
    ($name:literal, $label:literal, $order:literal) => {
        Recorded {
            name: $name,
            label: $label,
            order: $order,
            fields: [
                file!("17", $name, "fields"),
                file!("18", $name, "fields"),
                file!("19", $name, "fields"),
            ],
            records: [file!("17", $name, "records"), file!("18", $name, "records")],
        }
    };
}

/// The models of the recording; their order does not matter.
const RECORDED: &[Recorded] = &[
    recorded!("product.category", "Product Category", "complete_name"),
    recorded!("product.product", "Product Variant", "priority desc, default_code, name, id"),
    recorded!("res.partner", "Contact", "complete_name asc, id desc"),
    recorded!("account.move", "Journal Entry", "date desc, name desc, invoice_date desc, id desc"),
    recorded!("account.move.line", "Journal Item", "date desc, move_name desc, id"),
    recorded!("uom.uom", "Product Unit of Measure", "factor desc, id"),
    recorded!("res.currency", "Currency", "active desc, name"),
    recorded!("res.company", "Companies", "sequence, name"),
    recorded!("stock.warehouse", "Warehouse", "sequence, id"),
    recorded!("stock.location", "Inventory Locations", "complete_name, id"),
    recorded!("stock.picking.type", "Picking Type", "sequence, id"),
    recorded!("stock.warehouse.orderpoint", "Minimum Inventory Rule", "location_id, company_id, id"),
    recorded!("hr.department", "Department", "name"),
    recorded!("hr.employee", "Employee", "name"),
    recorded!("sale.order", "Sales Order", "date_order desc, id desc"),
    recorded!("sale.order.line", "Sales Order Line", "order_id, sequence, id"),
    recorded!("purchase.order", "Purchase Order", "priority desc, id desc"),
    recorded!("purchase.order.line", "Purchase Order Line", "order_id, sequence, id"),
    recorded!("stock.picking", "Transfer", "priority desc, scheduled_date asc, id desc"),
    recorded!("stock.move", "Stock Move", "sequence, id"),
    recorded!("stock.scrap", "Scrap", "id desc"),
    recorded!("stock.quant", "Quants", "id"),
    recorded!("mrp.production", "Manufacturing Order", "priority desc, date_start asc, id"),
    recorded!("ir.module.module", "Module", "name"),
    recorded!("res.users", "User", "name"),
    recorded!("crm.team", "Sales Team", "sequence, create_date desc, id desc"),
    recorded!("account.journal", "Journal", "sequence, type, code"),
    recorded!("account.payment.term", "Payment Terms", "sequence, id"),
    recorded!("account.fiscal.position", "Fiscal Position", "sequence"),
    recorded!("account.account", "Account", "code"),
    recorded!("account.tax", "Tax", "sequence, id"),
    recorded!("account.payment", "Payments", "date desc, name desc"),
    recorded!("res.country", "Country", "name, id"),
    recorded!("product.attribute", "Product Attribute", "sequence, id"),
    recorded!("product.attribute.value", "Attribute Value", "attribute_id, sequence, id"),
    recorded!(
        "product.template.attribute.value",
        "Product Template Attribute Value",
        "product_attribute_value_id, id"
    ),
];

static MODELS: [LazyLock<BTreeMap<String, Model>>; 3] = [
    LazyLock::new(|| models(Face(17))),
    LazyLock::new(|| models(Face(18))),
    LazyLock::new(|| models(Face(19))),
];

/// What nobody did while it was recorded and every company does, of 17 and 18: records by model.
const ADDED: [&str; 2] =
    [include_str!("../../fixtures/odoo17/added.json"), include_str!("../../fixtures/odoo18/added.json")];

/// The models of a version, as they were recorded.
pub(super) fn recorded(face: Face) -> BTreeMap<String, Model> {
    MODELS[face.place()].clone()
}

fn models(face: Face) -> BTreeMap<String, Model> {
    RECORDED.iter().map(|model| (model.name.to_owned(), model.of(face))).collect()
}

impl Recorded {
    fn of(&self, face: Face) -> Model {
        let fields = self.fields(face);
        let version = face.place().min(1);
        let mut records: Vec<Row> = parse(self.name, self.records[version]);
        records.extend(added(self.name, version));
        if face.is_19() {
            for record in &mut records {
                as_19(self.name, record);
                record.retain(|name, _| fields.contains_key(name));
            }
        }
        let mut model = Model {
            name: self.name,
            label: self.label,
            order: self.order,
            fields,
            rows: BTreeMap::new(),
            last_id: 0,
            recorded: records.iter().flat_map(|row| row.keys().cloned()).collect(),
            hidden: BTreeSet::new(),
            poisoned: BTreeMap::new(),
            by_company: BTreeMap::new(),
            by_language: BTreeMap::new(),
        };
        records.into_iter().for_each(|record| model.load(record));
        model
    }

    fn fields(&self, face: Face) -> BTreeMap<String, Field> {
        let mut fields: BTreeMap<String, Map<String, Value>> = parse(self.name, self.fields[face.place()]);
        if face.is_19() {
            let before: BTreeMap<String, Map<String, Value>> = parse(self.name, self.fields[1]);
            for (name, about) in &mut fields {
                before.get(name).into_iter().for_each(|before| inherit(about, before));
            }
        }
        fields.into_iter().map(|(name, about)| (name, Field::new(about))).collect()
    }
}

/// What is added to a model's records: further ones, and values that take the place of recorded ones.
fn added(model: &str, version: usize) -> Vec<Row> {
    let mut by_model: BTreeMap<String, Vec<Row>> = parse("what is added", ADDED[version]);
    by_model.remove(model).unwrap_or_default()
}

/// Traits were not recorded of 19: a field has those it had in 18, and for what depends on where it is kept, only
/// if it is still kept the same way.
fn inherit(about: &mut Map<String, Value>, before: &Map<String, Value>) {
    let of_place = ["searchable", "sortable", "related"];
    let same_place = about.get("store") == before.get("store");
    for (name, value) in before {
        let is_trait = ["groups", "company_dependent", "translate"].contains(&name.as_str());
        if is_trait || same_place && of_place.contains(&name.as_str()) {
            about.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

impl Model {
    /// Takes a recorded row, with microseconds for its moments.
    fn load(&mut self, mut record: Row) {
        for stamp in ["create_date", "write_date"] {
            let exact = record.get(stamp).and_then(Value::as_str).and_then(clock::with_microseconds);
            record.extend(exact.map(|exact| (stamp.to_owned(), Value::String(exact))));
        }
        let id = record.get("id").and_then(Value::as_i64).unwrap_or_default();
        self.put(id, &record);
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("the recording of {name}: {error}"))
}
