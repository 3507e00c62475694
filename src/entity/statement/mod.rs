//! The statements of a batch, as text. Keys travel as arrays, one parameter per
//! key column, and each table is asked for one tenant (`= $1`), so that a
//! statement stays on one shard of a distributed cluster.
//!
//! Everywhere `$1` is the tenant. Key columns come back as `bigint`, or as
//! `text` when they are of any other type.

use super::Stream;
use super::quote::{qualified, quote_ident};
use keys::{as_sent, key_arrays, key_names, key_types, listed_keys, returned_keys, same_key, single_key};

mod adopt;
mod keys;
mod unseen;
mod upsert;

pub use adopt::{ASIDE, adopt, remove_vanished, vanished};
pub use unseen::forget_unseen;
pub use upsert::{upsert, upsert_keys};

/// Deletes rows by key. Parameters: `$1` tenant, then one array per key column.
/// Gives for each row deleted its content as JSON text (`content`) and its key.
pub fn delete(stream: &Stream, schema: &str) -> String {
    format!(
        "delete from {} as t\nwhere t.\"tenant\" = $1::text and {}\nreturning to_jsonb(t.*)::text as content, {}",
        qualified(schema, &stream.table),
        listed_keys(stream, 2),
        returned_keys(stream)
    )
}

/// The keys of lines that are here under the given headers and were not read
/// just now. Parameters: `$1` tenant, `$2` the headers' keys as `bigint[]`, then
/// the keys read, one array per key column (empty: all lines of these headers).
/// `None` for a stream without a parent.
pub fn missing_children(stream: &Stream, schema: &str) -> Option<String> {
    let parent = stream.parent.as_ref()?;
    Some(format!(
        "select {}\nfrom {} as t\nwhere t.\"tenant\" = $1::text and t.{} = any($2::bigint[])\n  and not exists ({})",
        returned_keys(stream),
        qualified(schema, &stream.table),
        quote_ident(&parent.column),
        same_key(stream, 3)
    ))
}

/// The keys that are here and absent there, of a stretch of a full pass in key
/// order. Parameters: `$1` tenant, `$2` and `$3` the stretch (behind `$2`, up to
/// and with `$3`; null: no limit), `$4` the keys read, as `bigint[]`. For
/// streams with a single `bigint` key; `None` for others.
pub fn missing_in_range(stream: &Stream, schema: &str) -> Option<String> {
    let key = quote_ident(single_key(stream)?);
    Some(format!(
        "select {}\nfrom {} as t\nwhere t.\"tenant\" = $1::text\n  \
         and ($2::bigint is null or t.{key} > $2::bigint) and ($3::bigint is null or t.{key} <= $3::bigint)\n  \
         and not exists ({})\norder by 1",
        returned_keys(stream),
        qualified(schema, &stream.table),
        same_key(stream, 4)
    ))
}

/// As [`missing_in_range`], for any key: in the order of its columns, the first of which is the
/// server. Parameters: `$1` tenant, then the keys read, one array per key column, then the
/// stretch: one array of each end per key column, empty for no limit.
///
/// `except` compares by hash; of an anti-join the planner expects one row, and compares each with each.
pub fn missing_between(stream: &Stream, schema: &str, after: bool, through: bool) -> String {
    let keys = key_types(stream);
    let (all, count) = (list(&keys, |(name, _)| format!("t.{}", quote_ident(name))), keys.len());
    let end = |there: bool, first: usize, sign: &str| match there {
        true => format!(" and ({all}) {sign} (select * from unnest({}))", key_arrays(&keys, first)),
        false => String::new(),
    };
    let server = keys.first().map(|(name, _)| quote_ident(name)).unwrap_or_default();
    let last = 2 * count + 2;
    // Both ends are of the server. Its equality would be an index's first choice, and each page
    // would be looked for from the server's first row on.
    let of_server = match after && through {
        true => String::new(),
        false => format!(" and t.{server} = ${}::text", 3 * count + 2),
    };
    format!(
        "select {}\nfrom (select {all}\n  from {} as t\n  \
         where t.\"tenant\" = $1::text{of_server}{}{}\n  \
         except select * from unnest({})) as t",
        returned_keys(stream),
        qualified(schema, &stream.table),
        end(after, count + 2, ">"),
        end(through, last, "<="),
        key_arrays(&keys, 2)
    )
}

