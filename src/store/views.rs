//! Views beside the business tables: made where they are missing, given new columns, else left alone.

use super::sql::{execute, first, value};
use super::tables::DDL_LOCK;
use super::{Place, derive};
use crate::entity::quote;
use crate::entity::view::{VIEWS, View};
use crate::error::Result;

/// Makes the views that read the stream's table, once their other tables are there. In the
/// current transaction.
pub(super) fn keep(place: &Place<'_>) -> Result<()> {
    for view in VIEWS.iter().filter(|view| view.tables.contains(&place.stream.table.as_str())) {
        if wants(place, view)? {
            view.derived.iter().try_for_each(|table| derive::make(place, table))?;
            execute("select pg_advisory_xact_lock($1)", &[value(DDL_LOCK)])?;
            view.create(place.schema).iter().try_for_each(|sql| execute(sql, &[]).map(drop))?;
        }
    }
    Ok(())
}

const READY: &str = "
select has_schema_privilege($1, 'CREATE')
  and (select bool_and(to_regclass(format('%I.%I', $1, t)) is not null) from unnest($2::text[]) t)";

const FOUND: &str = "
select c.relkind = 'v' and pg_has_role(c.relowner, 'USAGE'),
  (select string_agg(a.attname, ',' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0)
from pg_class c where c.oid = to_regclass($1)";

/// Whether the view is missing, or is ours and lacks columns at its end. What somebody else
/// called so stays as it is.
fn wants(place: &Place<'_>, view: &View) -> Result<bool> {
    let tables: Vec<String> = view.tables.iter().map(|table| table.to_string()).collect();
    let arguments = [value(place.schema.to_string()), value(tables)];
    if first(READY, &arguments, |row| row.flag(1))? != Some(true) {
        return Ok(false);
    }
    let name = quote::qualified(place.schema, view.name);
    let found = first(FOUND, &[value(name)], |row| Ok((row.flag(1)?, row.text(2)?)))?;
    let names: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
    let wanted = names.join(",");
    Ok(found.is_none_or(|(ours, columns)| ours && wanted.starts_with(&format!("{columns},"))))
}
