//! The model of models, and models that are no part of the recording: a module that a test installs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Odoo;
use super::company::Model;
use super::fault::RpcFault;
use super::field::Field;
use super::query::Query;
use super::reply::Reply;

/// `ir.model`, of which only the list for users matters: its records are the models themselves.
pub(super) fn of_models() -> (String, Model) {
    let fields = json!({"model": {"type": "char", "string": "Model", "store": true}});
    ("ir.model".to_owned(), model("ir.model", "Models", &fields))
}

/// `res.lang`, of which only the list of active languages matters.
pub(super) fn of_languages() -> (String, Model) {
    let fields = json!({"code": {"type": "char", "string": "Locale Code", "store": true}});
    ("res.lang".to_owned(), model("res.lang", "Languages", &fields))
}

/// The fields every model has.
fn standard() -> Value {
    json!({
        "id": {"type": "integer", "string": "ID", "store": true},
        "create_date": {"type": "datetime", "string": "Created on", "store": true},
        "write_date": {"type": "datetime", "string": "Last Updated on", "store": true},
        "display_name": {"type": "char", "string": "Display Name", "store": false, "searchable": false},
    })
}

fn model(name: &str, label: &str, fields: &Value) -> Model {
    let (standard, own) = (standard(), fields.as_object().cloned().unwrap_or_default());
    let all = standard.as_object().cloned().into_iter().flatten().chain(own);
    let fields: BTreeMap<String, Field> = all.map(|(name, about)| (name, field(&about))).collect();
    Model {
        // A test installs a handful.
        name: name.to_owned().leak(),
        label: label.to_owned().leak(),
        order: "id",
        recorded: fields.keys().cloned().collect(),
        fields,
        rows: BTreeMap::new(),
        last_id: 0,
        hidden: BTreeSet::new(),
        poisoned: BTreeMap::new(),
        by_company: BTreeMap::new(),
        by_language: BTreeMap::new(),
    }
}

fn field(about: &Value) -> Field {
    Field::new(about.as_object().cloned().unwrap_or_else(Map::new))
}

impl Query<'_> {
    /// The models that the user may read, as `ir.model.get_available_models` gives them from 16 on
    /// (`odoo/addons/base/models/ir_model.py`): no rights on `ir.model` itself are needed.
    pub(super) fn available_models(&self) -> Result<Reply, RpcFault> {
        if self.model.name != "ir.model" {
            return Err(RpcFault::no_method(self.company.face, self.model.name, "get_available_models"));
        }
        let readable = self.company.models.values().filter(|model| self.user.may("read", model.name));
        let member = |model: &Model| {
            Reply::Struct(vec![
                ("display_name".to_owned(), Reply::text(model.label)),
                ("model".to_owned(), Reply::text(model.name)),
            ])
        };
        Ok(Reply::List(readable.map(member).collect()))
    }
}

impl Odoo {
    /// Installs what brings a model; `fields` as `fields_get` describes them, beside those every model has.
    pub fn install(&self, name: &str, label: &str, fields: Value) {
        self.company().models.insert(name.to_owned(), model(name, label, &fields));
    }

    /// Adds a custom field to a model.
    pub fn add_field(&self, name: &str, field_name: &str, about: Value) {
        let mut company = self.company();
        let model = company.models.get_mut(name).unwrap_or_else(|| panic!("the double has no model {name}"));
        model.fields.insert(field_name.to_owned(), field(&about));
        model.recorded.insert(field_name.to_owned());
    }
}
