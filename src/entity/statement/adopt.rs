//! The statements of a snapshot: rows put aside, then taken over as a whole.
//!
//! What was put aside is read into a list first: on a distributed cluster a table of the session joins no other.

use super::keys::{keys_of, returned_keys, single_key};
use super::list;
use crate::entity::quote::{qualified, quote_ident};
use crate::entity::{Column, Stream};

/// Where rows are put aside: a table of the session, which ends with it.
pub const ASIDE: &str = "pg_temp";

/// The keys of rows that are here and neither put aside nor known otherwise. Parameters: `$1` tenant,
/// `$2` keys that are known, as `bigint[]`. `None` when the key is not a single `bigint`.
pub fn vanished(stream: &Stream, schema: &str) -> Option<String> {
    let (staged, gone) = (staged_keys(stream)?, gone(stream)?);
    let table = qualified(schema, &stream.table);
    Some(format!("{staged}\nselect {} from {table} as t where {gone}", returned_keys(stream)))
}

/// Deletes the rows that [`vanished`] finds, with its parameters. Gives the key of each.
pub fn remove_vanished(stream: &Stream, schema: &str) -> Option<String> {
    let (staged, gone) = (staged_keys(stream)?, gone(stream)?);
    let table = qualified(schema, &stream.table);
    Some(format!("{staged}\ndelete from {table} as t where {gone}\nreturning {}", keys_of("t", stream)))
}

fn staged_keys(stream: &Stream) -> Option<String> {
    let (key, aside) = (quote_ident(single_key(stream)?), qualified(ASIDE, &stream.table));
    Some(format!(
        "with s as materialized (\n  select a.{key} from {aside} as a where a.\"tenant\" = $1::text\n)"
    ))
}

/// `not in` is looked up by hash; of an anti-join with a list the planner compares each with each.
fn gone(stream: &Stream) -> Option<String> {
    let key = quote_ident(single_key(stream)?);
    Some(format!(
        "t.\"tenant\" = $1::text and t.{key} not in (select s.{key} from s) \
         and t.{key} not in (select k from unnest($2::bigint[]) as k)"
    ))
}

/// Stores what was put aside; rows that are equal are not touched. Parameters: `$1` tenant, `$2` run id. Gives a row
/// for each that was written: `inserted`, then its key. `None` when the key is not a single `bigint`.
pub fn adopt(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool) -> Option<String> {
    let read: Vec<&Column> = columns.iter().filter_map(|i| stream.columns.get(*i)).collect();
    let own = read.iter().map(|column| column.name.as_str());
    let names: Vec<&str> = own.chain(["source_updated_at"]).chain(with_raw.then_some("raw")).collect();
    let rest: Vec<&&str> = names.iter().filter(|name| !stream.key.iter().any(|key| key == *name)).collect();
    let key = quote_ident(single_key(stream)?);
    let (table, aside) = (qualified(schema, &stream.table), qualified(ASIDE, &stream.table));
    Some(format!(
        "with s as materialized (\n  select {aside_names} from {aside} as a where a.\"tenant\" = $1::text\n)\n\
         insert into {table} as n (\"tenant\", {all}, \"run_id\")\n\
         select $1::text, {staged}, $2::bigint\n\
         from s left join {table} as t on t.\"tenant\" = $1::text and t.{key} = s.{key}\n\
         where t.\"tenant\" is null\n   or ({stored})\n      is distinct from ({sent})\n\
         on conflict (\"tenant\", {key}) do update\n\
         set {sets}, \"synced_at\" = excluded.\"synced_at\", \"run_id\" = excluded.\"run_id\"\n\
         returning (n.xmax = 0) as inserted, {written}",
        aside_names = list(&names, |name| format!("a.{}", quote_ident(name))),
        all = list(&names, |name| quote_ident(name)),
        staged = list(&names, |name| format!("s.{}", quote_ident(name))),
        stored = list(&rest, |name| format!("t.{}", quote_ident(name))),
        sent = list(&rest, |name| format!("s.{}", quote_ident(name))),
        sets = list(&rest, |name| format!("{0} = excluded.{0}", quote_ident(name))),
        written = keys_of("n", stream),
    ))
}
