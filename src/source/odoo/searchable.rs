//! Refuses conditions that Odoo would ignore: on a field that is worked out on reading and cannot be searched for, up
//! to 18 it logs an error and gives every row (`odoo/osv/expression.py`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::refusal::BAD_FILTER;
use super::{Odoo, layout};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};

/// The longest path of a condition that is followed.
const STEPS: usize = 8;

/// What decides whether a condition on a field of a model is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Searchable {
    /// Fields that no condition may name.
    not: BTreeSet<String>,
    /// The model that a field points to.
    relations: BTreeMap<String, String>,
}

impl Searchable {
    /// Notes a part of the answer of `fields_get`.
    pub(super) fn note(&mut self, answer: &Value) {
        for (name, field) in answer.as_object().into_iter().flatten() {
            if field.get("searchable") == Some(&Value::Bool(false)) {
                self.not.insert(name.clone());
            }
            if let Some(relation) = field.get("relation").and_then(Value::as_str) {
                self.relations.insert(name.clone(), relation.to_string());
            }
        }
    }
}

impl Odoo {
    /// Fails where the stream relies on a condition that would be ignored: its filter, its cursors, the day of its
    /// documents, or the header of its lines.
    pub(super) async fn check_conditions(&mut self, stream: &Stream) -> Result<()> {
        let mut paths: Vec<(&str, String)> = Vec::new();
        paths.extend(stream.filter.iter().flat_map(filtered).map(|path| ("filter", path)));
        paths.extend(stream.cursor.iter().map(|path| ("cursor", path.clone())));
        paths.extend(stream.follows.iter().map(|path| ("follows", path.clone())));
        paths.extend(stream.date.iter().map(|path| ("date", path.clone())));
        paths.extend(self.parent_path(stream).await?.map(|path| ("parent", path)));
        for (place, path) in paths {
            if let Some((model, field)) = self.ignored(&stream.object, &path).await? {
                return Err(self.not_searchable(stream, place, &model, &field));
            }
        }
        Ok(())
    }

    /// The model and field of a path that cannot be searched for.
    async fn ignored(&mut self, object: &str, path: &str) -> Result<Option<(String, String)>> {
        let mut model = object.to_string();
        for step in path.split('.').take(STEPS) {
            match self.fields(&model).await {
                // What lies in a model that this user does not see is for Odoo to judge.
                Err(error) if matches!(error.kind, Kind::Forbidden | Kind::NoObject) => return Ok(None),
                fields => drop(fields?),
            }
            let Some(known) = self.searchable.get(&model) else { return Ok(None) };
            if known.not.contains(step) {
                return Ok(Some((model, step.to_string())));
            }
            match known.relations.get(step) {
                Some(relation) => model.clone_from(relation),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn not_searchable(&self, stream: &Stream, place: &str, model: &str, field: &str) -> Error {
        let server = &self.rpc.settings().server;
        let message = format!("\"{server}\" cannot search \"{model}\" by \"{field}\"");
        let table = &stream.table;
        Error::new(Kind::Manifest, message)
            .detail(format!(
                "the {place} of stream \"{table}\" names it; it is worked out on reading, and Odoo would give every row"
            ))
            .hint(match place {
                "filter" => BAD_FILTER.to_string(),
                _ => format!("name a stored field as {place}, see: {}", layout::fields_of(server, model)),
            })
    }
}

/// The paths that the conditions of a filter name, also within `any`, whose conditions are on what a path leads to.
fn filtered(filter: &Value) -> Vec<String> {
    filter.as_array().into_iter().flatten().flat_map(named).collect()
}

fn named(term: &Value) -> Vec<String> {
    let Some(path) = term.get(0).and_then(Value::as_str) else { return Vec::new() };
    let within = match term.get(1).and_then(Value::as_str) {
        Some("any" | "not any") => term.get(2).map(filtered).unwrap_or_default(),
        _ => Vec::new(),
    };
    let within = within.into_iter().map(|deeper| format!("{path}.{deeper}"));
    std::iter::once(path.to_string()).chain(within).collect()
}
