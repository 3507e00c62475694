//! The recorded company: its models, rows and users.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::clock::Clock;
use super::face::Face;
use super::fault::RpcFault;
use super::field::{Field, Kind};
use super::models;
use super::recording::recorded;
use super::user::{self, User};

/// A record: its values by field, NULLs left out.
pub(super) type Row = Map<String, Value>;

/// Everything behind the server.
pub(super) struct Company {
    pub(super) models: BTreeMap<String, Model>,
    pub(super) users: Vec<User>,
    pub(super) clock: Clock,
    pub(super) face: Face,
    /// The languages that are installed beside English.
    pub(super) languages: BTreeSet<String>,
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
    /// Values that a further company has of its own, by company and id; those of the first are in the row.
    pub(super) by_company: BTreeMap<(i64, i64), Row>,
    /// Translated texts by language and id; the English ones are in the row.
    pub(super) by_language: BTreeMap<(String, i64), Row>,
}

impl Company {
    pub(super) fn new(face: Face) -> Self {
        Self {
            models: recorded(face).into_iter().chain([models::of_models(), models::of_languages()]).collect(),
            users: user::recorded(face),
            clock: Clock::new(face),
            face,
            languages: face.languages(),
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
