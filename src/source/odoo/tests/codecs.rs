//! What is written is read back as it was: requests, cursor values, cells and conditions.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Number, Value, json};

use super::fixture::{cell, stream};
use crate::entity::Type;
use crate::error::Kind;
use crate::source::cell::Cell;
use crate::source::odoo::jsonrpc;
use crate::source::odoo::rpc::Call;
use crate::source::odoo::{domain, mark};
use crate::source::{Mark, Scope};

/// Any value; numbers of any length.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?"
            .prop_map(|text| Value::Number(text.parse::<Number>().unwrap())),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A search condition as a tree.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(u8),
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    (0u8..6).prop_map(Tree::Leaf).prop_recursive(4, 16, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Tree::Not),
            (boxed(), boxed()).prop_map(|(one, other)| Tree::And(one, other)),
            (boxed(), boxed()).prop_map(|(one, other)| Tree::Or(one, other)),
        ]
    })
}

impl Tree {
    /// In Odoo's order: the operator first.
    fn write(&self, out: &mut Vec<Value>) {
        let (operator, operands) = match self {
            Tree::Leaf(number) => return out.push(json!([number, "=", true])),
            Tree::Not(operand) => ("!", vec![operand]),
            Tree::And(one, other) => ("&", vec![one, other]),
            Tree::Or(one, other) => ("|", vec![one, other]),
        };
        out.push(json!(operator));
        operands.into_iter().for_each(|operand| operand.write(out));
    }

    fn holds(&self, row: u8) -> bool {
        match self {
            Tree::Leaf(number) => row >> number & 1 == 1,
            Tree::Not(operand) => !operand.holds(row),
            Tree::And(one, other) => one.holds(row) && other.holds(row),
            Tree::Or(one, other) => one.holds(row) || other.holds(row),
        }
    }
}

/// A domain as Odoo reads it: from its end, and what is left over is AND. `since` is the last leaf's truth.
fn holds(terms: &[Value], row: u8, since: bool) -> bool {
    let mut stack: Vec<bool> = Vec::new();
    for term in terms.iter().rev() {
        let truth = match term.as_str() {
            Some("!") => !stack.pop().unwrap(),
            Some("&") => [stack.pop().unwrap(), stack.pop().unwrap()].iter().all(|truth| *truth),
            Some(_) => [stack.pop().unwrap(), stack.pop().unwrap()].iter().any(|truth| *truth),
            None => term[0].as_u64().map_or(since, |number| row >> number & 1 == 1),
        };
        stack.push(truth);
    }
    stack.iter().all(|truth| *truth)
}

/// Whether each operator finds its operands behind it.
fn is_whole(terms: &[Value]) -> bool {
    let operands = |term: &Value| match term.as_str() {
        None => 0,
        Some("!") => 1,
        Some(_) => 2,
    };
    let stack =
        terms.iter().rev().try_fold(0usize, |stack, term| Some(stack.checked_sub(operands(term))? + 1));
    stack.is_some()
}