/// Which of the given lines have no header in `parent`'s table (a line without
/// any header among them). Parameters: `$1` tenant, one array per key column of
/// the lines, then the headers' keys as `bigint[]`. `None` when the header's
/// key is not a single `bigint`.
pub fn orphans(stream: &Stream, parent: &Stream, schema: &str) -> Option<String> {
    let header = single_key(parent)?;
    let keys = key_types(stream);
    let last = keys.len() + 2;
    let returned: Vec<String> =
        keys.iter().enumerate().map(|(i, (name, kind))| as_sent(&format!("k.k{i}"), name, *kind)).collect();
    Some(format!(
        "select {}\nfrom unnest({}, ${last}::bigint[]) as k({}, header)\nwhere not exists (\
         select from {} as t where t.\"tenant\" = $1::text and t.{} = k.header)",
        returned.join(", "),
        key_arrays(&keys, 2),
        key_names(&keys),
        qualified(schema, &parent.table),
        quote_ident(header)
    ))
}

/// The keys of rows whose `column` holds one of the given keys of another table.
/// Parameters: `$1` tenant, `$2` those keys, as `bigint[]`.
pub fn referring(stream: &Stream, column: &str, schema: &str) -> String {
    format!(
        "select {}\nfrom {} as t\nwhere t.\"tenant\" = $1::text and t.{} = any($2::bigint[])",
        returned_keys(stream),
        qualified(schema, &stream.table),
        quote_ident(column)
    )
}

/// All keys that are here. Parameter: `$1` tenant.
pub fn keys(stream: &Stream, schema: &str) -> String {
    format!(
        "select {}\nfrom {} as t\nwhere t.\"tenant\" = $1::text",
        returned_keys(stream),
        qualified(schema, &stream.table)
    )
}

/// Which of the given keys are here. Parameters: `$1` tenant, then one array
/// per key column.
pub fn present(stream: &Stream, schema: &str) -> String {
    format!(
        "select {}\nfrom {} as t\nwhere t.\"tenant\" = $1::text and {}",
        returned_keys(stream),
        qualified(schema, &stream.table),
        listed_keys(stream, 2)
    )
}

/// Which of the given rows are not here, or of another time. Parameters: `$1` tenant, one array per key
/// column, then the cursor values as `text[]`, then the moment before which rows are overdue (null: all
/// are). Gives for each its place among the given ones, from 1 on, whether it is missing, the cursor value
/// that is here, and whether it is overdue.
pub fn compare(stream: &Stream, schema: &str) -> String {
    let keys = key_types(stream);
    let same: Vec<String> =
        keys.iter().enumerate().map(|(i, (name, _))| format!("t.{} = k.k{i}", quote_ident(name))).collect();
    format!(
        "select k.place, t.\"tenant\" is null, t.\"source_updated_at\"::text,\n  \
         k.moment is null or ${limit}::timestamptz is null or k.moment::timestamptz < ${limit}::timestamptz\n\
         from unnest({arrays}, ${moments}::text[]) with ordinality as k({names}, moment, place)\n\
         left join {table} as t on t.\"tenant\" = $1::text and {same}\n\
         where t.\"tenant\" is null or t.\"source_updated_at\" is distinct from k.moment::timestamptz\n\
         order by k.place",
        arrays = key_arrays(&keys, 2),
        names = key_names(&keys),
        moments = keys.len() + 2,
        limit = keys.len() + 3,
        table = qualified(schema, &stream.table),
        same = same.join(" and "),
    )
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn numbered<T>(items: &[T], first: usize, show: impl Fn(&T, usize) -> String) -> String {
    items.iter().enumerate().map(|(i, item)| show(item, first + i)).collect::<Vec<_>>().join(", ")
}
