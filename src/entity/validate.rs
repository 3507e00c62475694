//! From JSON text to an [`Entity`], with every mistake at once. The rules look
//! at the JSON itself, not at the typed entity, so that a mistake in one place
//! hides none in another.

use serde_json::Value;

use super::ddl::RESERVED;
use super::label;
use super::shape::{self, member};
use super::words::shown;
use super::{Entity, Type, tsql};
use crate::error::{Error, Kind, Result};

/// Reads a manifest.
///
/// Errors: [`Kind::Manifest`]; the detail has one line per mistake, each with
/// the path of the place and what would be right there.
pub fn parse(json: &str) -> Result<Entity> {
    let value = read(json)?;
    let found = judge(&value);
    if !found.is_empty() {
        return Err(mistakes(name(&value), &found));
    }
    // From the text, not from the value: this also finds a key that occurs twice.
    let entity: Entity = serde_json::from_str(json).map_err(|e| invalid("manifest is not valid", e))?;
    Ok(entity.explained())
}

/// The JSON of a manifest.
pub(super) fn read(json: &str) -> Result<Value> {
    serde_json::from_str(json).map_err(|e| invalid("manifest is no valid JSON", e))
}

/// A line for every mistake of a whole manifest.
pub(super) fn judge(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    shape::compare(&shape::ENTITY, value, "$", &mut found);
    judge_entity(value, &mut found);
    found
}

fn name(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

pub(super) fn invalid(message: &str, cause: serde_json::Error) -> Error {
    Error::new(Kind::Manifest, message).detail(cause.to_string())
}

/// So many mistakes are named at a time.
const SHOWN: usize = 40;

/// All mistakes of a manifest as one error.
pub(super) fn mistakes(name: Option<&str>, found: &[String]) -> Error {
    let name = match name {
        Some(name) => format!("manifest {}", shown(name)),
        None => "manifest".into(),
    };
    let count = match found.len() {
        1 => "a mistake".into(),
        n => format!("{n} mistakes"),
    };
    let more = found.len().saturating_sub(SHOWN);
    let mut lines: Vec<String> = found.iter().take(SHOWN).cloned().collect();
    lines.extend((more > 0).then(|| format!("and {more} more")));
    Error::new(Kind::Manifest, format!("{name} has {count}")).detail(lines.join("\n"))
}

/// A stream of which some parts may be missing or wrong.
pub(super) struct Draft<'a> {
    pub(super) at: String,
    pub(super) value: &'a Value,
    pub(super) columns: Vec<DraftColumn<'a>>,
}

pub(super) struct DraftColumn<'a> {
    pub(super) at: String,
    pub(super) value: &'a Value,
    pub(super) name: &'a str,
    pub(super) kind: Option<Type>,
}

impl<'a> Draft<'a> {
    fn new((i, value): (usize, &'a Value)) -> Self {
        let at = format!("$.streams[{i}]");
        let column = |(i, value): (usize, &'a Value)| {
            let kind = text(value, "type").and_then(Type::from_sql);
            let at = format!("{at}.columns[{i}]");
            text(value, "name").map(|name| DraftColumn { at, value, name, kind })
        };
        let columns = items(value, "columns").iter().enumerate().filter_map(column).collect();
        Draft { at, value, columns }
    }

    fn table(&self) -> Option<&'a str> {
        text(self.value, "table")
    }

    pub(super) fn column(&self, name: &str) -> Option<&DraftColumn<'a>> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The mistake in naming a column at `at`: it is not there, or its type is not as `fits` wants.
    pub(super) fn misnamed(
        &self,
        at: &str,
        name: &str,
        fits: impl Fn(Type) -> bool,
        wanted: &str,
    ) -> Option<String> {
        match self.column(name).map(|c| c.kind) {
            None => Some(format!("{at}: {} is no column of this stream", shown(name))),
            Some(Some(kind)) if !fits(kind) => {
                Some(format!("{at}: column {} must be {wanted}, not {}", shown(name), kind.sql()))
            }
            Some(_) => None,
        }
    }
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of an array, each with its path.
fn texts<'a>(value: &'a Value, at: &str) -> Vec<(String, &'a str)> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    let each = |(i, v): (usize, &'a Value)| v.as_str().map(|text| (format!("{at}[{i}]"), text));
    list.iter().enumerate().filter_map(each).collect()
}

