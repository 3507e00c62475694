//! Domains: Odoo's prefix logic over `(field, operator, value)` leaves.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::company::{Company, Model, Row};
use super::fault::{RpcFault, repr, repr_leaf};
use super::leaf::{Leaf, Term};

/// A compiled domain.
pub(super) enum Domain {
    All(Vec<Domain>),
    Any(Vec<Domain>),
    Not(Box<Domain>),
    Leaf(Leaf),
}

impl Domain {
    /// Compiles a domain; `false` and `null` are the empty one.
    pub(super) fn compile(company: &Company, model: &Model, domain: &Value) -> Result<Self, RpcFault> {
        let tokens = tokens(domain)?;
        let mut rest = tokens.as_slice();
        if rest.is_empty() {
            return Ok(Self::All(Vec::new()));
        }
        term(company, model, &mut rest, false)
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Leaf(leaf) => leaf.holds(row),
        }
    }

    /// The highest id that certainly is too low, so that a page by id need not look at the rows before it.
    pub(super) fn id_floor(&self) -> Option<i64> {
        match self {
            Self::All(parts) => parts.iter().filter_map(Self::id_floor).max(),
            Self::Leaf(leaf) => leaf.id_floor,
            _ => None,
        }
    }

    /// The only ids that can hold, when a term names them.
    pub(super) fn ids(&self) -> Option<&BTreeSet<i64>> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::ids),
            Self::Leaf(leaf) => leaf.ids.as_ref(),
            _ => None,
        }
    }
}

/// The domain in full prefix form, with every implicit `&` written out.
pub(super) fn tokens(domain: &Value) -> Result<Vec<Value>, RpcFault> {
    let items = match domain {
        Value::Null | Value::Bool(false) => &[][..],
        Value::Array(items) => items,
        _ => {
            let message =
                "Domains to normalize must have a 'domain' form: a list or tuple of domain components";
            return Err(RpcFault::new("builtins.AssertionError", message));
        }
    };
    let mut tokens: Vec<Value> = Vec::new();
    let mut expected = i32::from(!items.is_empty());
    for item in items {
        if expected == 0 {
            tokens.insert(0, json!("&"));
            expected = 1;
        }
        expected += match item.as_str() {
            Some("&" | "|") => 1,
            Some("!") => 0,
            _ => -1,
        };
        tokens.push(item.clone());
    }
    if expected == 0 { Ok(tokens) } else { Err(not_a_domain(domain)) }
}

fn not_a_domain(domain: &Value) -> RpcFault {
    RpcFault::value_error(format!("Domain {} is syntactically not correct.", repr(domain)))
}

/// Whether any term names the field: `active` in a domain switches the filter on archived rows off.
pub(super) fn names(domain: &Value, field: &str) -> bool {
    let items = domain.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().any(|item| item.get(0).and_then(Value::as_str) == Some(field))
}

/// Takes one term off the tokens. `!` is pushed down into the leaves as Odoo does it, where `!=` and its kind
/// include NULL: a row with NULL can therefore be in both halves or in neither.
fn term(company: &Company, model: &Model, rest: &mut &[Value], negated: bool) -> Result<Domain, RpcFault> {
    let Some((token, tail)) = rest.split_first() else { return Err(not_a_domain(&Value::Array(Vec::new()))) };
    *rest = tail;
    match token.as_str() {
        Some("!") => term(company, model, rest, !negated),
        Some(operator @ ("&" | "|")) => {
            let parts = vec![term(company, model, rest, negated)?, term(company, model, rest, negated)?];
            Ok(if (operator == "&") != negated { Domain::All(parts) } else { Domain::Any(parts) })
        }
        _ => leaf(company, model, token, negated),
    }
}

fn leaf(company: &Company, model: &Model, written: &Value, negated: bool) -> Result<Domain, RpcFault> {
    let parts = written.as_array().map(Vec::as_slice).unwrap_or_default();
    let [left, Value::String(operator), value] = parts else { return Err(invalid(written)) };
    let operator = operator.to_lowercase();
    let operator = if operator == "<>" { "!=" } else { operator.as_str() };
    if !OPERATORS.contains(&operator) {
        return Err(if company.face.is_19() { bad_operator(written) } else { invalid(written) });
    }
    let opposite = OPPOSITES.iter().find_map(|(one, other)| {
        if operator == *one { Some(*other) } else { (operator == *other).then_some(*one) }
    });
    let leaf = |operator| {
        let term = Term { left, operator, value, written };
        Leaf::new(company, model, &term).map(Domain::Leaf)
    };
    match (negated, opposite) {
        (false, _) => leaf(operator),
        (true, Some(opposite)) => leaf(opposite),
        (true, None) => leaf(operator).map(|leaf| Domain::Not(Box::new(leaf))),
    }
}

fn bad_operator(token: &Value) -> RpcFault {
    RpcFault::value_error(format!("Invalid operator in condition {}", repr_leaf(token)))
}

fn invalid(token: &Value) -> RpcFault {
    RpcFault::value_error(format!("Invalid leaf {}", repr_leaf(token)))
}

const OPERATORS: &[&str] = &[
    "=",
    "!=",
    "<>",
    "<=",
    "<",
    ">",
    ">=",
    "=?",
    "=like",
    "=ilike",
    "like",
    "not like",
    "ilike",
    "not ilike",
    "in",
    "not in",
    "child_of",
    "parent_of",
    "any",
    "not any",
];

const OPPOSITES: &[(&str, &str)] = &[
    ("=", "!="),
    ("<", ">="),
    (">", "<="),
    ("in", "not in"),
    ("like", "not like"),
    ("ilike", "not ilike"),
    ("any", "not any"),
];

#[cfg(test)]
mod tests {
    use super::super::face::Face;
    use super::*;

    fn floor(domain: Value) -> Option<i64> {
        let company = Company::new(Face(17));
        let model = company.model("account.move").expect("a recorded model");
        Domain::compile(&company, model, &domain).expect("a domain").id_floor()
    }

    #[test]
    fn a_page_by_id_begins_at_its_id_and_only_where_every_row_must_be_above() {
        let newer = json!(["write_date", ">=", "2026-11-20 08:00:00"]);
        assert_eq!(floor(json!([newer, ["id", ">", 7]])), Some(7));
        assert_eq!(floor(json!([["id", ">=", 7], newer])), Some(6));
        assert_eq!(floor(json!(["!", ["id", "<=", 7]])), Some(7));
        assert_eq!(floor(json!(["|", newer, ["id", ">", 7]])), None);
        assert_eq!(floor(json!(["!", ["id", ">", 7]])), None);
    }
}
