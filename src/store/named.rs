//! Views that show tables with the names of what they refer to: made, and renewed when there is more to show.

use super::Place;
use super::lock::Lock;
use super::sql::{look, value};
use super::tables::Made;
use super::target::Use;
use crate::entity::Stream;
use crate::entity::derive::rule;
use crate::entity::named::{self, Existing, IN_WORDS, KEPT, Named, Tables};
use crate::error::Result;
use crate::source::hint;

/// Keeps the views over the stream's table and over what is made of it; and where the table was made or made wider,
/// those that show something of it. Returns what a person should know. In the current transaction.
pub(super) fn keep(place: &Place<'_>, made: Made) -> Result<Vec<String>> {
    let streams = named::streams(place.entities);
    let fills = rule(&place.stream.table).map_or(&[][..], |rule| rule.fills);
    let own = |stream: &Stream| stream.table == place.stream.table || fills.contains(&stream.table.as_str());
    let is_other = made != Made::Nothing;
    let shown = |stream: &Stream| is_other && named::shows(stream, &place.stream.table, &streams);
    let meant: Vec<&Stream> = streams.iter().copied().filter(|stream| own(stream) || shown(stream)).collect();
    let mut here = Here::look(place, &meant, &streams)?;
    // A view goes on to read a table or a column that was given another name meanwhile.
    here.is_stale = made != Made::Nothing;
    let is_kept = |stream: &&Stream| matches!(wanted(place, stream, &streams, &here), Ok(None));
    if meant.iter().all(is_kept) {
        return Ok(Vec::new());
    }
    // Others may have made them until now.
    Lock::ddl(place.schema)?.wait();
    let mut here = Here { is_stale: here.is_stale, ..Here::look(place, &meant, &streams)? };
    here.tables.retain(|table, _| is_open(place, table));
    let warnings = meant.iter().map(|stream| renew(place, stream, &streams, &here));
    Ok(warnings.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// A view of this name.
struct Found {
    comment: String,
    columns: Vec<Existing>,
}

/// What is in the schema, as far as it belongs to the schema's owner.
struct Here {
    tables: Tables,
    /// Everything else, by name; `None`: not ours to replace.
    others: Vec<(String, Option<Found>)>,
    /// Whether views that are as they should be are made again all the same.
    is_stale: bool,
}

const LOOK: &str = "
select c.relname::text, c.relkind = 'r' and c.relowner = $3, c.relkind = 'v' and c.relowner = $3,
  obj_description(c.oid, 'pg_class'),
  (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  (select array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) from pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  (select array_agg(coalesce(col_description(c.oid, a.attnum), '') order by a.attnum) from pg_attribute a
   where c.relkind = 'v' and a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_class c where c.relnamespace = $1 and c.relname = any($2::text[]::name[])
union all
-- A view would make a type of its name.
select y.typname::text, false, false, null, null, null, null
from pg_type y where y.typnamespace = $1 and y.typname = any($2::text[]::name[]) and y.typrelid = 0";

impl Here {
    /// Looks at the tables that the views over these streams read, and at what is called like the views.
    fn look(place: &Place<'_>, meant: &[&Stream], streams: &[&Stream]) -> Result<Here> {
        let mut names: Vec<String> = meant.iter().map(|stream| named::name(&stream.table)).collect();
        names.extend(meant.iter().flat_map(|stream| named::reads(stream, streams)).map(str::to_string));
        names.sort();
        names.dedup();
        let target = place.target()?;
        let mut here = Here { tables: Tables::new(), others: Vec::new(), is_stale: false };
        let arguments = [value(target.oid), value(names), value(target.owner)];
        look(LOOK, &arguments, |row| {
            let names = row.get::<Vec<String>>(5)?.unwrap_or_default();
            let kinds = row.get::<Vec<String>>(6)?.unwrap_or_default();
            let abouts = row.get::<Vec<String>>(7)?.unwrap_or_default();
            let (name, comment) = (row.text(1)?, row.text(4)?);
            match row.flag(2)? {
                true => drop(here.tables.insert(name, names.into_iter().zip(kinds).collect())),
                false => {
                    let columns = names.into_iter().zip(kinds).zip(abouts);
                    let columns = columns.map(|((name, kind), about)| Existing {
                        name,
                        kind,
                        is_name: about.contains(IN_WORDS),
                    });
                    let found = Found { comment, columns: columns.collect() };
                    here.others.push((name, row.flag(3)?.then_some(found)));
                }
            }
            Ok(())
        })?;
        Ok(here)
    }

    /// The view of this name: `None`, there is nothing; `Some(None)`, something that is not ours.
    fn named(&self, name: &str) -> Option<Option<&Found>> {
        if self.tables.contains_key(name) {
            return Some(None);
        }
        let found = self.others.iter().find(|(other, _)| other == name)?;
        Some(found.1.as_ref().filter(|found| found.comment.contains(KEPT)))
    }
}

/// A table that must not be read is as good as none. One that is read stays what it is until the transaction ends.
fn is_open(place: &Place<'_>, table: &str) -> bool {
    place.opened(table, Use::Read).unwrap_or(false)
}

/// Makes or renews the view over a stream's table. Returns why it stays as it is, where somebody should know.
fn renew(place: &Place<'_>, stream: &Stream, streams: &[&Stream], here: &Here) -> Result<Option<String>> {
    match wanted(place, stream, streams, here) {
        Ok(view) => view.map_or(Ok(()), |view| place.define(&view.statements)).map(|()| None),
        Err(lost) => Ok(Some(not_renewed(place, stream, &lost))),
    }
}

/// The view that is to be made; `None` where it is as it should be, is somebody else's, or would show nothing more
/// than the table. Errors: see [`named::view`].
fn wanted(
    place: &Place<'_>,
    stream: &Stream,
    streams: &[&Stream],
    here: &Here,
) -> std::result::Result<Option<Named>, Vec<String>> {
    let found = match here.named(&named::name(&stream.table)) {
        Some(None) => return Ok(None),
        Some(Some(found)) => Some(found),
        None => None,
    };
    let columns = found.map_or(&[][..], |found| &found.columns);
    let view = named::view(stream, place.schema, streams, &here.tables, columns)?;
    Ok(view.filter(|view| here.is_stale || found.is_none_or(|found| found.comment != view.comment)))
}

fn not_renewed(place: &Place<'_>, stream: &Stream, lost: &[String]) -> String {
    let view = named::name(&stream.table);
    let line = format!("drop view {}.{}", hint::ident(place.schema), hint::ident(&view));
    format!("view \"{view}\" stays as it is: {}; have it made anew with: {line}", lost.join(", "))
}
