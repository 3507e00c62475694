//! What a manifest says of the names that its rows have and show: `names`, `label`, `variant`, `digits`, and the
//! `currency` of a column.

use super::shape::member;
use super::validate::{Draft, text};
use super::words::shown;
use super::{Stream, Type};

impl Stream {
    /// The table whose keys a column holds, one or a list of them.
    pub fn target(&self, column: &str) -> Option<&str> {
        let parent = self.parent.iter().filter(|parent| parent.column == column).map(|parent| &parent.table);
        parent.chain(self.refers.get(column)).chain(self.names.get(column)).map(String::as_str).next()
    }
}

/// Appends to `found` a line for every mistake in these members.
pub(super) fn judge(draft: &Draft, found: &mut Vec<String>) {
    judge_names(draft, found);
    judge_label(draft, found);
    judge_variant(draft, found);
    judge_digits(draft, found);
    judge_currencies(draft, found);
}

fn judge_names(draft: &Draft, found: &mut Vec<String>) {
    for name in keys(draft, "names") {
        let at = member(&format!("{}.names", draft.at), name);
        let is_key = |kind| matches!(kind, Type::Bigint | Type::BigintArray);
        found.extend(draft.misnamed(&at, name, is_key, "bigint or bigint[]"));
    }
}

/// A label is a text, or follows a reference to what is called so.
fn judge_label(draft: &Draft, found: &mut Vec<String>) {
    let label = draft.value.get("label").and_then(|label| label.as_object());
    for (kind, column) in label.into_iter().flatten() {
        let at = member(&format!("{}.label", draft.at), kind);
        let Some(column) = column.as_str() else { continue };
        found.extend(draft.misnamed(&at, column, |kind| kind != Type::BigintArray, "text"));
        let is_text = draft.column(column).is_none_or(|column| column.kind.is_none_or(|k| k == Type::Text));
        if !is_text && !points(draft, column) {
            found.push(format!("{at}: column {} must be text, or stand in \"names\"", shown(column)));
        }
    }
}

fn judge_variant(draft: &Draft, found: &mut Vec<String>) {
    let Some(column) = text(draft.value, "variant") else { return };
    let at = format!("{}.variant", draft.at);
    found.extend(draft.misnamed(&at, column, |kind| kind == Type::BigintArray, "bigint[]"));
    if draft.column(column).is_some() && !points(draft, column) {
        found.push(format!("{at}: column {} must stand in \"names\"", shown(column)));
    }
}

fn judge_digits(draft: &Draft, found: &mut Vec<String>) {
    let Some(column) = text(draft.value, "digits") else { return };
    let at = format!("{}.digits", draft.at);
    found.extend(draft.misnamed(&at, column, |kind| kind == Type::Bigint, "bigint"));
}

fn judge_currencies(draft: &Draft, found: &mut Vec<String>) {
    for column in &draft.columns {
        let Some(currency) = text(column.value, "currency") else { continue };
        let at = format!("{}.currency", column.at);
        if column.kind.is_some_and(|kind| kind != Type::Numeric) {
            found.push(format!("{at}: only a numeric column has one"));
        }
        found.extend(draft.misnamed(&at, currency, |kind| kind == Type::Bigint, "bigint"));
        if draft.column(currency).is_some() && !points(draft, currency) {
            found.push(format!("{at}: column {} must stand in \"names\" or \"refers\"", shown(currency)));
        }
    }
}

/// Whether a column holds keys of another table.
fn points(draft: &Draft, column: &str) -> bool {
    let parent = draft.value.get("parent").and_then(|parent| text(parent, "column"));
    parent == Some(column) || ["refers", "names"].iter().any(|map| keys(draft, map).contains(&column))
}

fn keys<'a>(draft: &Draft<'a>, name: &str) -> Vec<&'a str> {
    let map = draft.value.get(name).and_then(|map| map.as_object());
    map.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect()
}