fn judge_entity(value: &Value, found: &mut Vec<String>) {
    judge_names(value, found);
    let drafts: Vec<Draft> = items(value, "streams").iter().enumerate().map(Draft::new).collect();
    for (i, draft) in drafts.iter().enumerate() {
        let earlier = drafts.get(..i).unwrap_or_default();
        if draft.table().is_some() && earlier.iter().any(|e| e.table() == draft.table()) {
            found.push(format!("{}.table: an earlier stream fills this table", draft.at));
        }
        judge_columns(draft, found);
        judge_key(draft, text(value, "source"), found);
        judge_keep(draft, found);
        judge_snapshot(draft, found);
        judge_servers(draft, text(value, "source"), found);
        judge_parent(draft, earlier, found);
        judge_lists(draft, found);
        label::judge(draft, found);
        judge_filter(draft, text(value, "source"), found);
        judge_statement(draft, text(value, "source"), found);
        judge_model(draft, text(value, "source"), found);
    }
}

fn judge_names(value: &Value, found: &mut Vec<String>) {
    let own = text(value, "name");
    let listed = |key| value.get(key).map(|v| texts(v, &member("$", key))).unwrap_or_default();
    let (after, aliases) = (listed("after"), listed("aliases"));
    for (at, _) in after.iter().chain(&aliases).filter(|(_, name)| Some(*name) == own) {
        found.push(format!("{at}: is the entity's own name"));
    }
    let names = own.map(|name| ("$.name".to_string(), name)).into_iter().chain(aliases);
    for (at, _) in names.filter(|(_, name)| *name == "all") {
        found.push(format!("{at}: \"all\" means every entity"));
    }
}

fn judge_columns(draft: &Draft, found: &mut Vec<String>) {
    for (i, column) in draft.columns.iter().enumerate() {
        let DraftColumn { at, name, kind, value } = column;
        if draft.columns.iter().take(i).any(|earlier| earlier.name == *name) {
            found.push(format!("{at}.name: {} occurs twice", shown(name)));
        }
        if RESERVED.contains(name) {
            let reserved = RESERVED.join(", ");
            found.push(format!("{at}.name: {} is kept for the table itself, as are {reserved}", shown(name)));
        }
        judge_rules(draft, column, found);
        if value.get("scale").is_some() && kind.is_some_and(|kind| kind != Type::Numeric) {
            found.push(format!("{at}.scale: only a numeric column has one"));
        }
    }
}

fn judge_rules(draft: &Draft, column: &DraftColumn, found: &mut Vec<String>) {
    let DraftColumn { at, kind, value, .. } = column;
    for bound in ["min", "max"] {
        let wanted = match (kind, value.get(bound)) {
            (_, None) | (None, _) => continue,
            (Some(Type::Bigint | Type::Numeric), Some(bound)) => (!bound.is_number()).then_some("a number"),
            (Some(Type::Date | Type::Timestamptz), Some(bound)) => (!bound.is_string()).then_some("a day"),
            _ => Some("left out: only numbers, days and moments have one"),
        };
        found.extend(wanted.map(|wanted| format!("{at}.{bound}: must be {wanted}")));
    }
    let Some(unless) = value.get("unless") else { return };
    for (at, name) in texts(unless, &format!("{at}.unless")) {
        found.extend(draft.misnamed(&at, name, |_| true, ""));
    }
    if value.get("required") != Some(&Value::Bool(true)) {
        found.push(format!("{at}.unless: excuses from nothing, because the column is not required"));
    }
}

fn judge_key(draft: &Draft, source: Option<&str>, found: &mut Vec<String>) {
    let Some(key) = draft.value.get("key") else { return };
    let at = format!("{}.key", draft.at);
    for (at, name) in texts(key, &at) {
        let wanted = "bigint, numeric, text, date or timestamptz";
        found.extend(draft.misnamed(&at, name, Type::can_be_key, wanted));
    }
    let columns = items(draft.value, "key");
    if source == Some("odoo") && !columns.is_empty() && !is_odoo_key(draft, columns) {
        found.push(format!("{at}: must be one bigint column read from Odoo's id, by which pages are read"));
    }
}

fn is_odoo_key(draft: &Draft, key: &[Value]) -> bool {
    let [name] = key else { return false };
    // A column that is missing has its own line already.
    let Some(column) = name.as_str().and_then(|name| draft.column(name)) else { return true };
    let path = items(column.value, "path");
    let from_id = path == ["id"] || (path.is_empty() && column.name == "id");
    from_id && column.kind.is_none_or(|kind| kind == Type::Bigint)
}

fn judge_keep(draft: &Draft, found: &mut Vec<String>) {
    let Some(column) = draft.value.get("keep").and_then(|keep| text(keep, "column")) else { return };
    let at = format!("{}.keep.column", draft.at);
    found.extend(draft.misnamed(&at, column, |kind| kind == Type::Text, "text"));
}

