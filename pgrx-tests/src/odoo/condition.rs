//! What a term asks of a value, with the treatment of NULL that Odoo 17 gives each operator in SQL.

use std::collections::HashSet;

use serde_json::Value;

use super::bound::bound;
use super::fault::RpcFault;
use super::field::{Field, Key, Kind};
use super::like::Pattern;

/// A condition on one field's value.
pub(super) enum Condition {
    /// The answer for every row: `(1, '=', 1)`, and any term on a field that cannot be searched.
    Always(bool),
    Null {
        wanted: bool,
    },
    Compare {
        operator: String,
        key: Key,
        or_null: bool,
    },
    In {
        keys: HashSet<Key>,
        null: bool,
        negated: bool,
    },
    Like {
        pattern: Pattern,
        negated: bool,
        or_null: bool,
    },
}

impl Condition {
    pub(super) fn new(field: &Field, operator: &str, value: &Value) -> Result<Self, RpcFault> {
        let operator = match (operator, value) {
            ("=", Value::Array(_)) => "in",
            ("!=", Value::Array(_)) => "not in",
            ("in", Value::Bool(_)) => "=",
            ("not in", Value::Bool(_)) => "!=",
            (operator, _) => operator,
        };
        let falsy = matches!(value, Value::Null | Value::Bool(false));
        match operator {
            "=?" if falsy => Ok(Self::Always(true)),
            "=?" => Self::new(field, "=", value),
            "in" | "not in" => members(field, operator == "not in", value),
            "=like" | "=ilike" | "like" | "not like" | "ilike" | "not ilike" => Ok(like(operator, value)),
            "=" | "!=" if falsy || field.kind == Kind::Boolean => Ok(truth(field, operator == "=", value)),
            _ => {
                let key = bound(field, operator, value)?;
                let empty = value.as_str() == Some("") || value.as_f64() == Some(0.0);
                Ok(Self::Compare { operator: operator.to_owned(), key, or_null: operator == "!=" && !empty })
            }
        }
    }

    pub(super) fn holds(&self, field: Option<&Field>, value: Option<&Value>) -> bool {
        match (field.map(|field| field.kind), value) {
            (Some(Kind::Many), Some(Value::Array(items))) => self.of_list(items),
            _ => match self {
                Self::Like { pattern, negated, or_null } => {
                    value.map_or(*or_null, |value| pattern.matches(&text(value)) != *negated)
                }
                _ => self.of(field.and_then(|field| field.key(value))),
            },
        }
    }

    fn of(&self, key: Option<Key>) -> bool {
        match self {
            Self::Always(answer) => *answer,
            Self::Null { wanted } => key.is_none() == *wanted,
            Self::Compare { operator, key: bound, or_null } => {
                key.map_or(*or_null, |key| compare(&key, operator, bound))
            }
            Self::In { keys, null, negated } => key.map_or(*null, |key| keys.contains(&key) != *negated),
            Self::Like { or_null, .. } => *or_null,
        }
    }

    /// A list field holds when any of its ids does; negated, when none does.
    fn of_list(&self, items: &[Value]) -> bool {
        let any = |wanted: &dyn Fn(Key) -> bool| items.iter().filter_map(Key::of).any(wanted);
        match self {
            Self::Always(answer) => *answer,
            Self::Null { wanted } => items.is_empty() == *wanted,
            Self::In { keys, null, negated } => {
                let inside = any(&|key| keys.contains(&key));
                if items.is_empty() { *null } else { inside != *negated }
            }
            Self::Compare { operator, key: bound, .. } if operator == "!=" => !any(&|key| key == *bound),
            Self::Compare { operator, key: bound, .. } => any(&|key| compare(&key, operator, bound)),
            Self::Like { .. } => false,
        }
    }
}

fn compare(key: &Key, operator: &str, bound: &Key) -> bool {
    match operator {
        "=" => key == bound,
        "!=" => key != bound,
        "<" => key < bound,
        "<=" => key <= bound,
        ">" => key > bound,
        _ => key >= bound,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `= False` is "is NULL", but for a boolean false and NULL are the same.
fn truth(field: &Field, equal: bool, value: &Value) -> Condition {
    let falsy = matches!(value, Value::Null | Value::Bool(false));
    match field.kind {
        Kind::Boolean => {
            let keys = HashSet::from([Key::Bool(true)]);
            let negated = equal == falsy;
            Condition::In { keys, null: negated, negated }
        }
        _ => Condition::Null { wanted: equal },
    }
}

/// `in []` is nothing, `not in []` everything; `False` in the list stands for NULL.
fn members(field: &Field, negated: bool, value: &Value) -> Result<Condition, RpcFault> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    let is_null = |item: &&Value| matches!(item, Value::Null | Value::Bool(false));
    let named = items.iter().any(|item| is_null(&item));
    let mut keys = items
        .iter()
        .filter(|item| !is_null(item))
        .map(|item| bound(field, "=", item))
        .collect::<Result<HashSet<_>, _>>()?;
    if field.kind == Kind::Boolean && named {
        keys.insert(Key::Bool(false));
    }
    Ok(Condition::In { keys, null: named != negated, negated })
}

/// `like` puts `%` around the text and escapes nothing; `=like` takes it as it is.
fn like(operator: &str, value: &Value) -> Condition {
    let bare = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(false) => String::new(),
        other => other.to_string(),
    };
    let exact = operator.starts_with('=');
    let negated = operator.starts_with("not");
    let pattern = if exact { bare.clone() } else { format!("%{bare}%") };
    Condition::Like {
        pattern: Pattern::new(&pattern, operator.contains("ilike")),
        negated,
        or_null: if bare.is_empty() { !exact } else { negated },
    }
}
