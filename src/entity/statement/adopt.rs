//! The statements of a snapshot: rows put aside, then taken over as a whole.

use super::keys::{keys_of, single_key};
use super::list;
use crate::entity::quote::{qualified, quote_ident};
use crate::entity::{Column, Stream};

/// Where rows are put aside: a table of the session, which ends with it.
pub const ASIDE: &str = "pg_temp";

/// How many rows are here and neither put aside nor known otherwise. Parameters: `$1` tenant,
/// `$2` keys that are known, as `bigint[]`. `None` when the key is not a single `bigint`.
pub fn vanished(stream: &Stream, schema: &str) -> Option<String> {
    Some(format!("select count(*) from {} as t where {}", qualified(schema, &stream.table), gone(stream)?))
}

fn gone(stream: &Stream) -> Option<String> {
    let key = quote_ident(single_key(stream)?);
    Some(format!(
        "t.\"tenant\" = $1::text and not exists (select from {} as s where s.\"tenant\" = $1::text and s.{key} = t.{key}) \
         and not exists (select from unnest($2::bigint[]) as k where k = t.{key})",
        qualified(ASIDE, &stream.table)
    ))
}

/// Makes the table what was put aside; rows that are equal are not touched. Parameters: `$1`
/// tenant, `$2` keys that stay whatever was put aside, as `bigint[]`, `$3` run id, `$4` whether
/// what is gone goes. Gives a row for each that was written: `inserted`, `updated` or
/// `removed`, then its key. `None` when the key is not a single `bigint`.
pub fn adopt(stream: &Stream, schema: &str, columns: &[usize], with_raw: bool) -> Option<String> {
    let read: Vec<&Column> = columns.iter().filter_map(|i| stream.columns.get(*i)).collect();
    let own = read.iter().map(|column| column.name.as_str());
    let names: Vec<&str> = own.chain(["source_updated_at"]).chain(with_raw.then_some("raw")).collect();
    let rest: Vec<&&str> = names.iter().filter(|name| !stream.key.iter().any(|key| key == *name)).collect();
    let key = quote_ident(single_key(stream)?);
    let (table, aside) = (qualified(schema, &stream.table), qualified(ASIDE, &stream.table));
    Some(format!(
        "with up as (\n  insert into {table} as n (\"tenant\", {all}, \"run_id\")\n  \
         select $1::text, {staged}, $3::bigint\n  \
         from {aside} as s left join {table} as t on t.\"tenant\" = $1::text and t.{key} = s.{key}\n  \
         where s.\"tenant\" = $1::text and (t.\"tenant\" is null\n     or ({stored})\n        is distinct from ({sent}))\n  \
         on conflict (\"tenant\", {key}) do update\n  \
         set {sets}, \"synced_at\" = now(), \"run_id\" = excluded.\"run_id\"\n  \
         returning (n.xmax = 0) as inserted, n.{key}\n), gone as (\n  delete from {table} as t\n  \
         where $4::boolean and {gone}\n  returning t.{key}\n)\n\
         select case when up.inserted then 'inserted' else 'updated' end, {written} from up\n\
         union all\nselect 'removed', {removed} from gone",
        all = list(&names, |name| quote_ident(name)),
        staged = list(&names, |name| format!("s.{}", quote_ident(name))),
        stored = list(&rest, |name| format!("t.{}", quote_ident(name))),
        sent = list(&rest, |name| format!("s.{}", quote_ident(name))),
        sets = list(&rest, |name| format!("{0} = excluded.{0}", quote_ident(name))),
        gone = gone(stream)?,
        written = keys_of("up", stream),
        removed = keys_of("gone", stream),
    ))
}
