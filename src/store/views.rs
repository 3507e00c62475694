//! Views beside the business tables: made where they are missing, given new columns, else left alone.

use super::lock::Lock;
use super::sql::{first, value};
use super::{Place, derive};
use crate::entity::view::{VIEWS, View};
use crate::error::Result;

/// Makes the views that read the stream's table, once their other tables are there. In the
/// current transaction.
pub(super) fn keep(place: &Place<'_>) -> Result<()> {
    for view in VIEWS.iter().filter(|view| view.tables.contains(&place.stream.table.as_str())) {
        if wants(place, view)? {
            view.derived.iter().try_for_each(|table| derive::make(place, table))?;
            Lock::ddl(place.schema)?.wait();
            place.define(&view.create(place.schema))?;
        }
    }
    Ok(())
}

const FOUND: &str = "
select c.relkind = 'v' and c.relowner = $3,
  (select string_agg(a.attname, ',' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0)
from pg_class c where c.relnamespace = $1 and c.relname = $2";

/// Whether the view is missing, or is ours and lacks columns at its end. What somebody else
/// called so stays as it is.
fn wants(place: &Place<'_>, view: &View) -> Result<bool> {
    if !place.all_opened(view.tables)? {
        return Ok(false);
    }
    let target = place.target()?;
    let arguments = [value(target.oid), value(view.name.to_string()), value(target.owner)];
    let found = first(FOUND, &arguments, |row| Ok((row.flag(1)?, row.text(2)?)))?;
    let names: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
    let wanted = names.join(",");
    Ok(found.is_none_or(|(ours, columns)| ours && wanted.starts_with(&format!("{columns},"))))
}
