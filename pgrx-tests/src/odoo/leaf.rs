//! One term of a domain, with the treatment of NULL that Odoo 17 gives each operator in SQL.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::clock;
use super::company::{Company, Model, Row};
use super::domain::Domain;
use super::fault::{RpcFault, repr_leaf};
use super::field::{Field, Key, Kind};
use super::like::Pattern;

/// A term, ready to be asked of rows.
pub(super) struct Leaf {
    name: String,
    field: Option<Field>,
    test: Test,
    pub(super) id_floor: Option<i64>,
    pub(super) ids: Option<BTreeSet<i64>>,
}

enum Test {
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

impl Leaf {
    pub(super) fn new(
        company: &Company,
        model: &Model,
        left: &Value,
        operator: &str,
        value: &Value,
        whole: &Value,
    ) -> Result<Self, RpcFault> {
        let Some(path) = left.as_str() else { return constant(left, operator, value, whole) };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let Some(field) = model.fields.get(name) else {
            let shown = repr_leaf(whole);
            return Err(RpcFault::value_error(format!(
                "Invalid field {}.{name} in leaf {shown}",
                model.name
            )));
        };
        let by_name = field.kind == Kind::Many2one && (value.is_string() || operator.contains("like"));
        let through = match (rest, operator) {
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
        };
        if !field.searchable {
            return Ok(Self::of(name, None, Test::Always(true)));
        }
        let (operator, value) = match through {
            Some((operator, domain)) => (operator, targets(company, model, field, &domain)?),
            None => (operator, value.clone()),
        };
        let test = test(field, operator, &value)?;
        let mut leaf = Self::of(name, Some(field.clone()), test);
        if name == "id" {
            leaf.id_floor = floor(operator, &value);
            leaf.ids = listed(operator, &value);
        }
        Ok(leaf)
    }

