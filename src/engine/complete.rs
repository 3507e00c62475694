//! Columns that a manifest names alone, or leaves out altogether: looked up on a server.

use serde_json::{Value, json};

use super::discover::{Discovered, discover, field_of};
use crate::entity::open::Open;
use crate::error::{Error, Kind, Result};
use crate::source::Source;

/// Completes a manifest: a column that is its name alone becomes the one that a draft would have, and a stream without
/// columns gets those of a draft.
///
/// Errors: those of the source, and [`Kind::Usage`] for a name that is no field, or one that no column can keep.
pub async fn complete(
    source: &mut dyn Source,
    server: &str,
    manifest: &mut Value,
    open: &Open,
) -> Result<()> {
    for (stream, object) in &open.streams {
        let mut found = discover(source, server, &open.source, Some(object)).await?.into_iter();
        let draft = found.next().and_then(|whole| whole.manifest).unwrap_or_default();
        let fields: Vec<Discovered> = found.collect();
        fill(&mut manifest["streams"][*stream], &draft["streams"][0], &|name| {
            let field = field_of(&fields, (server, object), name)?;
            field.column.clone().ok_or_else(|| unkept(name, &field.kind))
        })?;
    }
    Ok(())
}

fn unkept(name: &str, kind: &str) -> Error {
    Error::new(Kind::Usage, format!("the field \"{name}\" is of a type that no column can keep: {kind}"))
        .hint("leave it out")
}

fn fill(stream: &mut Value, draft: &Value, column: &dyn Fn(&str) -> Result<Value>) -> Result<()> {
    match &mut stream["columns"] {
        Value::Array(columns) => {
            for entry in columns {
                if let Some(name) = entry.as_str() {
                    *entry = column(name)?;
                }
            }
        }
        all => *all = draft["columns"].clone(),
    }
    if let Some(key) = stream["key"].as_array() {
        let key: Vec<Value> = key.iter().map(|part| local(part, &stream["columns"])).collect();
        stream["key"] = json!(key);
    }
    Ok(())
}

/// A part of a key by the name of its column, where it is the field's.
fn local(part: &Value, columns: &Value) -> Value {
    let columns = columns.as_array().map_or(&[][..], Vec::as_slice);
    let is_of = |column: &&Value| column["path"] == json!([part]);
    match columns.iter().any(|column| column["name"] == *part) {
        true => part.clone(),
        false => columns.iter().find(is_of).map_or(part, |column| &column["name"]).clone(),
    }
}
