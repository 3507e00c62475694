//! Which columns of a stream this remote gives.

use super::column::{Column, Family};
use super::mark::Cursor;
use super::object;
use super::settings::Settings;
use crate::entity::{self, Stream, Type};
use crate::error::{Error, Kind, Result};
use crate::source::{Field, Layout};

pub(super) use crate::source::DIGEST;

/// What the remote type of such a column is called.
const DIGEST_TYPE: &str = "digest";

/// The longest list of columns that is shown to a person.
const SHOWN: usize = 60;

/// Chooses a remote column for each column of the stream. Errors: [`Kind::NoField`] for a
/// column that is needed, [`Kind::Manifest`] for a key or cursor that cannot be one.
pub(super) fn of(settings: &Settings, stream: &Stream, columns: &[Column]) -> Result<Layout> {
    let (mut layout, mut lacking) = (Layout::default(), Vec::new());
    for (column, wanted) in stream.columns.iter().enumerate() {
        match choose(stream, wanted, columns) {
            Ok((path, remote_type)) => layout.columns.push(Field { column, path, remote_type }),
            Err(_) if wanted.optional && is_absent(wanted, columns) => (),
            Err(why) if stream.is_needed(wanted) => lacking.push((wanted.name.as_str(), why)),
            Err(why) => layout.left_out.push((wanted.name.clone(), why)),
        }
    }
    check_columns(settings, stream, columns, &lacking)?;
    check_cursor(settings, stream, columns)?;
    check_date(settings, stream, columns)?;
    Ok(layout)
}

/// All at once: where a table has other columns, it mostly has several.
fn check_columns(
    settings: &Settings,
    stream: &Stream,
    columns: &[Column],
    lacking: &[(&str, String)],
) -> Result<()> {
    let names: Vec<String> = lacking.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let whys: Vec<&str> = lacking.iter().map(|(_, why)| why.as_str()).collect();
    let what = match names.as_slice() {
        [] => return Ok(()),
        [name] => format!("the column {name} cannot be read"),
        several => format!("the columns {} cannot be read", several.join(", ")),
    };
    Err(no_field(settings, stream, columns, &what, Some(whys.join(", "))))
}

/// The column of this name. Upper and lower case are one here, as they are on most servers, unless two
/// columns differ by nothing else.
pub(super) fn find<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    let exact = columns.iter().find(|column| column.name == name);
    exact.or_else(|| {
        let mut alike = columns.iter().filter(|column| column.name.to_lowercase() == name.to_lowercase());
        alike.next().filter(|_| alike.next().is_none())
    })
}

fn is_absent(wanted: &entity::Column, columns: &[Column]) -> bool {
    !wanted.paths().iter().any(|path| find(columns, path).is_some())
}

/// The first path that exists, with its type; else the reason for a person.
fn choose(stream: &Stream, wanted: &entity::Column, columns: &[Column]) -> Result<(String, String), String> {
    let paths = wanted.paths();
    let in_key = stream.key.contains(&wanted.name);
    if paths == [DIGEST] {
        return match (in_key, wanted.kind) {
            (true, Type::Text) => Ok((DIGEST.into(), DIGEST_TYPE.into())),
            _ => Err("the path \"*\" is for a text column that is the key".into()),
        };
    }
    let Some(found) = paths.iter().find_map(|path| find(columns, path)) else {
        let names: Vec<String> = paths.iter().map(|path| format!("\"{path}\"")).collect();
        return Err(format!("no readable column {}", names.join(" or ")));
    };
    let (name, kind, local) = (&found.name, &found.kind, wanted.kind.sql());
    match (found.family().fits(wanted.kind), in_key && !found.family().can_be_key(wanted.kind)) {
        (false, _) => Err(format!("column \"{name}\" is of type {kind}, which is no {local}")),
        (_, true) => Err(format!("column \"{name}\" is of type {kind}, which as {local} is no exact key")),
        _ => Ok((name.clone(), kind.clone())),
    }
}

fn check_cursor(settings: &Settings, stream: &Stream, columns: &[Column]) -> Result<()> {
    let Some(cursor) = &stream.cursor else { return Ok(()) };
    let Some(found) = find(columns, cursor) else {
        let what = format!("there is no cursor \"{cursor}\"");
        return Err(no_field(settings, stream, columns, &what, None));
    };
    if found.family() == Family::Rowversion
        && let Some(database) = object::database(stream)
        && !database.eq_ignore_ascii_case(&settings.database)
    {
        return Err(elsewhere(stream, &database));
    }
    if Cursor::of(found.family()).is_some() {
        return Ok(());
    }
    let message = format!("the cursor \"{cursor}\" of stream \"{}\" is of type {}", stream.table, found.kind);
    Err(Error::new(Kind::Manifest, message)
        .detail(
            "a cursor is a rowversion; a time of change (datetime, smalldatetime, datetime2, datetimeoffset, date); or \
             a number that only grows (tinyint to bigint, decimal, numeric)",
        )
        .hint("name another one, or none at all: then every run compares all rows"))
}

/// Without `MIN_ACTIVE_ROWVERSION()` nobody knows which rowversions are still to come.
pub(super) fn unbounded(stream: &Stream) -> Error {
    let cursor = stream.cursor.as_deref().unwrap_or_default();
    let message =
        format!("the rowversion \"{cursor}\" of stream \"{}\" is no cursor on this server", stream.table);
    Error::new(Kind::Manifest, message)
        .detail("it has no min_active_rowversion(), without which rows that are committed late would be missed")
        .hint("name a time of change or a growing number as \"cursor\", or none at all: then every run compares all rows")
}

/// `MIN_ACTIVE_ROWVERSION()` speaks of the database that we are logged in to.
fn elsewhere(stream: &Stream, database: &str) -> Error {
    let message = format!("the rowversion of stream \"{}\" is counted by another database", stream.table);
    Error::new(Kind::Manifest, message)
        .detail(format!("the object lies in \"{database}\", and each database counts for itself"))
        .hint(format!("make a server of its own for it: ... options (database '{database}', ...)"))
}

/// What `initial_range` goes by has to be a day or a moment.
fn check_date(settings: &Settings, stream: &Stream, columns: &[Column]) -> Result<()> {
    let Some(date) = &stream.date else { return Ok(()) };
    match find(columns, date).map(|column| Cursor::of(column.family())) {
        Some(Some(Cursor::Moment(_))) => Ok(()),
        Some(_) => Err(no_field(
            settings,
            stream,
            columns,
            &format!("the date \"{date}\" is no day or moment"),
            None,
        )),
        None => Err(no_field(settings, stream, columns, &format!("there is no date \"{date}\""), None)),
    }
}

fn no_field(
    settings: &Settings,
    stream: &Stream,
    columns: &[Column],
    what: &str,
    why: Option<String>,
) -> Error {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).take(SHOWN).collect();
    let there = format!("it has: {}", names.join(", "));
    let object = object::title(stream);
    Error::new(Kind::NoField, format!("\"{}\", object {object}: {what}", settings.server))
        .detail(match why {
            Some(why) => format!("{why}; {there}"),
            None => there,
        })
        .hint(
            "set the column's \"path\" in the manifest: select sync_entity('...'), then select \
               sync_define('...')",
        )
}
