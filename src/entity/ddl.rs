//! SQL text that makes and widens the table of a stream. Tables only ever
//! grow: columns are added in the widest type of their kind and never changed.

use super::quote::{object_name, qualified, quote_ident, quote_literal};
use super::{Stream, Type, named};
use crate::error::{Error, Kind, Result};

/// Columns that every business table has beside its manifest's own, in three
/// parts: name, type with default, comment.
const ADDED: [(&str, &str, &str); 4] = [
    ("source_updated_at", "timestamptz", "When the remote changed the row last, by the remote's own clock"),
    ("synced_at", "timestamptz not null default now()", "When the row last changed here"),
    ("run_id", "bigint", "The run that wrote the row: erp_sync.run"),
    ("raw", "jsonb", "The whole remote record, while keep_raw is on for the entity"),
];

/// The column in front of the key: name, type, comment.
const TENANT: (&str, &str, &str) = ("tenant", "text not null", "The business the row belongs to");

/// Columns the extension keeps for itself, and those PostgreSQL does.
pub const RESERVED: [&str; 12] = [
    "tenant",
    "server",
    "source_updated_at",
    "synced_at",
    "run_id",
    "raw",
    "ctid",
    "xmin",
    "xmax",
    "cmin",
    "cmax",
    "tableoid",
];

/// A column as it is written in DDL: name, type, comment.
type Definition<'a> = (&'a str, &'a str, &'a str);

/// The statements that make the stream's table with its comments, in order. Key columns of text
/// are ordered by the codes of their characters, as sources send them.
pub fn create_table(stream: &Stream, schema: &str) -> Vec<String> {
    let table = qualified(schema, &stream.table);
    let ordered = |name, kind| match kind == "text" && stream.key.iter().any(|key| key == name) {
        true => " collate \"C\"",
        false => "",
    };
    let mut lines: Vec<String> = definitions(stream)
        .map(|(name, kind, _)| format!("  {} {kind}{}", quote_ident(name), ordered(name, kind)))
        .collect();
    let (name, key) = (object_name(&[&stream.table], "pkey"), key_columns(stream));
    lines.push(format!("  constraint {} primary key ({key})", quote_ident(&name)));
    let mut statements = vec![
        format!("create table if not exists {table} (\n{}\n)", lines.join(",\n")),
        format!("comment on table {table} is {}", quote_literal(&stream.about)),
    ];
    statements.extend(definitions(stream).map(|d| comment(&table, d)));
    statements
}

