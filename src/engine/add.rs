//! What `sync_add()` makes of one remote object: a manifest, and what was chosen for it and why.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::discover::{Discovered, discover, field_of, local};
use crate::entity::Entity;
use crate::entity::quote::quote_literal;
use crate::error::{Error, Kind, Result};
use crate::source::{DIGEST, Source, hint};

/// A remote object that is to be here, as its caller said it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Addition {
    /// The server.
    pub server: String,
    /// The object.
    pub object: String,
    /// What the entity and its table are to be called.
    pub entity: Option<String>,
    /// The fields that tell rows apart.
    pub key: Option<Vec<String>>,
    /// The field that grows with every change; empty: there is none.
    pub cursor: Option<String>,
}

/// What was chosen of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Of what: `entity`, `table`, `key`, `cursor`, `columns`, `rows`.
    pub what: String,
    /// What.
    pub chosen: String,
    /// How it was found, and what is to be known of it.
    pub because: String,
    /// The line that changes it.
    pub change: Option<String>,
}

/// A manifest for the object, and what was chosen. `wrapper` is what a manifest calls the source, `schema` where the
/// table will be; `known`: the entities there are.
///
/// Errors: those of the source, and [`Kind::Usage`] for a key or cursor that the object does not have.
pub async fn add(
    source: &mut dyn Source,
    wrapper: &str,
    schema: &str,
    wanted: &Addition,
    known: &[Entity],
) -> Result<(Value, Vec<Choice>)> {
    let mut found = discover(source, &wanted.server, wrapper, Some(&wanted.object)).await?.into_iter();
    let draft = found.next().and_then(|whole| whole.manifest);
    let draft = draft.ok_or_else(|| Error::new(Kind::Internal, "an object without a draft"))?;
    let mut draft = Draft { wanted, fields: found.collect(), manifest: draft };
    if let Some(name) = &wanted.entity {
        draft.manifest["name"] = json!(name);
        draft.stream()["table"] = json!(name);
    }
    if let Some(key) = &wanted.key {
        draft.set_key(key)?;
    }
    if let Some(cursor) = &wanted.cursor {
        draft.set_cursor(cursor)?;
    }
    let choices = draft.choices(schema, known);
    Ok((draft.manifest, choices))
}

struct Draft<'a> {
    wanted: &'a Addition,
    fields: Vec<Discovered>,
    manifest: Value,
}

