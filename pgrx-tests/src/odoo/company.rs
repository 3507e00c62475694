//! The recorded company: its models, rows and users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::clock::{self, Clock};
use super::face::Face;
use super::fault::RpcFault;
use super::field::{Field, Kind};
use super::models;
use super::user::{self, User};

/// A record: its values by field, NULLs left out.
pub(super) type Row = Map<String, Value>;

/// Everything behind the server.
pub(super) struct Company {
    pub(super) models: BTreeMap<String, Model>,
    pub(super) users: Vec<User>,
    pub(super) clock: Clock,
    pub(super) face: Face,
    /// PostgreSQL does not answer.
    pub(super) is_down: bool,
    /// The server offers further databases, so that requests must name this one.
    pub(super) is_one_of_many: bool,
}

/// One model with its rows by id.
#[derive(Clone)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// The name people see, as error messages quote it.
    pub(super) label: &'static str,
    /// Odoo's `_order`: what a search without an order gets.
    pub(super) order: &'static str,
    pub(super) fields: BTreeMap<String, Field>,
    pub(super) rows: BTreeMap<i64, Row>,
    /// Ids are never used again.
    pub(super) last_id: i64,
    /// Fields that the recording has values for.
    pub(super) recorded: BTreeSet<String>,
    /// Rows that no search shows, as a record rule does it: silently.
    pub(super) hidden: BTreeSet<i64>,
    /// Rows that make every read of them fail.
    pub(super) poisoned: BTreeMap<i64, RpcFault>,
}

struct Recorded {
    name: &'static str,
    label: &'static str,
    order: &'static str,
    fields: &'static str,
    records: &'static str,
}

macro_rules! recorded {
    ($name:literal, $label:literal, $order:literal) => {
        Recorded {
            name: $name,
            label: $label,
            order: $order,
            fields: include_str!(concat!("../../fixtures/odoo17/", $name, ".fields.json")),
            records: include_str!(concat!("../../fixtures/odoo17/", $name, ".records.json")),
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
    recorded!("ir.module.module", "Module", "name"),
];

static MODELS: LazyLock<BTreeMap<String, Model>> =
    LazyLock::new(|| RECORDED.iter().map(|model| (model.name.to_owned(), Model::new(model))).collect());

impl Company {
    pub(super) fn new(face: Face) -> Self {
        Self {
            models: MODELS.clone().into_iter().chain([models::of_models()]).collect(),
            users: user::recorded(face),
            clock: Clock::new(),
            face,
            is_down: false,
            is_one_of_many: false,
        }
    }

    pub(super) fn model(&self, name: &str) -> Result<&Model, RpcFault> {
        self.models.get(name).ok_or_else(|| RpcFault::no_model(name))
    }

    /// The name of a many2one's target: the current one where the double holds the target, else the recorded one.
    pub(super) fn name_of(&self, relation: Option<&str>, value: &Value) -> Option<String> {
        let pair = value.as_array()?;
        let id = pair.first()?.as_i64()?;
        let current = relation.and_then(|model| self.models.get(model)?.rows.get(&id)?.get("display_name"));
        let name = current.or_else(|| pair.get(1)).and_then(Value::as_str).map(str::to_owned);
        name.or_else(|| Some(format!("{},{id}", relation.unwrap_or_default())))
    }
}

impl Model {
    fn new(from: &Recorded) -> Self {
        let fields: BTreeMap<String, Map<String, Value>> = parse(from.name, from.fields);
        let fields = fields.into_iter().map(|(name, about)| (name, Field::new(about))).collect();
        let records: Vec<Row> = parse(from.name, from.records);
        let recorded = records.iter().flat_map(|row| row.keys().cloned()).collect();
        let mut model = Self {
            name: from.name,
            label: from.label,
            order: from.order,
            fields,
            rows: BTreeMap::new(),
            last_id: 0,
            recorded,
            hidden: BTreeSet::new(),
            poisoned: BTreeMap::new(),
        };
        for mut record in records {
            for stamp in ["create_date", "write_date"] {
                let exact = record.get(stamp).and_then(Value::as_str).and_then(clock::with_microseconds);
                record.extend(exact.map(|exact| (stamp.to_owned(), Value::String(exact))));
            }
            let id = record.get("id").and_then(Value::as_i64).unwrap_or_default();
            model.put(id, &record);
        }
        model
    }

    /// Adds a record or overwrites the given values of one.
    ///
    /// # Panics
    /// When a value is for a field that the model does not have: the test is wrong.
    pub(super) fn put(&mut self, id: i64, values: &Row) {
        let row = self.rows.entry(id).or_default();
        row.insert("id".to_owned(), Value::from(id));
        for (name, value) in values.iter().filter(|(name, _)| *name != "id") {
            let field = self.fields.get(name);
            let field = field.unwrap_or_else(|| panic!("model {} has no field {name:?}", self.name));
            match field.kept(value) {
                Some(value) => row.insert(name.clone(), value),
                None => row.remove(name),
            };
        }
        self.last_id = self.last_id.max(id);
    }

    /// Whether searches leave out archived rows of this model.
    pub(super) fn has_active(&self) -> bool {
        self.fields.get("active").is_some_and(|field| field.kind == Kind::Boolean)
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("the recording of {name}: {error}"))
}