/// The statements that add to an existing table what it lacks. `existing` holds
/// name and type (as `format_type` says it) of every column.
///
/// Errors: [`Kind::Conflict`] when a column is there in another type, or when
/// the table has no `tenant` or lacks a key column, and so was not made by us.
pub fn add_columns(stream: &Stream, schema: &str, existing: &[(String, String)]) -> Result<Vec<String>> {
    let table = qualified(schema, &stream.table);
    fits(stream, schema, existing)?;
    let found = |name: &str| existing.iter().find(|(n, _)| n == name);
    let missing: Vec<Definition> = definitions(stream).filter(|(name, ..)| found(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let added: Vec<String> = missing
        .iter()
        .map(|(name, kind, _)| format!("  add column if not exists {} {kind}", quote_ident(name)))
        .collect();
    let mut statements = vec![format!("alter table {table}\n{}", added.join(",\n"))];
    statements.extend(missing.into_iter().map(|d| comment(&table, d)));
    Ok(statements)
}

/// Whether the columns that are there are of the types they should have: another type could run somebody's code where
/// values are cast or compared. Parameters and errors as for [`add_columns`].
pub fn fits(stream: &Stream, schema: &str, existing: &[(String, String)]) -> Result<()> {
    let found = |name: &str| existing.iter().find(|(n, _)| n == name).map(|(_, kind)| kind.as_str());
    refuse_foreign(stream, schema, &found)?;
    refuse_retyped(stream, schema, &found)
}

/// The statements that make the stream's indexes: those of the manifest, and
/// one on the parent column, by which lines are found with every header.
pub fn indexes(stream: &Stream, schema: &str) -> Vec<String> {
    let parent = stream.parent.as_ref().map(|parent| vec![parent.column.clone()]);
    let covered = |own: &Vec<String>| stream.indexes.iter().any(|index| index.first() == own.first());
    parent
        .filter(|own| !covered(own))
        .iter()
        .chain(&stream.indexes)
        .map(|columns| index(stream, schema, columns))
        .collect()
}

fn index(stream: &Stream, schema: &str, columns: &[String]) -> String {
    let mut parts = vec![stream.table.as_str()];
    parts.extend(columns.iter().map(String::as_str));
    let listed: Vec<String> = columns.iter().map(|c| quote_ident(c)).collect();
    format!(
        "create index if not exists {} on {} (\"tenant\", {})",
        quote_ident(&object_name(&parts, "idx")),
        qualified(schema, &stream.table),
        listed.join(", ")
    )
}

/// All columns in the order of the table.
fn definitions(stream: &Stream) -> impl Iterator<Item = Definition<'_>> {
    let own = |server| {
        let columns = stream.columns.iter().filter(move |column| (column.name == "server") == server);
        columns.map(|c| (c.name.as_str(), c.kind.sql(), c.about.as_str()))
    };
    // What is made of other tables is read from nowhere.
    let added = ADDED.into_iter().filter(|(name, ..)| !stream.object.is_empty() || *name == "synced_at");
    std::iter::once(TENANT).chain(own(true)).chain(own(false)).chain(added)
}

/// The comment of a column of the table, as far as it is ours.
pub(super) fn about<'a>(stream: &'a Stream, column: &str) -> Option<&'a str> {
    definitions(stream).find(|(name, ..)| *name == column).map(|(.., about)| about)
}

/// The columns of the primary key, tenant first: one business, one shard.
fn key_columns(stream: &Stream) -> String {
    let names: Vec<String> =
        std::iter::once("tenant").chain(stream.key.iter().map(String::as_str)).map(quote_ident).collect();
    names.join(", ")
}

fn comment(table: &str, (name, _, about): Definition) -> String {
    format!("comment on column {table}.{} is {}", quote_ident(name), quote_literal(about))
}

fn refuse_foreign<'a>(stream: &Stream, schema: &str, found: &impl Fn(&str) -> Option<&'a str>) -> Result<()> {
    let first = std::iter::once("tenant").chain(stream.key.iter().map(String::as_str));
    let lacking: Vec<&str> = first.filter(|name| found(name).is_none()).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let table = qualified(schema, &stream.table);
    Err(Error::new(Kind::Conflict, format!("table {table} exists and was not made by erp_sync"))
        .detail(format!("it lacks: {}", lacking.join(", ")))
        .hint(format!("alter table {table} rename to {}", quote_ident(&format!("{}_old", stream.table)))))
}

fn refuse_retyped<'a>(stream: &Stream, schema: &str, found: &impl Fn(&str) -> Option<&'a str>) -> Result<()> {
    let table = qualified(schema, &stream.table);
    let (mut seen, mut mend) = (Vec::new(), Vec::new());
    for (name, want) in typed(stream) {
        let Some(is) = found(name).filter(|is| !want.is_called(is)) else { continue };
        seen.push(format!("column \"{name}\" is {is}, needed is {}", want.sql()));
        mend.push(format!("alter column {} type {}", quote_ident(name), want.sql()));
    }
    if seen.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, format!("table {table} has columns of another type"))
        .detail(seen.join("\n"))
        .hint(format!("{}alter table {table} {}", named::without_view(stream, schema), mend.join(", "))))
}

/// Name and type of every column, without defaults.
fn typed(stream: &Stream) -> impl Iterator<Item = (&str, Type)> {
    let own = stream.columns.iter().map(|c| (c.name.as_str(), c.kind));
    let ours = [
        ("tenant", Type::Text),
        ("source_updated_at", Type::Timestamptz),
        ("synced_at", Type::Timestamptz),
        ("run_id", Type::Bigint),
        ("raw", Type::Jsonb),
    ];
    own.chain(ours)
}
