//! The statements of a batch, as text. Keys travel as arrays, one parameter per
//! key column, and each table is asked for one tenant (`= $1`), so that a
//! statement stays on one shard of a distributed cluster.
//!
//! Everywhere `$1` is the tenant. Key columns come back as `bigint`, or as
//! `text` when they are of any other type.

use super::Stream;
use super::quote::{qualified, quote_ident};
use keys::{as_sent, key_arrays, key_names, key_types, keys_of, listed_keys, returned_keys, single_key};

mod adopt;
mod keys;
mod upsert;

pub use adopt::{ASIDE, adopt, remove_vanished, vanished};
pub use upsert::{altered, upsert, upsert_keys};

/// Deletes rows by key. Parameters: `$1` tenant, then one array per key column.
/// Gives for each row deleted its content as JSON text (`content`) and its key.
pub fn delete(stream: &Stream, schema: &str) -> String {
    format!(
        "with gone as (\n  delete from {} as t where t.\"tenant\" = $1::text and {}\n  returning t.*\n)\n\
         select to_jsonb(gone.*)::text as content, {} from gone",
        qualified(schema, &stream.table),
        listed_keys(stream, 2),
        keys_of("gone", stream)
    )
}

/// The keys of lines that are here under the given headers and were not read
/// just now. Parameters: `$1` tenant, `$2` the headers' keys as `bigint[]`, then
/// the keys read, one array per key column (empty: all lines of these headers).
/// `None` for a stream without a parent.
pub fn missing_children(stream: &Stream, schema: &str) -> Option<String> {
    let parent = stream.parent.as_ref()?;
    let of_headers = format!("t.{} = any($2::bigint[])", quote_ident(&parent.column));
    Some(all_but(stream, schema, &[of_headers], &given(stream, 3)))
}

/// The keys that are here and absent there, of a stretch of a full pass in key
/// order. Parameters: `$1` tenant, `$2` the keys read, as `bigint[]`, then those of its limits that
/// are there: behind one key, up to and with another; then the server, where the stream is of servers.
/// `None` for keys that the remote may order otherwise: see [`unseen`].
pub fn missing_in_range(stream: &Stream, schema: &str, after: bool, through: bool) -> Option<String> {
    let key = quote_ident(stream.ordered_key()?);
    let limits = [(after, ">"), (through, "<=")].into_iter().filter(|(there, _)| *there);
    let mut which: Vec<String> =
        limits.enumerate().map(|(n, (_, sign))| format!("t.{key} {sign} ${}::bigint", n + 3)).collect();
    let mut read = "select unnest($2::bigint[])".to_string();
    if is_of_servers(stream) {
        let server = format!("${}::text", which.len() + 3);
        read = format!("select {server}, unnest($2::bigint[])");
        which.push(format!("t.\"server\" = {server}"));
    }
    Some(all_but(stream, schema, &which, &read))
}

/// The keys that are here and not put aside: absent there, after a full pass whose keys were all put aside. Parameters:
/// `$1` tenant, then the server, where the stream is of servers. What is put aside is read into a list first: on a
/// distributed cluster a table of the session joins no other.
pub fn unseen(stream: &Stream, schema: &str) -> String {
    let which = is_of_servers(stream).then(|| "t.\"server\" = $2::text".to_string());
    let aside = qualified(ASIDE, &stream.table);
    format!(
        "with s as materialized (select a.* from {aside} as a)\n{}",
        all_but(stream, schema, which.as_slice(), "select s.* from s")
    )
}

/// Makes the table that keys are put aside in. Without parameters.
pub fn make_aside(stream: &Stream) -> String {
    let columns = list(&key_types(stream), |(name, kind)| format!("{} {}", quote_ident(name), kind.sql()));
    format!("create table {} ({columns})", qualified(ASIDE, &stream.table))
}

/// Puts keys aside. Parameters: one array per key column.
pub fn put_keys_aside(stream: &Stream) -> String {
    format!("insert into {} {}", qualified(ASIDE, &stream.table), given(stream, 1))
}

/// The keys of rows of one tenant but for some others. `except` compares by hash; of an anti-join with a list the
/// planner expects one row, and compares each with each.
fn all_but(stream: &Stream, schema: &str, which: &[String], others: &str) -> String {
    let which: String = which.iter().map(|condition| format!(" and {condition}")).collect();
    format!(
        "select {}\nfrom (select {}\n  from {} as t\n  where t.\"tenant\" = $1::text{which}\n  except {others}) as t",
        returned_keys(stream),
        list(&key_types(stream), |(name, _)| format!("t.{}", quote_ident(name))),
        qualified(schema, &stream.table),
    )
}

/// The given keys, from parameter `first` on.
fn given(stream: &Stream, first: usize) -> String {
    format!("select * from unnest({})", key_arrays(&key_types(stream), first))
}

fn is_of_servers(stream: &Stream) -> bool {
    stream.key.first().is_some_and(|name| name == "server")
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

/// The transactions that wrote the rows that are here. Parameters: `$1` tenant, then the server, where the stream is
/// of servers.
pub fn writers(stream: &Stream, schema: &str) -> String {
    let which = if is_of_servers(stream) { " and t.\"server\" = $2::text" } else { "" };
    format!(
        "select w.xmin::text::bigint from (\n  select distinct t.xmin from {} as t where t.\"tenant\" = $1::text{which}) as w",
        qualified(schema, &stream.table)
    )
}

/// Which of the given rows were written by given transactions. Parameters: `$1` tenant, one array per key column, then
/// the transactions as `bigint[]`.
pub fn written_by(stream: &Stream, schema: &str) -> String {
    format!("{} and {}", present(stream, schema), is_by(&format!("${}", stream.key.len() + 2)))
}

/// Whether one of these transactions wrote the row `t`.
fn is_by(transactions: &str) -> String {
    format!("coalesce(t.xmin::text::bigint = any({transactions}::bigint[]), false)")
}

/// Which of the given rows are not here, of another time, or written by given transactions. Parameters: `$1` tenant,
/// one array per key column, then the cursor values as `text[]`, then the moment before which rows are overdue (null:
/// all are), then the transactions as `bigint[]`. Gives for each its place among the given ones, from 1 on, whether it
/// is missing, the cursor value that is here, whether it is overdue, whether it is of another time, and whether those
/// transactions wrote it.
pub fn compare(stream: &Stream, schema: &str) -> String {
    let keys = key_types(stream);
    let same: Vec<String> =
        keys.iter().enumerate().map(|(i, (name, _))| format!("t.{} = k.k{i}", quote_ident(name))).collect();
    format!(
        "select k.place, t.\"tenant\" is null, t.\"source_updated_at\"::text,\n  \
         k.moment is null or ${limit}::timestamptz is null or k.moment::timestamptz < ${limit}::timestamptz,\n  \
         t.\"source_updated_at\" is distinct from k.moment::timestamptz, {touched}\n\
         from unnest({arrays}, ${moments}::text[]) with ordinality as k({names}, moment, place)\n\
         left join {table} as t on t.\"tenant\" = $1::text and {same}\n\
         where t.\"tenant\" is null or t.\"source_updated_at\" is distinct from k.moment::timestamptz or {touched}\n\
         order by k.place",
        arrays = key_arrays(&keys, 2),
        names = key_names(&keys),
        moments = keys.len() + 2,
        limit = keys.len() + 3,
        touched = is_by(&format!("${}", keys.len() + 4)),
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
