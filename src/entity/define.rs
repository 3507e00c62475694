//! A manifest as a definer writes it: a whole one, or what it adds to a built-in entity,
//! so that a custom field needs no copy of what is there already.

use serde_json::{Map, Value};

use super::shape::{self, member};
use super::validate::{invalid, judge, mistakes, read};
use super::words::shown;
use super::{Entity, catalog, parse};
use crate::error::{Error, Kind, Result};

/// Reads a manifest that may extend a built-in one.
///
/// `{"extends": "products", "streams": [{"table": "products", "columns": [...]}]}`: streams are
/// found by their table. Columns of a new name are added, those of a known one changed in what
/// is said of them; `indexes`, `refers`, `names` and `label` are added; everything else replaces what was there.
///
/// Errors: [`Kind::Manifest`] with one line per mistake, each with the path in `json`.
pub fn define(json: &str) -> Result<Entity> {
    let value = read(json)?;
    match value.get("extends") {
        None => parse(json),
        Some(_) => extended(&value),
    }
}

fn extended(patch: &Value) -> Result<Entity> {
    let name = patch.get("extends").and_then(Value::as_str);
    let mut found = Vec::new();
    shape::compare(&shape::EXTENSION, patch, "$", &mut found);
    let base = name.and_then(|name| catalog::builtin().iter().find(|entity| entity.name == name));
    if let (Some(name), None) = (name, base) {
        found.push(format!("$.extends: {} is no built-in entity; they are {}", shown(name), names()));
    }
    let merged = match base {
        Some(base) if found.is_empty() => Some(Merged::new(base, patch, &mut found)?),
        _ => None,
    };
    found.extend(merged.iter().flat_map(Merged::judge));
    match merged {
        Some(merged) if found.is_empty() => {
            let entity: Entity =
                serde_json::from_value(merged.whole).map_err(|e| invalid("manifest is not valid", e))?;
            Ok(entity.explained())
        }
        _ => Err(mistakes(name, &found)),
    }
}

/// What two extensions of one entity say together: a later word on a column goes before an earlier one, and all other
/// columns stay. A whole manifest replaces what was there.
///
/// Errors: [`Kind::Manifest`] when either is no JSON.
pub fn together(before: &str, after: &str) -> Result<String> {
    let extends = |value: &Map<String, Value>| value.contains_key("extends");
    let (mut all, more) = match (read(before)?, read(after)?) {
        (Value::Object(all), Value::Object(more)) if extends(&all) && extends(&more) => (all, more),
        _ => return Ok(after.to_string()),
    };
    for (name, value) in more {
        match (name.as_str(), all.get_mut(&name), &value) {
            ("streams", Some(Value::Array(known)), Value::Array(streams)) => {
                add_named(known, streams, "table", &add_to_stream);
            }
            _ => drop(all.insert(name, value)),
        }
    }
    Ok(Value::Object(all).to_string())
}

/// Adds what has a new name; `known` works in what has a known one.
fn add_named(all: &mut Vec<Value>, more: &[Value], name: &str, known: &dyn Fn(&mut Value, &Value)) {
    for one in more {
        match all.iter_mut().find(|had| had.get(name).is_some() && had.get(name) == one.get(name)) {
            Some(had) => known(had, one),
            None => all.push(one.clone()),
        }
    }
}

fn add_to_stream(stream: &mut Value, more: &Value) {
    let (Some(stream), Some(more)) = (stream.as_object_mut(), more.as_object()) else { return };
    for (name, value) in more {
        match (name.as_str(), stream.get_mut(name), value) {
            ("columns", Some(Value::Array(all)), Value::Array(columns)) => {
                add_named(all, columns, "name", &|had, one| had.clone_from(one));
            }
            ("indexes", Some(Value::Array(all)), Value::Array(indexes)) => {
                let new = indexes.iter().filter(|index| !all.contains(index)).cloned().collect::<Vec<_>>();
                all.extend(new);
            }
            ("refers" | "names" | "label", Some(Value::Object(all)), Value::Object(more)) => {
                all.extend(more.clone());
            }
            _ => drop(stream.insert(name.clone(), value.clone())),
        }
    }
}

