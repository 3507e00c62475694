//! The shape of a manifest: which keys and which kinds of values may stand
//! where. One table of constants and one function that compares.

use serde_json::{Map, Value};

use super::nearest::nearest;
use super::words::{day_mistake, interval_mistake, name_mistake, shown, text_mistake, word_mistake};

/// What a value must be.
pub(super) enum Shape {
    /// A text with something in it.
    Text,
    /// A name: of a table, a column, an entity.
    Name,
    /// One of these words.
    Word(&'static [&'static str]),
    /// true or false.
    Flag,
    /// A number of decimal digits.
    Digits,
    /// A number, or the text of a day.
    Bound,
    /// How often something is tried.
    Attempts,
    /// A length of time: `30 days`.
    Interval,
    /// Whatever the source understands.
    Any,
    /// An array of such values with at least so many members.
    List(&'static Shape, usize),
    /// An array like [`Shape::List`] in which nothing occurs twice.
    Set(&'static Shape, usize),
    /// An object from names to names.
    Names,
    /// An object with these keys.
    Object(&'static [Member]),
}

/// A key of an object: its name, whether it must be there, its value.
pub(super) struct Member(&'static str, bool, Shape);

const MUST: bool = true;
const MAY: bool = false;

/// What a manifest may call its source: the foreign data wrappers.
pub(super) const SOURCES: &[&str] = &["odoo", "sqlserver"];

/// A whole manifest.
pub(super) const ENTITY: Shape = Shape::Object(&[
    Member("name", MUST, Shape::Name),
    Member("about", MAY, Shape::Text),
    Member("source", MUST, Shape::Word(SOURCES)),
    Member("streams", MUST, Shape::List(&STREAM, 1)),
    Member("after", MAY, Shape::Set(&Shape::Name, 0)),
    Member("aliases", MAY, Shape::Set(&Shape::Name, 0)),
    Member("full_every", MAY, Shape::Interval),
]);

const STREAM: Shape = Shape::Object(&[
    Member("table", MUST, Shape::Name),
    Member("about", MAY, Shape::Text),
    Member("object", MUST, Shape::Text),
    Member("module", MAY, Shape::Text),
    Member("optional", MAY, Shape::Flag),
    Member("snapshot", MAY, Shape::Flag),
    Member("filter", MAY, Shape::Any),
    Member("key", MUST, Shape::Set(&Shape::Name, 1)),
    Member("cursor", MAY, Shape::Text),
    Member("follows", MAY, Shape::Set(&Shape::Text, 1)),
    Member("date", MAY, Shape::Text),
    Member("keep", MAY, KEEP),
    Member("parent", MAY, PARENT),
    Member("refers", MAY, Shape::Names),
    Member("names", MAY, Shape::Names),
    Member("label", MAY, Shape::Names),
    Member("variant", MAY, Shape::Name),
    Member("digits", MAY, Shape::Name),
    Member("indexes", MAY, Shape::Set(&Shape::Set(&Shape::Name, 1), 0)),
    Member("columns", MUST, Shape::List(&COLUMN, 1)),
]);

/// What a manifest adds to, or changes of, a built-in entity.
pub(super) const EXTENSION: Shape = Shape::Object(&[
    Member("extends", MUST, Shape::Name),
    Member("streams", MUST, Shape::List(&EXTENDED_STREAM, 1)),
]);

const EXTENDED_STREAM: Shape = Shape::Object(&[
    Member("table", MUST, Shape::Name),
    Member("object", MAY, Shape::Text),
    Member("filter", MAY, Shape::Any),
    Member("key", MAY, Shape::Set(&Shape::Name, 1)),
    Member("cursor", MAY, Shape::Text),
    Member("follows", MAY, Shape::Set(&Shape::Text, 1)),
    Member("date", MAY, Shape::Text),
    Member("refers", MAY, Shape::Names),
    Member("names", MAY, Shape::Names),
    Member("label", MAY, Shape::Names),
    Member("variant", MAY, Shape::Name),
    Member("indexes", MAY, Shape::Set(&Shape::Set(&Shape::Name, 1), 0)),
    Member("columns", MAY, Shape::List(&EXTENDED_COLUMN, 1)),
]);

const EXTENDED_COLUMN: Shape = Shape::Object(&[
    Member("name", MUST, Shape::Name),
    Member("type", MAY, Shape::Word(&TYPES)),
    Member("about", MAY, Shape::Text),
    Member("path", MAY, Shape::Set(&Shape::Text, 1)),
    Member("scale", MAY, Shape::Digits),
    Member("currency", MAY, Shape::Name),
    Member("required", MAY, Shape::Flag),
    Member("unless", MAY, Shape::Set(&Shape::Name, 1)),
    Member("min", MAY, Shape::Bound),
    Member("max", MAY, Shape::Bound),
    Member("optional", MAY, Shape::Flag),
]);

/// What `sync_configure()` takes.
pub(super) const SETTINGS: Shape = Shape::Object(&[
    Member("auto", MAY, Shape::Flag),
    Member("interval", MAY, Shape::Interval),
    Member("full_every", MAY, Shape::Interval),
    Member("verify_every", MAY, Shape::Interval),
    Member("overlap", MAY, Shape::Interval),
    Member("initial_range", MAY, Shape::Interval),
    Member("keep_raw", MAY, Shape::Flag),
    Member("max_attempts", MAY, Shape::Attempts),
]);

const KEEP: Shape = Shape::Object(&[
    Member("column", MUST, Shape::Name),
    Member("values", MUST, Shape::Set(&Shape::Text, 1)),
]);

const PARENT: Shape =
    Shape::Object(&[Member("table", MUST, Shape::Name), Member("column", MUST, Shape::Name)]);

const COLUMN: Shape = Shape::Object(&[
    Member("name", MUST, Shape::Name),
    Member("type", MUST, Shape::Word(&TYPES)),
    Member("about", MAY, Shape::Text),
    Member("path", MAY, Shape::Set(&Shape::Text, 1)),
    Member("scale", MAY, Shape::Digits),
    Member("currency", MAY, Shape::Name),
    Member("required", MAY, Shape::Flag),
    Member("unless", MAY, Shape::Set(&Shape::Name, 1)),
    Member("min", MAY, Shape::Bound),
    Member("max", MAY, Shape::Bound),
    Member("optional", MAY, Shape::Flag),
]);

const TYPES: [&str; 9] =
    ["bigint", "numeric", "text", "boolean", "date", "timestamptz", "jsonb", "bigint[]", "text[]"];

/// Most decimal digits a column may keep.
const MAX_SCALE: u64 = 30;

/// Most attempts of a request, as for the setting `erp_sync.max_attempts`.
const MAX_ATTEMPTS: u64 = 20;

/// Appends to `found` a line for every place where `value` is not of this shape.
pub(super) fn compare(shape: &Shape, value: &Value, at: &str, found: &mut Vec<String>) {
    let wrong = match (shape, value) {
        (Shape::Text, Value::String(text)) => text_mistake(text),
        (Shape::Name, Value::String(text)) => name_mistake(text),
        (Shape::Word(words), Value::String(text)) => word_mistake(text, words),
        (Shape::Interval, Value::String(text)) => interval_mistake(text),
        (Shape::Digits, Value::Number(number)) => match number.as_u64() {
            Some(0..=MAX_SCALE) => None,
            _ => Some(format!("{number} is no whole number from 0 to {MAX_SCALE}")),
        },
        (Shape::Attempts, Value::Number(number)) => match number.as_u64() {
            Some(1..=MAX_ATTEMPTS) => None,
            _ => Some(format!("{number} is no whole number from 1 to {MAX_ATTEMPTS}")),
        },
        (Shape::Bound, Value::Number(_)) => None,
        (Shape::Bound, Value::String(text)) => day_mistake(text),
        (Shape::Flag, Value::Bool(_)) | (Shape::Any, _) => None,
        (Shape::List(of, least), Value::Array(items)) => compare_items(of, *least, items, at, found),
        (Shape::Set(of, least), Value::Array(items)) => {
            find_twice(items, at, found);
            compare_items(of, *least, items, at, found)
        }
        (Shape::Names, Value::Object(map)) => compare_names(map, at, found),
        (Shape::Object(members), Value::Object(map)) => compare_members(members, map, at, found),
        (shape, value) => Some(format!("must be {}, not {}", shape.noun(), noun(value))),
    };
    found.extend(wrong.map(|wrong| format!("{at}: {wrong}")));
}

/// The path of an object's member: `$.a`, or `$["a b"]` for a key that is no name.
pub(super) fn member(at: &str, key: &str) -> String {
    match name_mistake(key) {
        None => format!("{at}.{key}"),
        Some(_) => format!("{at}[{}]", shown(key)),
    }
}

fn compare_items(
    of: &Shape,
    least: usize,
    items: &[Value],
    at: &str,
    found: &mut Vec<String>,
) -> Option<String> {
    for (i, item) in items.iter().enumerate() {
        compare(of, item, &format!("{at}[{i}]"), found);
    }
    (items.len() < least).then(|| "must not be empty".into())
}

fn find_twice(items: &[Value], at: &str, found: &mut Vec<String>) {
    for (i, item) in items.iter().enumerate() {
        if items.iter().take(i).any(|earlier| earlier == item) {
            found.push(format!("{at}[{i}]: occurs twice"));
        }
    }
}

fn compare_names(map: &Map<String, Value>, at: &str, found: &mut Vec<String>) -> Option<String> {
    for (key, value) in map {
        found.extend(name_mistake(key).map(|wrong| format!("{}: {wrong}", member(at, key))));
        compare(&Shape::Name, value, &member(at, key), found);
    }
    None
}

fn compare_members(
    members: &[Member],
    map: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) -> Option<String> {
    for Member(key, must, shape) in members {
        match map.get(*key) {
            Some(value) => compare(shape, value, &member(at, key), found),
            None if *must => found.push(format!("{}: is missing", member(at, key))),
            None => {}
        }
    }
    find_unknown(members, map, at, found);
    None
}

fn find_unknown(members: &[Member], map: &Map<String, Value>, at: &str, found: &mut Vec<String>) {
    let known: Vec<&str> = members.iter().map(|Member(key, ..)| *key).collect();
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        found.push(format!("{}: is unknown{}", member(at, key), instead(key, &known)));
    }
}

/// Appends to `found` a line for every key that an object of this shape does not have.
pub(super) fn unknown(shape: &Shape, map: &Map<String, Value>, at: &str, found: &mut Vec<String>) {
    if let Shape::Object(members) = shape {
        find_unknown(members, map, at, found);
    }
}

/// The keys of an object of this shape.
pub(super) fn names(shape: &Shape) -> Vec<&'static str> {
    match shape {
        Shape::Object(members) => members.iter().map(|Member(key, ..)| *key).collect(),
        _ => Vec::new(),
    }
}

/// What could be meant by an unknown key.
fn instead(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(word) => format!(", did you mean \"{word}\"?"),
        None => format!("; known are {}", known.join(", ")),
    }
}

impl Shape {
    fn noun(&self) -> &'static str {
        match self {
            Shape::Text | Shape::Name | Shape::Word(_) | Shape::Interval => "a text",
            Shape::Flag => "true or false",
            Shape::Digits | Shape::Attempts => "a number",
            Shape::Bound => "a number or a day",
            Shape::Any => "anything",
            Shape::List(..) | Shape::Set(..) => "an array",
            Shape::Names | Shape::Object(_) => "an object",
        }
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Type;

    #[test]
    fn the_words_are_the_types() {
        assert_eq!(TYPES, Type::ALL.map(Type::sql));
    }
}
