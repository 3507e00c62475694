//! What `sync_discover()` shows of one server: its objects, or one object with its fields and
//! a manifest to start from.

use serde_json::{Map, Value, json};

use crate::entity::ddl::RESERVED;
use crate::entity::nearest::nearest;
use crate::entity::quote::quote_literal;
use crate::entity::{Stream, Type, catalog, derive, naming, private};
use crate::error::{Error, Kind, Result};
use crate::source::{DIGEST, Described, Object, Scope, Source};

/// One line of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovered {
    /// The remote object.
    pub object: String,
    /// One of its fields; `None`: the object itself.
    pub field: Option<String>,
    /// The remote's own type of the field, or what the object is: `model`, `module`, `table`, `view`.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// The type of a column that can hold the field; `None`: it cannot be kept.
    pub column_type: Option<String>,
    /// Rows of the object that the user may read.
    pub rows: Option<u64>,
    /// A manifest to start from.
    pub manifest: Option<Value>,
    /// The column of a manifest that would keep the field.
    pub column: Option<Value>,
    /// Whether the draft has it in its key.
    pub is_key: bool,
    /// Whether the draft has it as its cursor.
    pub is_cursor: bool,
    /// How that was found, where it is not plain.
    pub note: Option<String>,
}

/// Looks at the server as a whole, or at one object of it. `server` is its name, `wrapper` what a manifest calls the
/// source.
pub async fn discover(
    source: &mut dyn Source,
    server: &str,
    wrapper: &str,
    object: Option<&str>,
) -> Result<Vec<Discovered>> {
    let objects = source.objects().await?;
    let Some(name) = object else { return list(source, objects).await };
    let fields = source.describe(name).await.map_err(|error| or_like(error, server, name, &objects))?;
    let own = own_name(name, &objects);
    let label = objects.into_iter().find(|o| o.has_rows() && o.name == name).map(|o| (o.label, o.kind));
    let (label, kind) = label.unwrap_or_else(|| (name.to_string(), "object"));
    let rows = count(source, name).await?;
    let names = names(&fields);
    let manifest = Some(draft(wrapper, (name, &own), &label, &fields, &names));
    let whole =
        Discovered { object: name.into(), kind: kind.into(), label, rows, manifest, ..Default::default() };
    let lines = fields.into_iter().zip(names).map(|(field, own)| line(name, field, &own));
    Ok(std::iter::once(whole).chain(lines).collect())
}

/// An object that is not there may be one of another name: that of the most similar one, and where all are listed.
fn or_like(error: Error, server: &str, name: &str, objects: &[Object]) -> Error {
    if error.kind != Kind::NoObject {
        return error;
    }
    let names = objects.iter().filter(|object| object.has_rows()).map(|object| object.name.as_str());
    let guess = nearest(name, names).map(|like| format!("did you mean {}? ", quote_literal(like)));
    error.hint(format!(
        "{}see what there is with: select object from sync_discover({})",
        guess.unwrap_or_default(),
        quote_literal(server)
    ))
}

/// What an object is called here: the same each time, and never as another object of the server or as something
/// that is built in.
fn own_name(object: &str, objects: &[Object]) -> String {
    let name = naming::local(object);
    let is_like =
        |other: &&Object| other.has_rows() && other.name != object && naming::local(&other.name) == name;
    let built_in = catalog::builtin().iter().any(|entity| {
        let tables = entity.streams.iter().map(|stream| &stream.table);
        tables.chain(&entity.aliases).chain([&entity.name]).any(|known| *known == name)
    });
    let derived = derive::table(&name).is_some();
    match built_in || derived || name == "all" || objects.iter().any(|other| is_like(&other)) {
        true => naming::marked(&name, object),
        false => name,
    }
}

async fn list(source: &mut dyn Source, objects: Vec<Object>) -> Result<Vec<Discovered>> {
    let mut lines = Vec::new();
    for Object { name, label, kind } in objects {
        let rows = if kind == "module" { None } else { count(source, &name).await? };
        lines.push(Discovered { object: name, kind: kind.into(), label, rows, ..Default::default() });
    }
    Ok(lines)
}