impl Draft<'_> {
    fn stream(&mut self) -> &mut Value {
        &mut self.manifest["streams"][0]
    }

    fn said(&self, name: &str) -> &Value {
        &self.manifest["streams"][0][name]
    }

    fn field(&self, name: &str) -> Result<&Discovered> {
        field_of(&self.fields, (&self.wanted.server, &self.wanted.object), name)
    }

    /// The column that keeps a field, added where the draft left it out.
    fn keep(&mut self, name: &str) -> Result<String> {
        let field = self.field(name)?;
        let (Some(column), Some(here)) = (field.column.clone(), local(field).map(str::to_string)) else {
            let message =
                format!("the field \"{name}\" is of a type that no column can keep: {}", field.kind);
            return Err(Error::new(Kind::Usage, message)
                .hint("name another one, or leave the argument out to see what is chosen then"));
        };
        if let Some(columns) = self.stream()["columns"].as_array_mut()
            && !columns.iter().any(|had| had["name"] == column["name"])
        {
            columns.push(column);
        }
        Ok(here)
    }

    fn set_key(&mut self, fields: &[String]) -> Result<()> {
        if fields.is_empty() {
            return Err(Error::new(Kind::Usage, "a key without a field")
                .hint("name the fields that tell rows apart: key => array['...']"));
        }
        let mut key = Vec::new();
        for field in fields {
            key.push(self.keep(field)?);
        }
        // The digest of a row stands in for a key.
        if let Some(columns) = self.stream()["columns"].as_array_mut() {
            columns.retain(|column| path(column) != DIGEST || key.iter().any(|name| column["name"] == *name));
        }
        self.stream()["key"] = json!(key);
        Ok(())
    }

    fn set_cursor(&mut self, field: &str) -> Result<()> {
        let before = self.said("cursor").as_str().map(str::to_string);
        if let Some(before) = before.filter(|before| before != field) {
            // It is a column like others then, where one can keep it.
            let _ = self.keep(&before);
        }
        if field.is_empty() {
            self.stream().as_object_mut().map(|stream| stream.remove("cursor"));
            return Ok(());
        }
        let name = self.field(field)?.field.clone();
        self.stream()["cursor"] = json!(name);
        Ok(())
    }

    fn choices(&self, schema: &str, known: &[Entity]) -> Vec<Choice> {
        let name = self.manifest["name"].as_str().unwrap_or_default();
        let because =
            |asked: bool, otherwise: &str| if asked { "as you said".into() } else { otherwise.to_string() };
        let Addition { server, object, entity, key, cursor } = self.wanted;
        let line = |more: &str| {
            let (server, object) = (quote_literal(server), quote_literal(object));
            Some(format!("select * from sync_add({server}, {object}, {more})"))
        };
        let choice = |what: &str, chosen: String, because: String, change: Option<String>| Choice {
            what: what.into(),
            chosen,
            because,
            change,
        };
        let table = self.said("table").as_str().unwrap_or_default();
        let columns = self.said("columns").as_array().into_iter().flatten();
        let columns = columns.filter(|column| path(column) != DIGEST).count();
        let fields = self.fields.iter().filter(|field| !is_digest(field)).count();
        let fields_line = format!(
            "select field, remote_type, manifest from sync_discover({}, {})",
            quote_literal(server),
            quote_literal(object)
        );
        vec![
            choice(
                "entity",
                name.into(),
                because(entity.is_some(), "the object's name") + &self.others(name, known),
                line("entity => '...'"),
            ),
            choice(
                "table",
                format!("{}.{}", hint::ident(schema), hint::ident(table)),
                "called as the entity, in the schema of erp_sync.target_schema".into(),
                None,
            ),
            choice("key", self.key(), because(key.is_some(), &self.why_key()), line("key => array['...']")),
            choice(
                "cursor",
                self.cursor(),
                because(cursor.is_some(), &self.why_cursor()),
                line("cursor => '...'"),
            ),
            choice("columns", format!("{columns} of {fields}"), self.why_columns(), Some(fields_line)),
        ]
    }

    /// Other entities that read the object.
    fn others(&self, name: &str, known: &[Entity]) -> String {
        let (source, object) = (&self.manifest["source"], &self.wanted.object);
        let reads = |entity: &&Entity| {
            entity.name != name
                && *source == *entity.source
                && entity.streams.iter().any(|stream| stream.object == *object)
        };
        let names: Vec<&str> = known.iter().filter(reads).map(|entity| entity.name.as_str()).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!("; read too by {}", names.join(", ")),
        }
    }

    fn key(&self) -> String {
        let names: Vec<&str> =
            self.said("key").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.join(", ")
    }

    fn why_key(&self) -> String {
        let note = self.fields.iter().filter(|field| field.is_key).find_map(|field| field.note.clone());
        note.unwrap_or_else(|| "the remote's own".into())
    }

    fn cursor(&self) -> String {
        self.said("cursor").as_str().unwrap_or("none").into()
    }

    fn why_cursor(&self) -> String {
        let chosen = self.fields.iter().find(|field| field.is_cursor);
        match chosen {
            Some(field) => {
                field.note.clone().unwrap_or_else(|| "the remote itself sets it with every change".into())
            }
            None => "nothing is known to grow with every change: each run reads the whole".into(),
        }
    }

    /// What of the object is not kept.
    fn why_columns(&self) -> String {
        let kept: Vec<&str> = self.said("columns").as_array().into_iter().flatten().map(path).collect();
        let left_out: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| !is_digest(field))
            .filter_map(|field| field.field.as_deref())
            .filter(|name| !kept.contains(name) && self.said("cursor").as_str() != Some(name))
            .collect();
        let more = if left_out.len() > NAMED { ", ..." } else { "" };
        match left_out.is_empty() {
            true => "all that there are".into(),
            false => format!(
                "left out, because private, for its own screens, or of a type that no column keeps: {}{more}",
                left_out.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

/// Whether a field stands for a digest of the row.
fn is_digest(field: &Discovered) -> bool {
    field.field.as_deref() == Some(DIGEST)
}

/// So many fields are named.
const NAMED: usize = 12;

/// The field that a column is read from.
fn path(column: &Value) -> &str {
    column["path"][0].as_str().or_else(|| column["name"].as_str()).unwrap_or_default()
}
