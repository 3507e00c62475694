//! A model's fields: how their values are kept, compared and shown.

use serde_json::{Map, Value};

use super::clock;
use super::reply::{Reply, is_float};

/// What matters of Odoo's field types.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Boolean,
    Integer,
    Float,
    Date,
    Datetime,
    Many2one,
    Many,
    Other,
}

/// A field as `fields_get` describes it, with the traits that decide what a domain or an order may do.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) relation: Option<String>,
    pub(super) searchable: bool,
    pub(super) sortable: bool,
    pub(super) company_dependent: bool,
    pub(super) translated: bool,
    pub(super) groups: Option<String>,
    about: Map<String, Value>,
}

impl Field {
    pub(super) fn new(about: Map<String, Value>) -> Self {
        let text = |name| about.get(name).and_then(Value::as_str);
        let flag = |name, default| about.get(name).and_then(Value::as_bool).unwrap_or(default);
        Self {
            kind: kind(text("type").unwrap_or_default()),
            relation: text("relation").map(str::to_owned),
            searchable: flag("searchable", true),
            sortable: flag("sortable", true),
            company_dependent: flag("company_dependent", false),
            translated: about.get("translate").is_some_and(|how| *how != Value::Bool(false)),
            groups: text("groups").map(str::to_owned),
            about,
        }
    }

    /// One entry of `fields_get`; attributes that do not apply are left out.
    pub(super) fn described(&self, attributes: Option<&[&str]>) -> Reply {
        let mut about = self.about.clone();
        for (name, default) in
            [("searchable", true), ("sortable", true), ("company_dependent", false), ("translate", false)]
        {
            about.entry(name).or_insert(Value::Bool(default));
        }
        about.retain(|name, _| attributes.is_none_or(|wanted| wanted.contains(&name.as_str())));
        Reply::from(&Value::Object(about))
    }

    /// The value as it is kept; `None` is NULL.
    pub(super) fn kept(&self, value: &Value) -> Option<Value> {
        match (self.kind, value) {
            (_, Value::Null) => None,
            (Kind::Boolean, _) => Some(value.clone()),
            (_, Value::Bool(false)) => None,
            (Kind::Float, Value::Number(number)) if !is_float(&number.to_string()) => {
                serde_json::from_str(&format!("{number}.0")).ok()
            }
            (Kind::Datetime, Value::String(text)) => {
                Some(Value::String(clock::parse(text).map_or_else(|| text.clone(), clock::kept)))
            }
            (Kind::Many2one, Value::Number(_)) => Some(Value::Array(vec![value.clone()])),
            _ => Some(value.clone()),
        }
    }

    /// The value as RPC shows it, many2one as its bare id: NULL is `false`, but 0 for numbers and a list for lists.
    pub(super) fn shown(&self, value: Option<&Value>) -> Reply {
        match (self.kind, value) {
            (Kind::Integer, None) => Reply::int(0),
            (Kind::Float, None) => Reply::Number("0.0".to_owned()),
            (Kind::Many, None) => Reply::List(Vec::new()),
            (_, None) => Reply::Bool(false),
            (Kind::Datetime, Some(Value::String(text))) => Reply::text(text.get(..19).unwrap_or(text)),
            (Kind::Integer, Some(Value::Number(number))) => Reply::Number(integer(&number.to_string())),
            // No JSON value: a test writes the word that Python's JSON has for it.
            (Kind::Float, Some(Value::String(word))) => Reply::Number(word.clone()),
            (Kind::Many2one, Some(Value::Array(pair))) => {
                pair.first().map_or(Reply::Bool(false), Reply::from)
            }
            (_, Some(value)) => Reply::from(value),
        }
    }

    /// What a domain or an order compares; `None` is NULL.
    pub(super) fn key(&self, value: Option<&Value>) -> Option<Key> {
        match (self.kind, value?) {
            (Kind::Many2one, Value::Array(pair)) => Key::of(pair.first()?),
            (_, value) => Key::of(value),
        }
    }
}

/// XML-RPC's integers have 32 bits, so Odoo sends larger ones as floats, on both protocols.
fn integer(text: &str) -> String {
    match text.parse::<i64>() {
        Ok(number) if number > i64::from(i32::MAX) => format!("{number}.0"),
        _ => text.to_owned(),
    }
}

fn kind(name: &str) -> Kind {
    match name {
        "char" | "text" | "html" | "selection" | "reference" => Kind::Text,
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "float" | "monetary" => Kind::Float,
        "date" => Kind::Date,
        "datetime" => Kind::Datetime,
        "many2one" => Kind::Many2one,
        "one2many" | "many2many" => Kind::Many,
        _ => Kind::Other,
    }
}

/// A comparable value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Bool(bool),
    /// The bits of an `f64`, turned so that their order is the numbers' order.
    Number(u64),
    Text(String),
}

impl Key {
    /// `None` for what compares with nothing.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::Number(number) => number.as_f64().map(Self::number),
            Value::String(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    pub(super) fn number(number: f64) -> Self {
        let bits = (number + 0.0).to_bits();
        Self::Number(if bits >> 63 == 1 { !bits } else { bits | (1 << 63) })
    }
}
