//! One term of a domain: which field it asks, through which path, and which ids it leaves possible.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::clock;
use super::company::{Company, Model, Row};
use super::condition::Condition;
use super::fault::{RpcFault, quoted, repr_leaf};
use super::field::{Field, Kind};
use super::relation::{family, targets};

/// A term as it stands in a domain, with the operator that `!` has made of it.
pub(super) struct Term<'a> {
    pub(super) left: &'a Value,
    pub(super) operator: &'a str,
    pub(super) value: &'a Value,
    /// The term as written, for messages.
    pub(super) written: &'a Value,
}

/// A term, ready to be asked of rows.
pub(super) struct Leaf {
    name: String,
    field: Option<Field>,
    condition: Condition,
    /// Both sides are cut to whole seconds before they are compared.
    by_seconds: bool,
    /// Every id up to this one certainly does not hold.
    pub(super) id_floor: Option<i64>,
    /// The only ids that can hold.
    pub(super) ids: Option<BTreeSet<i64>>,
}

impl Leaf {
    pub(super) fn new(company: &Company, model: &Model, term: &Term) -> Result<Self, RpcFault> {
        let Some(path) = term.left.as_str() else { return term.constant() };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let Some(field) = model.fields.get(name) else {
            let written = repr_leaf(term.written);
            let what = if company.face.is_19() { "condition" } else { "leaf" };
            let message = format!("Invalid field {}.{name} in {what} {written}", model.name);
            return Err(RpcFault::value_error(message));
        };
        if !field.searchable {
            return Ok(Self::of(name, None, Condition::Always(true)));
        }
        let (operator, value) = match term.through(company, field, name, rest) {
            Some((operator, domain)) => (operator, targets(company, model, field, &domain)?),
            None => (term.operator, term.value.clone()),
        };
        let by_seconds = company.face.is_19() && field.kind == Kind::Datetime;
        let value = if by_seconds { cut(value)? } else { value };
        let mut leaf = Self::of(name, Some(field.clone()), Condition::new(field, operator, &value)?);
        leaf.by_seconds = by_seconds;
        if name == "id" {
            leaf.id_floor = floor(operator, &value);
            leaf.ids = listed(operator, &value);
        }
        Ok(leaf)
    }

    fn of(name: &str, field: Option<Field>, condition: Condition) -> Self {
        Self { name: name.to_owned(), field, condition, by_seconds: false, id_floor: None, ids: None }
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        match (row.get(&self.name), self.by_seconds) {
            (Some(Value::String(moment)), true) => {
                let whole = Value::String(whole(moment));
                self.condition.holds(self.field.as_ref(), Some(&whole))
            }
            (value, _) => self.condition.holds(self.field.as_ref(), value),
        }
    }
}

impl Term<'_> {
    /// What the term asks of the model that the field points to: `in` or `not in` the records of a domain.
    fn through(
        &self,
        company: &Company,
        field: &Field,
        name: &str,
        rest: Option<&str>,
    ) -> Option<(&'static str, Value)> {
        let (operator, value) = (self.operator, self.value);
        let by_name = field.kind == Kind::Many2one && (value.is_string() || operator.contains("like"));
        match (rest, operator) {
            (Some(rest), _) => Some(("in", json!([[rest, operator, value]]))),
            (None, "!=" | "not like" | "not ilike") if by_name => {
                let positive = operator.strip_prefix("not ").unwrap_or("=");
                Some(("not in", json!([["name", positive, value]])))
            }
            (None, _) if by_name => Some(("in", json!([["name", operator, value]]))),
            (None, "any") => Some(("in", value.clone())),
            (None, "not any") => Some(("not in", value.clone())),
            (None, "child_of" | "parent_of") => Some(("in", family(company, field, name, operator, value))),
            _ => None,
        }
    }

    /// `(1, '=', 1)` is every row, `(0, '=', 1)` none.
    fn constant(&self) -> Result<Leaf, RpcFault> {
        let answer = match (self.left.as_i64(), self.operator, self.value.as_i64()) {
            (Some(1), "=", Some(1)) | (Some(0), "!=", Some(1)) => true,
            (Some(0), "=", Some(1)) | (Some(1), "!=", Some(1)) => false,
            _ => return Err(RpcFault::value_error(format!("Invalid leaf {}", repr_leaf(self.written)))),
        };
        Ok(Leaf::of("", None, Condition::Always(answer)))
    }
}

/// A kept datetime without its fraction.
fn whole(moment: &str) -> String {
    format!("{}.000000", moment.get(..19).unwrap_or(moment))
}

/// The moment a domain names, as 19 reads it: no zone, no fraction.
fn cut(value: Value) -> Result<Value, RpcFault> {
    match value {
        Value::String(text) if text.ends_with('Z') || text.contains('+') => {
            let message = format!("expecting only datetimes with no timezone: {}", quoted(&text));
            Err(RpcFault::value_error(message))
        }
        Value::String(text) if clock::parse(&text).is_none() => {
            let term = text.split_whitespace().next().unwrap_or_default();
            let message = format!("Invalid term {} in expression date: {}", quoted(term), quoted(&text));
            Err(RpcFault::value_error(message))
        }
        Value::String(text) => Ok(Value::String(text.split('.').next().unwrap_or_default().to_owned())),
        Value::Array(items) => Ok(Value::Array(items.into_iter().map(cut).collect::<Result<_, _>>()?)),
        other => Ok(other),
    }
}

fn floor(operator: &str, value: &Value) -> Option<i64> {
    match operator {
        ">" => value.as_i64(),
        ">=" => value.as_i64().map(|id| id.saturating_sub(1)),
        _ => None,
    }
}

fn listed(operator: &str, value: &Value) -> Option<BTreeSet<i64>> {
    match (operator, value) {
        ("=" | "in", Value::Array(items)) => Some(items.iter().filter_map(Value::as_i64).collect()),
        ("=" | "in", Value::Number(id)) => id.as_i64().map(|id| BTreeSet::from([id])),
        _ => None,
    }
}