fn names() -> String {
    catalog::builtin().iter().map(|entity| entity.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A built-in manifest with an extension worked in, and which of its places come from where
/// in the extension: `$.streams[1].columns[40]` from `$.streams[0].columns[2]`.
struct Merged {
    whole: Value,
    places: Vec<(String, String)>,
}

impl Merged {
    fn new(base: &Entity, patch: &Value, found: &mut Vec<String>) -> Result<Self> {
        let whole = serde_json::to_value(base)
            .map_err(|e| Error::new(Kind::Internal, format!("a manifest cannot be written: {e}")))?;
        let mut merged = Merged { whole, places: Vec::new() };
        for (i, stream) in items(patch, "streams").iter().enumerate() {
            let at = format!("$.streams[{i}]");
            match base.streams.iter().position(|s| Some(s.table.as_str()) == text(stream, "table")) {
                Some(index) => merged.stream(index, stream, &at),
                None => found.push(format!("{at}.table: {} has no such table; {}", base.name, tables(base))),
            }
        }
        Ok(merged)
    }

    fn stream(&mut self, index: usize, patch: &Value, from: &str) {
        let at = format!("$.streams[{index}]");
        let Some(Value::Object(stream)) = self.whole.get_mut("streams").and_then(|s| s.get_mut(index)) else {
            return;
        };
        let mut places = vec![(at.clone(), from.to_string())];
        for (key, value) in patch.as_object().into_iter().flatten() {
            let (at, from) = (member(&at, key), member(from, key));
            match (key.as_str(), value) {
                ("columns", Value::Array(more)) => columns(stream, more, &at, &from, &mut places),
                ("indexes", Value::Array(more)) => append(stream, key, more, &at, &from, &mut places),
                ("refers" | "names" | "label", Value::Object(more)) => {
                    object(stream, key).into_iter().for_each(|all| all.extend(more.clone()));
                }
                _ => drop(stream.insert(key.clone(), value.clone())),
            }
        }
        self.places.extend(places);
    }

    /// The mistakes of the whole, each with its path in the extension where it comes from there.
    fn judge(&self) -> Vec<String> {
        judge(&self.whole).into_iter().map(|line| self.traced(line)).collect()
    }

    fn traced(&self, line: String) -> String {
        let mut best: Option<(&str, &str)> = None;
        for (at, from) in &self.places {
            let fits = line.strip_prefix(at.as_str()).is_some_and(|rest| rest.starts_with(['.', ':', '[']));
            if fits && best.is_none_or(|(longest, _)| at.len() > longest.len()) {
                best = Some((at, from));
            }
        }
        match best.and_then(|(at, from)| Some(format!("{from}{}", line.strip_prefix(at)?))) {
            Some(traced) => traced,
            None => line,
        }
    }
}

fn tables(entity: &Entity) -> String {
    let tables: Vec<&str> = entity.streams.iter().map(|stream| stream.table.as_str()).collect();
    format!("it fills {}", tables.join(", "))
}

fn columns(
    stream: &mut Map<String, Value>,
    more: &[Value],
    at: &str,
    from: &str,
    places: &mut Vec<(String, String)>,
) {
    let Some(columns) = array(stream, "columns") else { return };
    for (i, patch) in more.iter().enumerate() {
        let known = columns.iter().position(|column| text(column, "name") == text(patch, "name"));
        let index = known.unwrap_or(columns.len());
        match (known.and_then(|index| columns.get_mut(index)), patch) {
            (Some(Value::Object(column)), Value::Object(patch)) => column.extend(patch.clone()),
            _ => columns.push(patch.clone()),
        }
        places.push((format!("{at}[{index}]"), format!("{from}[{i}]")));
    }
}

fn append(
    stream: &mut Map<String, Value>,
    key: &str,
    more: &[Value],
    at: &str,
    from: &str,
    places: &mut Vec<(String, String)>,
) {
    let Some(list) = array(stream, key) else { return };
    let fresh = more.iter().enumerate().filter(|(_, one)| !list.contains(one)).collect::<Vec<_>>();
    for (i, one) in fresh {
        places.push((format!("{at}[{}]", list.len()), format!("{from}[{i}]")));
        list.push(one.clone());
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The array at a key, made where it is missing.
fn array<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Vec<Value>> {
    map.entry(key).or_insert_with(|| Value::Array(Vec::new())).as_array_mut()
}

/// The object at a key, made where it is missing.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    map.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}
