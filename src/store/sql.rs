//! Statements: the thin layer over SPI.

use std::borrow::Cow;

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use pgrx::pg_sys::PgOid;
use pgrx::prelude::*;
use pgrx::spi::{Query, SpiClient, SpiHeapTupleData, SpiResult, SpiTupleTable};
use pgrx::{FromDatum, IntoDatum};

use super::session::spi;
use crate::error::Result;
use crate::source::{Key, Scalar, Values};

/// Runs a statement and returns how many rows it touched.
pub fn execute(sql: &str, arguments: &[DatumWithOid<'_>]) -> Result<u64> {
    Spi::connect_mut(|client| written(client, sql, arguments).map(|table| table.len() as u64)).map_err(spi)
}

/// Runs a statement that only reads and makes something of each row it returns.
/// Gives the transaction no id, which a caller that waits for a worker must not have.
pub fn query<R>(
    sql: &str,
    arguments: &[DatumWithOid<'_>],
    mut each: impl FnMut(&Row<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    Spi::connect(|client| {
        let table = read(client, sql, arguments).map_err(spi)?;
        table.into_iter().map(|tuple| each(&Row(tuple))).collect()
    })
}

/// Runs a statement that writes and makes something of each row it returns.
pub fn change<R>(
    sql: &str,
    arguments: &[DatumWithOid<'_>],
    mut each: impl FnMut(&Row<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    Spi::connect_mut(|client| {
        let table = written(client, sql, arguments).map_err(spi)?;
        table.into_iter().map(|tuple| each(&Row(tuple))).collect()
    })
}

/// Runs a statement that only reads. It is prepared first, because the plan of a statement that is not looks at the
/// arguments, whatever `plan_cache_mode` says; and what the statistics say of one tenant misleads the planner.
fn read<'conn>(
    client: &SpiClient<'conn>,
    sql: &str,
    arguments: &[DatumWithOid<'_>],
) -> SpiResult<SpiTupleTable<'conn>> {
    match arguments {
        [] => client.select(sql, None, &[]),
        _ => client.prepare(sql, &types(arguments))?.execute(client, None, arguments),
    }
}

/// The same for a statement that writes.
fn written<'conn>(
    client: &mut SpiClient<'conn>,
    sql: &str,
    arguments: &[DatumWithOid<'_>],
) -> SpiResult<SpiTupleTable<'conn>> {
    match arguments {
        [] => client.update(sql, None, &[]),
        _ => {
            let plan = client.prepare_mut(sql, &types(arguments))?;
            client.update(plan, None, arguments)
        }
    }
}

fn types(arguments: &[DatumWithOid<'_>]) -> Vec<PgOid> {
    arguments.iter().map(|argument| PgOid::from(argument.oid())).collect()
}

/// As [`query`], but sees what others have committed until now, and not only until the transaction began.
pub fn look<R>(
    sql: &str,
    arguments: &[DatumWithOid<'_>],
    each: impl FnMut(&Row<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    with_snapshot(|| query(sql, arguments, each))
}

/// Runs `body` with a snapshot of now: also where no statement is running, as before a commit.
pub fn with_snapshot<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: in a transaction; what an error leaves on the stack its rollback takes away.
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
    let outcome = body();
    // SAFETY: the snapshot from above.
    unsafe { pg_sys::PopActiveSnapshot() };
    outcome
}

/// Runs a statement and makes something of its first row, if there is one.
pub fn first<R>(
    sql: &str,
    arguments: &[DatumWithOid<'_>],
    each: impl FnMut(&Row<'_>) -> Result<R>,
) -> Result<Option<R>> {
    Ok(query(sql, arguments, each)?.into_iter().next())
}

/// One row of an answer; columns are counted from 1.
pub struct Row<'a>(SpiHeapTupleData<'a>);

impl Row<'_> {
    /// A column that may be null.
    pub fn get<T: FromDatum + IntoDatum>(&self, column: usize) -> Result<Option<T>> {
        self.0.get::<T>(column).map_err(spi)
    }

    /// A text, empty when null.
    pub fn text(&self, column: usize) -> Result<String> {
        Ok(self.get::<String>(column)?.unwrap_or_default())
    }

    /// A whole number, 0 when null.
    pub fn int(&self, column: usize) -> Result<i64> {
        Ok(self.get::<i64>(column)?.unwrap_or_default())
    }

    /// A truth value, false when null.
    pub fn flag(&self, column: usize) -> Result<bool> {
        Ok(self.get::<bool>(column)?.unwrap_or_default())
    }

    /// The key in the columns from `column` on, as many as the row has left.
    pub fn key(&self, column: usize) -> Result<Key> {
        let mut parts = Vec::new();
        for i in column..=self.0.columns() {
            let whole = self.0.get_datum_by_ordinal(i).map_err(spi)?.oid() == pg_sys::INT8OID;
            parts.push(match whole {
                true => Scalar::Int(self.int(i)?),
                false => Scalar::Text(self.text(i)?),
            });
        }
        Ok(Key(parts))
    }
}

/// A value as a parameter.
pub fn value<'a, T: IntoDatum + 'a>(value: T) -> DatumWithOid<'a>
where
    DatumWithOid<'a>: From<T>,
{
    DatumWithOid::from(value)
}

/// The values of a column as an array parameter.
pub fn array<'a>(values: &Values) -> DatumWithOid<'a> {
    match values {
        Values::Int(v) => value(v.clone()),
        Values::Bool(v) => value(v.clone()),
        Values::Text(v) => texts(v),
    }
}

/// Texts as an array parameter.
pub fn texts<'a>(texts: &[Option<String>]) -> DatumWithOid<'a> {
    DatumWithOid::from(texts.iter().map(Option::as_deref).collect::<Vec<Option<&str>>>())
}

/// Keys as array parameters, one per key column.
pub fn key_arrays<'a>(keys: &[Key], columns: usize) -> Vec<DatumWithOid<'a>> {
    (0..columns).map(|i| key_column(keys, i)).collect()
}

/// Whole numbers as they are; all else as text.
fn key_column<'a>(keys: &[Key], column: usize) -> DatumWithOid<'a> {
    let parts = || keys.iter().map(|key| key.0.get(column));
    let int = |part: Option<&Scalar>| match part {
        Some(Scalar::Int(n)) => Some(*n),
        _ => None,
    };
    if let Some(ints) = parts().map(int).collect::<Option<Vec<i64>>>() {
        return value(ints);
    }
    let text = |part| match part {
        &Scalar::Int(n) => Cow::Owned(n.to_string()),
        Scalar::Text(text) => Cow::Borrowed(text.as_str()),
    };
    let texts: Vec<Option<Cow<'_, str>>> = parts().map(|part| part.map(text)).collect();
    DatumWithOid::from(texts.iter().map(Option::as_deref).collect::<Vec<Option<&str>>>())
}

/// Keys as an array of JSON texts, for the bookkeeping's `key jsonb` columns.
pub fn json_keys<'a>(keys: &[Key]) -> DatumWithOid<'a> {
    value(keys.iter().map(json_key).collect::<Vec<String>>())
}

/// A key as JSON text.
pub fn json_key(key: &Key) -> String {
    // Numbers and texts: cannot fail.
    serde_json::to_string(key).unwrap_or_default()
}