/// Rows of several servers are told apart by their server: no key of theirs is one number.
fn judge_servers(draft: &Draft, source: Option<&str>, found: &mut Vec<String>) {
    let single =
        ["parent", "refers", "names", "snapshot"].into_iter().filter(|key| draft.value.get(key).is_some());
    for key in single.filter(|_| source == Some("sqlserver")) {
        found.push(format!("{}.{key}: a stream of SQL Server has none", draft.at));
    }
}

/// A snapshot is applied as a whole: nothing of it is told by itself.
fn judge_snapshot(draft: &Draft, found: &mut Vec<String>) {
    if draft.value.get("snapshot") != Some(&Value::Bool(true)) {
        return;
    }
    for key in ["keep", "parent", "date"].into_iter().filter(|key| draft.value.get(key).is_some()) {
        found.push(format!("{}.{key}: a snapshot has none", draft.at));
    }
    if !has_single_bigint_key(draft) {
        found.push(format!("{}.key: that of a snapshot must be one bigint column", draft.at));
    }
}

fn judge_parent(draft: &Draft, earlier: &[Draft], found: &mut Vec<String>) {
    let Some(parent) = draft.value.get("parent") else { return };
    let at = format!("{}.parent", draft.at);
    if let Some(column) = text(parent, "column") {
        let at = format!("{at}.column");
        found.extend(draft.misnamed(&at, column, |kind| kind == Type::Bigint, "bigint"));
    }
    let Some(table) = text(parent, "table") else { return };
    for either in [Some(draft), earlier.iter().find(|e| e.table() == Some(table))].into_iter().flatten() {
        if either.value.get("optional") == Some(&Value::Bool(true)) {
            found.push(format!("{}.optional: lines and their headers are read together", either.at));
        }
    }
    match earlier.iter().find(|e| e.table() == Some(table)) {
        None => found.push(format!("{at}.table: {} is the table of no earlier stream here", shown(table))),
        Some(header) if !has_single_bigint_key(header) => {
            found.push(format!("{at}.table: the key of {} is not one bigint column", shown(table)));
        }
        Some(_) => {}
    }
}

fn has_single_bigint_key(draft: &Draft) -> bool {
    let [name] = items(draft.value, "key") else { return false };
    let kind = name.as_str().and_then(|name| draft.column(name)).and_then(|c| c.kind);
    kind.is_none_or(|kind| kind == Type::Bigint)
}

fn judge_lists(draft: &Draft, found: &mut Vec<String>) {
    let any = |_: Type| true;
    for (i, index) in items(draft.value, "indexes").iter().enumerate() {
        for (at, name) in texts(index, &format!("{}.indexes[{i}]", draft.at)) {
            found.extend(draft.misnamed(&at, name, any, ""));
        }
    }
    let refers = draft.value.get("refers").and_then(Value::as_object);
    for name in refers.into_iter().flat_map(|map| map.keys()) {
        let at = member(&format!("{}.refers", draft.at), name);
        found.extend(draft.misnamed(&at, name, |kind| kind == Type::Bigint, "bigint"));
    }
}

fn judge_filter(draft: &Draft, source: Option<&str>, found: &mut Vec<String>) {
    let wrong = draft.value.get("filter").is_some_and(|filter| !filter.is_array());
    if wrong && source == Some("odoo") {
        found.push(format!("{}.filter: must be an Odoo domain, which is an array", draft.at));
    }
}

/// What becomes part of a statement there. A name does not: it is put in brackets.
fn judge_statement(draft: &Draft, source: Option<&str>, found: &mut Vec<String>) {
    if source != Some("sqlserver") {
        return;
    }
    let query = text(draft.value, "object").map(tsql::trimmed).filter(|object| tsql::is_query(object));
    for (key, text) in [("object", query), ("filter", text(draft.value, "filter"))] {
        let wrong = text.and_then(|text| tsql::check(text).err());
        found.extend(wrong.map(|wrong| format!("{}.{key}: {wrong}", draft.at)));
    }
}

/// The name becomes part of a URL there.
fn judge_model(draft: &Draft, source: Option<&str>, found: &mut Vec<String>) {
    let wrong = text(draft.value, "object").is_some_and(|object| !is_model(object));
    if wrong && source == Some("odoo") {
        found.push(format!("{}.object: must be the name of a model, such as res.partner", draft.at));
    }
}

/// Whether a text is a name as Odoo's models have one (`odoo/models.py`, `regex_object_name`).
pub fn is_model(object: &str) -> bool {
    let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    object.split('.').all(|part| !part.is_empty() && part.chars().all(of_name))
}
