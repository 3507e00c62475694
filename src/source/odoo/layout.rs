//! Which columns of a stream this remote gives to this user.

use std::collections::BTreeMap;

use serde_json::Value;

use super::settings::Settings;
use crate::entity::quote::quote_literal;
use crate::entity::{Column, Stream, Type};
use crate::error::{Error, Kind, Result};
use crate::source::{Field, Layout};

/// Attributes that `fields_get` is asked for: few, because all of them take 50 times as long.
pub(super) const ATTRIBUTES: [&str; 6] =
    ["type", "store", "relation", "company_dependent", "related", "searchable"];

/// The fields of a model that the user may read: name -> type. Odoo leaves the others out.
pub(super) type Fields = BTreeMap<String, String>;

/// The answer of `fields_get`.
pub(super) fn fields(answer: &Value) -> Option<Fields> {
    let kind = |field: &Value| field.get("type").and_then(Value::as_str).map(str::to_string);
    answer.as_object()?.iter().map(|(name, field)| Some((name.clone(), kind(field)?))).collect()
}

/// Chooses a field for each column. Errors: [`Kind::NoField`] for a column that is
/// needed, [`Kind::Manifest`] for a key other than `id`.
pub(super) fn of(settings: &Settings, stream: &Stream, fields: &Fields) -> Result<Layout> {
    check_key(stream)?;
    check_cursor(settings, stream, fields)?;
    let mut layout = Layout::default();
    for (column, wanted) in stream.columns.iter().enumerate() {
        match choose(wanted, fields) {
            Ok((path, remote_type)) => layout.columns.push(Field { column, path, remote_type }),
            Err(_) if wanted.optional && is_absent(wanted, fields) => (),
            Err(why) if stream.is_needed(wanted) => return Err(lacking(settings, stream, wanted, &why)),
            Err(why) => layout.left_out.push((wanted.name.clone(), why)),
        }
    }
    Ok(layout)
}

fn is_absent(column: &Column, fields: &Fields) -> bool {
    !column.paths().iter().any(|path| fields.contains_key(*path))
}

/// The remote field a column is read from.
pub(super) fn path(column: &Column, fields: &Fields) -> Option<String> {
    choose(column, fields).ok().map(|(path, _)| path)
}

/// The first path that exists, with its type; else the reason for a person.
fn choose(column: &Column, fields: &Fields) -> Result<(String, String), String> {
    let paths = column.paths();
    let Some((path, kind)) = paths.iter().find_map(|path| fields.get_key_value(*path)) else {
        if let Some(path) = paths.iter().find(|path| path.contains('.')) {
            return Err(format!(
                "\"{path}\" leads through another model, and a column is read from a field of its own: keep that model \
                 as a table and join it"
            ));
        }
        let names: Vec<String> = paths.iter().map(|path| format!("\"{path}\"")).collect();
        return Err(format!("no field {} that the user may read", names.join(" or ")));
    };
    match fits(kind, column.kind) {
        true => Ok((path.clone(), kind.clone())),
        false => Err(format!("field \"{path}\" is of type {kind}, which is no {}", name(column.kind))),
    }
}

/// Whether values of a remote type can be stored in a column of this type.
fn fits(remote: &str, kind: Type) -> bool {
    match kind {
        // Whole floats are whole numbers; a record with another is rejected.
        Type::Bigint => {
            matches!(remote, "integer" | "many2one" | "many2one_reference" | "float" | "monetary")
        }
        Type::Numeric => matches!(remote, "float" | "monetary" | "integer"),
        Type::Text => {
            let text = ["char", "text", "html", "selection", "reference", "json", "properties"];
            text.contains(&remote) || is_written_plainly(remote)
        }
        Type::Boolean => remote == "boolean",
        Type::Date => remote == "date",
        Type::Timestamptz => matches!(remote, "datetime" | "date"),
        Type::Jsonb => matches!(remote, "json" | "properties" | "properties_definition" | "reference"),
        Type::BigintArray => matches!(remote, "one2many" | "many2many"),
        Type::TextArray => remote == "json",
    }
}

/// Whether a value's own text says all of it: a field that was a text once goes on. An id does not, and
/// of a boolean nobody can tell no from nothing.
pub(super) fn is_written_plainly(remote: &str) -> bool {
    matches!(remote, "integer" | "float" | "monetary" | "date" | "datetime")
}

/// The type's name in a manifest.
pub(super) fn name(kind: Type) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_string)).unwrap_or_default()
}

/// The line that lists the fields of a model.
pub(super) fn fields_of(server: &str, model: &str) -> String {
    let (server, model) = (quote_literal(server), quote_literal(model));
    format!("select field, remote_type from sync_discover({server}, {model})")
}

/// `order`, `after` and every scope speak of `id`; Odoo has no other key.
fn check_key(stream: &Stream) -> Result<()> {
    let is_id = |name: &String| stream.columns.iter().any(|c| c.name == *name && c.paths() == ["id"]);
    match stream.key.as_slice() {
        [name] if is_id(name) => Ok(()),
        _ => Err(Error::new(
            Kind::Manifest,
            format!("the key of stream \"{}\" is not the field \"id\"", stream.table),
        )
        .hint("give it: \"key\": [\"id\"] and a column \"id\" of type bigint")),
    }
}

fn check_cursor(settings: &Settings, stream: &Stream, fields: &Fields) -> Result<()> {
    let Some(cursor) = &stream.cursor else { return Ok(()) };
    match fields.get(cursor).map(String::as_str) {
        Some("datetime") => Ok(()),
        Some(_) => Err(no_field(settings, stream, &format!("the cursor \"{cursor}\" is no moment"))),
        None => Err(no_field(
            settings,
            stream,
            &format!("there is no cursor \"{cursor}\" that the user may read"),
        )),
    }
}

fn lacking(settings: &Settings, stream: &Stream, column: &Column, why: &str) -> Error {
    no_field(settings, stream, &format!("the column \"{}\" cannot be read", column.name)).detail(why)
}

fn no_field(settings: &Settings, stream: &Stream, what: &str) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::NoField, format!("\"{server}\", object \"{}\": {what}", stream.object)).hint(format!(
        "give the remote user \"{username}\" the right to read it, or install the module it comes from"
    ))
}
