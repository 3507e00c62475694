//! Tables of its session that a killed worker has left behind: nobody can read them, and they stay
//! until autovacuum comes by.

use super::runs::RUN_LOCK;
use super::session::as_owner;
use super::sql::{execute, query, value};
use crate::entity::quote;
use crate::error::Result;

/// Says in the catalog which run's worker a table of this session belongs to. In the current transaction.
pub(super) fn mark(table: &str, run_id: i64) -> Result<()> {
    let text = quote::quote_literal(&format!("put aside by run {run_id} of erp_sync"));
    execute(&format!("comment on table {table} is {text}"), &[]).map(drop)
}

const LEFT: &str = "
with marked as materialized (
  select format('%I.%I', n.nspname, c.relname) as name,
    (regexp_match(obj_description(c.oid, 'pg_class'), '^put aside by run ([0-9]+) of erp_sync$'))[1]::bigint as run
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relpersistence = 't' and c.relkind = 'r' and c.relnamespace <> pg_my_temp_schema()
    and has_schema_privilege(n.oid, 'USAGE') and pg_has_role(c.relowner, 'USAGE'))
select name from marked
where run is not null and pg_try_advisory_xact_lock($1, (run % 2147483647)::integer)";

/// Drops what belongs to runs that have no worker any more. In the current transaction.
pub(super) fn drop_all() -> Result<()> {
    as_owner(|| {
        let left = query(LEFT, &[value(RUN_LOCK)], |row| row.text(1))?;
        left.iter().try_for_each(|table| execute(&format!("drop table if exists {table}"), &[]).map(drop))
    })
}
