//! The statement that stores a batch of rows.

use super::keys::keys_of;
use super::{is_by, list, numbered};
use crate::entity::quote::{qualified, quote_ident};
use crate::entity::{Column, Stream, Type};

/// Inserts and updates the rows that differ from what is stored; equal rows are
/// joined away and so not touched at all: no lock, no dead tuple, no WAL. New rows are
/// inserted without ON CONFLICT, which would look each key up again: a unique violation
/// means that somebody else has inserted the key meanwhile, and the batch is to be tried again.
///
/// Parameters: `$1` tenant, `$2` run id, then one array per member of `columns`
/// (indexes into `stream.columns`, the key among them; see [`Type::wire`]), then
/// `source_updated_at` as `text[]`, then the records as `text[]` if `with_raw`.
/// Columns that are not read are neither compared nor written. No key may occur
/// twice. Gives one row: `inserted`, `updated`.
pub fn upsert(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool) -> String {
    format!(
        "{}\nselect count(*) filter (where u.inserted) as inserted, count(*) filter (where not u.inserted) as updated\n\
         from (select * from fresh union all select * from changed) u",
        written(stream, schema, columns, with_raw, "")
    )
}

/// As [`upsert`], but gives a row for each that was written: `inserted`, then its key.
pub fn upsert_keys(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool) -> String {
    let keys = format!(", {}", keys_of("n", stream));
    format!(
        "{}\nselect * from fresh union all select * from changed",
        written(stream, schema, columns, with_raw, &keys)
    )
}

/// The statement up to its answer: `fresh` and `changed`, of each row `inserted` and what is `returned` of it. The
/// names in `differing` are those of the columns and `tenant`, which no column may have.
fn written(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool, returned: &str) -> String {
    let read: Vec<&Column> = columns.iter().filter_map(|i| stream.columns.get(*i)).collect();
    let fields = fields(&read, with_raw);
    let rest: Vec<&Field> = fields.iter().filter(|f| !stream.key.iter().any(|k| k == f.name)).collect();
    let sets: Vec<String> =
        rest.iter().map(|f| quote_ident(f.name)).map(|c| format!("{c} = excluded.{c}")).collect();
    let insert = format!(
        "insert into {} as n (\"tenant\", {}, \"run_id\")\n  select $1::text, {}, $2::bigint from differing d",
        qualified(schema, &stream.table),
        list(&fields, |f| quote_ident(f.name)),
        list(&fields, |f| format!("d.{}", quote_ident(f.name)))
    );
    format!(
        "{given},\ndiffering as materialized (\n  select s.*, t.\"tenant\"\n  {differing}\n),\n\
         fresh as (\n  {insert} where d.\"tenant\" is null\n  returning true as inserted{returned}\n),\n\
         changed as (\n  {insert} where d.\"tenant\" is not null\n  on conflict (\"tenant\", {key}) do update\n  \
         set {sets}, \"synced_at\" = excluded.\"synced_at\", \"run_id\" = excluded.\"run_id\"\n  \
         returning (n.xmax = 0) as inserted{returned}\n)",
        given = given(&fields),
        differing = differing(stream, schema, &fields),
        key = list(&stream.key, |k| quote_ident(k)),
        sets = sets.join(", "),
    )
}

/// Which of the rows are not here or hold something else. Parameters as of [`upsert`], but for `$2`: others' transactions, as
/// `bigint[]`. Gives for each whether it is missing, its cursor value and the one that is here, whether one of those
/// transactions wrote it, and its key.
pub fn altered(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool) -> String {
    let read: Vec<&Column> = columns.iter().filter_map(|i| stream.columns.get(*i)).collect();
    let fields = fields(&read, with_raw);
    format!(
        "{}\nselect t.\"tenant\" is null, s.\"source_updated_at\"::text, t.\"source_updated_at\"::text, {}, {}\n{}",
        given(&fields),
        is_by("$2"),
        keys_of("s", stream),
        differing(stream, schema, &fields)
    )
}

/// The given rows, as `s`. `unnest` stands in the select list: in `from` each array would be materialized first.
fn given(fields: &[Field<'_>]) -> String {
    format!(
        "with s as (\n  select {}\n  from (select {}) u\n)",
        list(fields, |f| f.cast.clone()),
        numbered(fields, 3, |f, n| format!("unnest(${n}::{}) as {}", f.wire, quote_ident(f.name)))
    )
}

/// Those of `s` that are not here, or differ from what is here, `t`. Rows are looked up one by one, by their keys:
/// `offset 0` keeps the planner from reading the whole table for a batch, which it does while the table is small.
fn differing(stream: &Stream, schema: &str, fields: &[Field<'_>]) -> String {
    let rest: Vec<&Field> = fields.iter().filter(|f| !stream.key.iter().any(|k| k == f.name)).collect();
    format!(
        "from s left join lateral (\n    select t.*, t.xmin from {} as t where t.\"tenant\" = $1::text and {} offset 0) as t on true\n  \
         where t.\"tenant\" is null\n     or ({})\n        is distinct from ({})",
        qualified(schema, &stream.table),
        equal_keys(stream, "t", "s"),
        list(&rest, |f| format!("t.{}", quote_ident(f.name))),
        list(&rest, |f| format!("s.{}", quote_ident(f.name)))
    )
}

/// A column of the batch: what it is called, how it travels, how it is read.
struct Field<'a> {
    name: &'a str,
    wire: &'static str,
    cast: String,
}

fn fields<'a>(read: &[&'a Column], with_raw: bool) -> Vec<Field<'a>> {
    let own = read.iter().map(|c| Field {
        name: &c.name,
        wire: c.kind.wire(),
        cast: cast(&c.name, c.kind, c.scale),
    });
    let ours = [("source_updated_at", Type::Timestamptz, true), ("raw", Type::Jsonb, with_raw)];
    let ours = ours.into_iter().filter(|(.., wanted)| *wanted);
    own.chain(ours.map(|(name, kind, _)| Field { name, wire: kind.wire(), cast: cast(name, kind, None) }))
        .collect()
}

/// The value of a column that arrived as [`Type::wire`]. Zeros that rounding
/// leaves behind are trimmed: 7.77 and not 7.770000.
fn cast(name: &str, kind: Type, scale: Option<u8>) -> String {
    let column = quote_ident(name);
    match (kind, scale) {
        (Type::Bigint | Type::Boolean | Type::Text, _) => format!("u.{column}"),
        (Type::Numeric, Some(scale)) => {
            format!("trim_scale(round(u.{column}::numeric, {scale})) as {column}")
        }
        _ => format!("u.{column}::{} as {column}", kind.sql()),
    }
}

fn equal_keys(stream: &Stream, left: &str, right: &str) -> String {
    let equal = |k: &String| format!("{left}.{0} = {right}.{0}", quote_ident(k));
    stream.key.iter().map(equal).collect::<Vec<_>>().join(" and ")
}