/// The items of a PostgreSQL array's text.
fn items(text: &str) -> Vec<Option<String>> {
    let mut items = Vec::new();
    let mut rest = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    while !rest.is_empty() {
        if let Some(unquoted) = rest.strip_prefix("NULL") {
            items.push(None);
            rest = unquoted.strip_prefix(',').unwrap_or(unquoted);
            continue;
        }
        let mut item = String::new();
        let mut chars = rest.strip_prefix('"').unwrap().chars();
        loop {
            match chars.next().unwrap() {
                '\\' => item.push(chars.next().unwrap()),
                '"' => break,
                c => item.push(c),
            }
        }
        items.push(Some(item));
        rest = chars.as_str();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    items
}

proptest! {
    #[test]
    fn a_json_rpc_call_and_its_result_survive_the_way(value in value(), id in any::<u64>()) {
        let call = Call { service: "object", method: "execute_kw", args: vec![value.clone()] };
        let sent: Value = serde_json::from_slice(&jsonrpc::encode(&call, id)).unwrap();
        prop_assert_eq!(&sent["params"]["args"][0], &value);
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": value}).to_string();
        prop_assert_eq!(jsonrpc::decode(answer.as_bytes(), id), Ok(value));
    }

    #[test]
    fn a_result_beside_no_number_survives_too(value in value()) {
        let answer = format!(r#"{{"id": 1, "result": [NaN, {value}, -Infinity, {value}]}}"#);
        let expected = json!(["NaN", value, "-Infinity", value]);
        prop_assert_eq!(jsonrpc::decode(answer.as_bytes(), 1), Ok(expected));
    }

    #[test]
    fn a_moment_is_read_or_refused_and_an_earlier_one_is_earlier(
        text in "((00|[0-9]{2})[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,7})?)|.{0,30}",
        seconds in any::<u32>(),
    ) {
        let earlier = mark::earlier(&Mark(text.clone()), Duration::from_secs(seconds.into()));
        prop_assert_eq!(earlier.is_ok(), mark::datetime(&text).is_some());
        if let Ok(Mark(earlier)) = earlier {
            prop_assert!(earlier.len() == 19 && mark::datetime(&earlier).is_some(), "{}", earlier);
            let text = mark::datetime_text(&text).unwrap();
            prop_assert!(earlier.as_str() <= &text[..19], "{} before {}", earlier, text);
        }
        prop_assert!(mark::date_text(&text).is_none_or(|day| day.len() == 10));
    }

    #[test]
    fn a_whole_number_is_the_same_in_every_spelling(number in -(1i64 << 53)..=1 << 53, places in 1usize..15) {
        let digits = number.unsigned_abs().to_string();
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let sign = if number < 0 { "-" } else { "" };
        let spellings = [
            format!("{number}"),
            format!("{number}.000"),
            format!("{number}e0"),
            format!("{sign}{whole}.{fraction}e+{places}"),
            format!("{sign}{whole}.{fraction}0E{places}"),
        ];
        for text in spellings {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(cell(Type::Bigint, "integer", &value), Ok(Cell::Int(number)), "{}", text);
        }
    }

    #[test]
    fn a_list_of_texts_is_a_list_that_postgresql_reads(texts in prop::collection::vec(any::<Option<String>>(), 0..5)) {
        let list = cell(Type::TextArray, "json", &json!(texts));
        let Ok(Cell::Text(list)) = list else { return Err(TestCaseError::fail(format!("{list:?}"))) };
        prop_assert_eq!(items(&list), texts);
    }

    #[test]
    fn a_scope_behind_a_filter_holds_for_all_of_it(trees in prop::collection::vec(tree(), 0..3), row in any::<u8>()) {
        let mut filter = Vec::new();
        trees.iter().for_each(|tree| tree.write(&mut filter));
        let mut stream = stream("res.partner", &[]);
        stream.filter = Some(Value::Array(filter));
        let since = Scope::Since { from: Mark("2026-11-20 08:50:00".into()), until: None };
        let terms = domain::of(&stream, &since, None).unwrap();
        for since in [true, false] {
            let wanted = since && trees.iter().all(|tree| tree.holds(row));
            prop_assert_eq!(holds(&terms, row, since), wanted);
        }
    }

    #[test]
    fn a_list_of_terms_is_taken_where_every_operator_has_its_operands(
        terms in prop::collection::vec(prop::sample::select(vec![json!("&"), json!("|"), json!("!"), json!([1, "=", 2])]), 0..7),
    ) {
        let mut stream = stream("res.partner", &[]);
        stream.filter = Some(Value::Array(terms.clone()));
        prop_assert_eq!(domain::of(&stream, &Scope::All, None).is_ok(), is_whole(&terms));
    }

    #[test]
    fn any_filter_is_taken_whole_or_refused(filter in value()) {
        let mut stream = stream("res.partner", &[]);
        stream.filter = Some(filter.clone());
        match domain::of(&stream, &Scope::All, None) {
            Ok(terms) => prop_assert!(Value::Array(terms) == filter),
            Err(error) => prop_assert_eq!(error.kind, Kind::Manifest),
        }
    }
}