    fn of(name: &str, field: Option<Field>, test: Test) -> Self {
        Self { name: name.to_owned(), field, test, id_floor: None, ids: None }
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        let value = row.get(&self.name);
        if let (Some(Value::Array(items)), Some(Kind::Many)) = (value, self.field.as_ref().map(|f| f.kind)) {
            return self.test.of_list(items);
        }
        if let Test::Like { pattern, negated, or_null } = &self.test {
            return value.map_or(*or_null, |value| pattern.matches(&text(value)) != *negated);
        }
        self.test.of(self.field.as_ref().and_then(|field| field.key(value)))
    }
}

impl Test {
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

fn constant(left: &Value, operator: &str, value: &Value, whole: &Value) -> Result<Leaf, RpcFault> {
    match (left.as_i64(), operator, value.as_i64()) {
        (Some(1), "=", Some(1)) | (Some(0), "!=", Some(1)) => Ok(Leaf::of("", None, Test::Always(true))),
        (Some(0), "=", Some(1)) | (Some(1), "!=", Some(1)) => Ok(Leaf::of("", None, Test::Always(false))),
        _ => Err(RpcFault::value_error(format!("Invalid leaf {}", repr_leaf(whole)))),
    }
}

/// The ids of a field's model that a domain finds: what a path or `any` stands for.
fn targets(company: &Company, model: &Model, field: &Field, domain: &Value) -> Result<Value, RpcFault> {
    let relation = field.relation.as_deref().and_then(|relation| company.models.get(relation));
    let Some(target) = relation else {
        let message = format!("the double holds no model to look into from {}", model.name);
        return Err(RpcFault::new("builtins.NotImplementedError", message));
    };
    let domain = Domain::compile(company, target, domain)?;
    let ids: Vec<_> = target.rows.iter().filter(|(_, row)| domain.holds(row)).map(|(id, _)| *id).collect();
    Ok(json!(ids))
}

/// The domain of a record's descendants or ancestors, by `parent_path` where the model has one, else itself alone.
fn family(company: &Company, field: &Field, name: &str, operator: &str, value: &Value) -> Value {
    let ids = match value {
        Value::Array(ids) => ids.clone(),
        other => vec![other.clone()],
    };
    let target = field.relation.as_deref().and_then(|relation| company.models.get(relation));
    let Some(target) = target.filter(|target| name != "id" && target.fields.contains_key("parent_path"))
    else {
        return json!([["id", "in", ids]]);
    };
    let path = |id: i64| target.rows.get(&id).and_then(|row| row.get("parent_path")?.as_str());
    let within =
        |inner: &str, id: &Value| inner.split('/').any(|part| json!(part.parse::<i64>().ok()) == *id);
    let wanted = |id: &i64| {
        ids.iter().any(|root| match operator {
            "child_of" => path(*id).is_some_and(|path| within(path, root)),
            _ => root.as_i64().and_then(path).is_some_and(|path| within(path, &json!(id))),
        })
    };
    json!([["id", "in", target.rows.keys().copied().filter(wanted).collect::<Vec<_>>()]])
}

fn test(field: &Field, operator: &str, value: &Value) -> Result<Test, RpcFault> {
    let operator = match (operator, value) {
        ("<>", _) => "!=",
        ("=", Value::Array(_)) => "in",
        ("!=", Value::Array(_)) => "not in",
        ("in", Value::Bool(true)) | ("not in", Value::Bool(false)) => "!=",
        ("in", Value::Bool(false)) | ("not in", Value::Bool(true)) => "=",
        (operator, _) => operator,
    };
    let falsy = matches!(value, Value::Null | Value::Bool(false));
    match operator {
        "=?" if falsy => Ok(Test::Always(true)),
        "=?" => test(field, "=", value),
        "in" | "not in" => members(field, operator == "not in", value),
        "=like" | "=ilike" | "like" | "not like" | "ilike" | "not ilike" => Ok(like(operator, value)),
        "=" | "!=" if falsy || field.kind == Kind::Boolean => Ok(truth(field, operator == "=", value)),
        _ => {
            let key = bound(field, operator, value)?;
            let empty = value.as_str() == Some("") || value.as_f64() == Some(0.0);
            Ok(Test::Compare { operator: operator.to_owned(), key, or_null: operator == "!=" && !empty })
        }
    }
}

/// `= False` is "is NULL", but for a boolean false and NULL are the same.
fn truth(field: &Field, equal: bool, value: &Value) -> Test {
    let falsy = matches!(value, Value::Null | Value::Bool(false));
    match field.kind {
        Kind::Boolean => {
            let keys = HashSet::from([Key::Bool(true)]);
            let negated = equal == falsy;
            Test::In { keys, null: negated, negated }
        }
        _ => Test::Null { wanted: equal },
    }
}

/// `in []` is nothing, `not in []` everything; `False` in the list stands for NULL.
fn members(field: &Field, negated: bool, value: &Value) -> Result<Test, RpcFault> {
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
    Ok(Test::In { keys, null: named != negated, negated })
}

/// `like` puts `%` around the text and escapes nothing; `=like` takes it as it is.
fn like(operator: &str, value: &Value) -> Test {
    let bare = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(false) => String::new(),
        other => other.to_string(),
    };
    let exact = operator.starts_with('=');
    let negated = operator.starts_with("not");
    let pattern = if exact { bare.clone() } else { format!("%{bare}%") };
    Test::Like {
        pattern: Pattern::new(&pattern, operator.contains("ilike")),
        negated,
        or_null: if bare.is_empty() { !exact } else { negated },
    }
}

/// The value a column is compared with.
fn bound(field: &Field, operator: &str, value: &Value) -> Result<Key, RpcFault> {
    let key = match (field.kind, value) {
        (Kind::Datetime, Value::String(text)) => Some(Key::Text(moment(operator, text)?)),
        (Kind::Date, Value::String(text)) => {
            let time = clock::parse(text).ok_or_else(|| bad_time("date", text))?;
            Some(Key::Text(time.format("%Y-%m-%d").to_string()))
        }
        (Kind::Many2one, Value::Array(pair)) => pair.first().and_then(Key::of),
        (Kind::Integer | Kind::Float | Kind::Many2one, Value::String(text)) => {
            text.parse::<f64>().ok().map(Key::number)
        }
        _ => Key::of(value),
    };
    key.ok_or_else(|| {
        RpcFault::new("psycopg2.errors.UndefinedFunction", format!("operator does not exist: {operator}\n"))
    })
}

/// A bare date means the end of its day for `>` and `<=`, else its beginning.
fn moment(operator: &str, text: &str) -> Result<String, RpcFault> {
    let whole = match (text.chars().count(), operator) {
        (10, ">" | "<=") => format!("{text} 23:59:59"),
        (10, _) => format!("{text} 00:00:00"),
        _ => text.to_owned(),
    };
    clock::parse(&whole).map(clock::kept).ok_or_else(|| bad_time("timestamp", &whole))
}

fn bad_time(kind: &str, text: &str) -> RpcFault {
    let shown: String = text.chars().take(9).collect();
    RpcFault::new(
        "psycopg2.errors.InvalidDatetimeFormat",
        format!(
            "invalid input syntax for type {kind}: \"{text}\"\nLINE 1: ... '{shown}...\n             ^\n"
        ),
    )
}

fn floor(operator: &str, value: &Value) -> Option<i64> {
    match operator {
        ">" => value.as_i64(),
        ">=" => value.as_i64().map(|id| id - 1),
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