/// How many rows there are; `None` where the object does not tell.
async fn count(source: &mut dyn Source, object: &str) -> Result<Option<u64>> {
    match source.count(&bare(object), &Scope::All).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if ends_it(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether the next object would fail alike.
fn ends_it(error: &Error) -> bool {
    matches!(error.kind, Kind::Cancelled | Kind::Unreachable | Kind::Login | Kind::Tls | Kind::NoDatabase)
}

/// A stream of which nothing but the object is known.
fn bare(object: &str) -> Stream {
    Stream { object: object.into(), table: naming::local(object), ..Stream::default() }
}

fn line(object: &str, field: Described, own: &str) -> Discovered {
    let column = field.column.map(|_| column(&field, own));
    let label = match &field.note {
        Some(note) => format!("{} ({note})", field.label),
        None => field.label.clone(),
    };
    Discovered {
        object: object.into(),
        field: Some(field.name),
        kind: field.remote_type,
        label,
        column_type: field.column.map(|kind| kind.sql().to_string()),
        column,
        is_key: field.is_key,
        is_cursor: field.is_cursor,
        note: field.note,
        ..Discovered::default()
    }
}

/// A manifest with what a report may need. What is private is named in it and left out. `object`: its name there and
/// here; `names`: those of the columns.
fn draft(wrapper: &str, object: (&str, &str), label: &str, fields: &[Described], names: &[String]) -> Value {
    let (object, name) = object;
    let about = if label.trim().is_empty() { object } else { label };
    let about = &told(about, fields);
    let kept =
        |(field, _): &(&Described, &String)| is_kept(field) && !is_withheld(field) && !field.is_of_screens;
    let named: Vec<(&Described, &String)> = fields.iter().zip(names).filter(kept).collect();
    let key: Vec<&String> = named.iter().filter(|(field, _)| field.is_key).map(|(_, name)| *name).collect();
    let cursor = fields.iter().find(|field| field.is_cursor).map(|field| &field.name);
    let columns: Vec<Value> = named.iter().map(|(field, name)| column(field, name)).collect();
    let mut stream = Map::from_iter([
        ("table".to_string(), json!(name)),
        ("about".to_string(), json!(about)),
        ("object".to_string(), json!(object)),
        ("key".to_string(), json!(key)),
        ("columns".to_string(), json!(columns)),
    ]);
    stream.extend(cursor.map(|cursor| ("cursor".to_string(), json!(cursor))));
    json!({"name": name, "about": about, "source": wrapper, "streams": [stream]})
}

/// When a row changed last is kept beside the columns of every table; a guess is kept as what it is, too.
fn is_kept(field: &Described) -> bool {
    field.column.is_some()
        && (field.is_key || !field.is_cursor || field.note.is_some() && field.column != Some(Type::Text))
}

/// Whether a draft leaves a field out for being private.
fn is_withheld(field: &Described) -> bool {
    !field.is_key && private::is_private(&field.name)
}

fn withheld(fields: &[Described]) -> Vec<&str> {
    let kept = fields.iter().filter(|field| field.column.is_some() && is_withheld(field));
    kept.map(|field| field.name.as_str()).collect()
}

/// At most this many of the fields that were left out are named.
const NAMED: usize = 30;

/// What a draft says of itself: how its key and cursor were found, and what it leaves out.
fn told(about: &str, fields: &[Described]) -> String {
    let mut told = about.to_string();
    for (what, is_it) in
        [("key", (|field| field.is_key) as fn(&Described) -> bool), ("cursor", |field| field.is_cursor)]
    {
        let found: Vec<&Described> = fields.iter().filter(|field| is_it(field)).collect();
        let Some(note) = found.iter().find_map(|field| field.note.as_ref()) else { continue };
        let names: Vec<&str> = found.iter().map(|field| field.name.as_str()).collect();
        told = format!("{told}; {what}: {} ({note})", names.join(", "));
    }
    let withheld = withheld(fields);
    if withheld.is_empty() {
        return told;
    }
    let more = if withheld.len() > NAMED { ", ..." } else { "" };
    let named = withheld.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    format!("{told}; left out as private: {named}{more}")
}

/// What the columns of the fields are called: none as another, and none as what every table has.
fn names(fields: &[Described]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for field in fields {
        let mut name = match field.name.as_str() {
            DIGEST => "row_key".to_string(),
            name => naming::local(name),
        };
        if RESERVED.contains(&name.as_str()) {
            name.push('_');
        }
        names.push(naming::free(name, |name| names.iter().any(|taken| taken == name)));
    }
    names
}

fn column(field: &Described, name: &str) -> Value {
    let about = if field.label.trim().is_empty() { &field.name } else { &field.label };
    let mut column = json!({"name": name, "type": field.column.map(|kind| kind.sql()), "about": about});
    if let Some(members) = column.as_object_mut() {
        members.extend((field.name != name).then(|| ("path".to_string(), json!([field.name]))));
        members.extend(field.scale.map(|scale| ("scale".to_string(), json!(scale))));
    }
    column
}

/// A field of an object of a server, by its name there or here.
///
/// Errors: [`Kind::Usage`] when there is none.
pub(super) fn field_of<'a>(
    fields: &'a [Discovered],
    (server, object): (&str, &str),
    name: &str,
) -> Result<&'a Discovered> {
    let named = |field: &&Discovered| field.field.as_deref() == Some(name) || local(field) == Some(name);
    let like = |field: &&Discovered| field.field.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
    let found = fields.iter().find(named).or_else(|| fields.iter().find(like));
    found.ok_or_else(|| {
        let names = fields.iter().filter_map(|field| field.field.as_deref());
        let error = Error::new(Kind::Usage, format!("\"{object}\" has no field \"{name}\""));
        match nearest(name, names) {
            Some(word) => error.hint(format!("did you mean \"{word}\"?")),
            None => error.hint(format!(
                "see its fields with: select field, remote_type, label from sync_discover({}, {})",
                quote_literal(server),
                quote_literal(object)
            )),
        }
    })
}

/// What a field is called here.
pub(super) fn local(field: &Discovered) -> Option<&str> {
    field.column.as_ref().and_then(|column| column["name"].as_str())
}
