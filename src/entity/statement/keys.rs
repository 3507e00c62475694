//! Keys inside statements: arrays as parameters, conditions, what comes back.

use super::{list, numbered};
use crate::entity::quote::quote_ident;
use crate::entity::{Stream, Type};

/// Name and type of each key column.
pub(super) fn key_types(stream: &Stream) -> Vec<(&str, Type)> {
    let kind = |name: &String| stream.column(name).and_then(|i| stream.columns.get(i)).map(|c| c.kind);
    stream.key.iter().map(|name| (name.as_str(), kind(name).unwrap_or(Type::Bigint))).collect()
}

/// The key column of a stream whose key is one `bigint`.
pub(super) fn single_key(stream: &Stream) -> Option<&str> {
    match key_types(stream).as_slice() {
        [(name, Type::Bigint)] => Some(name),
        _ => None,
    }
}

/// `$2::bigint[], $3::text[]::date[]`: the key arrays, from parameter `first` on.
pub(super) fn key_arrays(keys: &[(&str, Type)], first: usize) -> String {
    numbered(keys, first, |(_, kind), n| match kind.sql() {
        sql @ ("bigint" | "text") => format!("${n}::{sql}[]"),
        sql => format!("${n}::text[]::{sql}[]"),
    })
}

pub(super) fn key_names(keys: &[(&str, Type)]) -> String {
    numbered(keys, 0, |_, n| format!("k{n}"))
}

/// Condition: the row `t` is among the given keys.
pub(super) fn listed_keys(stream: &Stream, first: usize) -> String {
    let keys = key_types(stream);
    let arrays = key_arrays(&keys, first);
    match keys.as_slice() {
        [(name, _)] => format!("t.{} = any({arrays})", quote_ident(name)),
        several => format!(
            "({}) in (select * from unnest({arrays}))",
            list(several, |(name, _)| format!("t.{}", quote_ident(name)))
        ),
    }
}

pub(super) fn returned_keys(stream: &Stream) -> String {
    keys_of("t", stream)
}

/// The key columns of a row, as they come back.
pub(super) fn keys_of(row: &str, stream: &Stream) -> String {
    list(&key_types(stream), |(name, kind)| as_sent(&format!("{row}.{}", quote_ident(name)), name, *kind))
}

pub(super) fn as_sent(value: &str, name: &str, kind: Type) -> String {
    match kind {
        Type::Bigint => format!("{value} as {}", quote_ident(name)),
        _ => format!("{value}::text as {}", quote_ident(name)),
    }
}
