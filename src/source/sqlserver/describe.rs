//! What columns an object has: the same question for tables, views and queries.

use tiberius::{Column as Announced, ColumnData, Row};

use super::ability::is_lacking;
use super::budget::CATALOG;
use super::cell;
use super::column::{self, Column};
use super::connection::Shape;
use super::fault::{Asked, Fault};
use super::{SqlServer, layout, object};
use crate::entity::Stream;
use crate::entity::nearest::nearest;
use crate::error::{Error, Kind, Result};

/// The right to read is lacking for a column, not for the object.
const NOT_THIS_COLUMN: u32 = 230;

/// How many names of tables are looked through for the one that was meant.
const NAMES: usize = 5000;

/// A table of sparse columns has no more.
const COLUMNS: usize = 30_000;

impl SqlServer {
    /// The columns of the stream's object that the login may read: as the server describes the query, else as the
    /// catalog lists them, else as the answer itself names them.
    pub(super) async fn described(&mut self, stream: &Stream) -> Result<Vec<Column>> {
        let columns = match self.shape(stream, "*").await? {
            Ok(columns) if columns.is_empty() => self.undescribed(stream).await?,
            Ok(columns) => columns,
            Err(denied) if denied.number == NOT_THIS_COLUMN => self.one_by_one(stream, denied).await?,
            Err(fault) => {
                let error = fault.into_error(&self.settings, Asked::Rows(stream));
                return Err(self.explain(stream, error).await);
            }
        };
        self.allowed(stream, columns).await
    }

    /// The columns of a query for these, or why the server refuses it; none where it does not describe queries.
    async fn shape(&mut self, stream: &Stream, which: &str) -> Result<Result<Vec<Column>, Fault>> {
        if self.abilities.describes == Some(false) {
            return Ok(Ok(Vec::new()));
        }
        let query = object::text(&format!("select {which} from {} as o", object::from(stream)?));
        let sql = format!(
            "select name, system_type_name, user_type_name, error_number, error_severity, error_message, is_nullable\n\
             from sys.dm_exec_describe_first_result_set({query}, null, 0)\norder by column_ordinal"
        );
        let shape = Shape { columns: 7, rows: COLUMNS, bytes: CATALOG };
        let rows = match self.rows(&sql, Asked::Rows(stream), shape).await {
            Err(error) if is_lacking(&error) => {
                self.abilities.describes = Some(false);
                return Ok(Ok(Vec::new()));
            }
            rows => rows?,
        };
        self.abilities.describes = Some(true);
        Ok(match rows.first().and_then(fault) {
            Some(fault) => Err(fault),
            None => Ok(rows.iter().filter_map(column).collect()),
        })
    }

    /// The columns, where the server does not describe queries. Those of a query have no length, and whether they
    /// may be empty nobody knows.
    async fn undescribed(&mut self, stream: &Stream) -> Result<Vec<Column>> {
        let listed = self.listed_columns(stream).await?;
        if !listed.is_empty() {
            return Ok(listed);
        }
        let sql = format!("select top (0) * from {} as o", object::from(stream)?);
        match self.announced(&sql, Asked::Rows(stream), COLUMNS).await {
            Ok(announced) => Ok(announced.iter().map(of_answer).collect()),
            Err(error) => Err(self.explain(stream, error).await),
        }
    }

    /// The columns that the stream names and that can be described, where not all can be.
    async fn one_by_one(&mut self, stream: &Stream, denied: Fault) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        for name in named(stream) {
            columns.extend(self.shape(stream, &own(name)).await?.unwrap_or_default());
        }
        match columns.is_empty() {
            true => {
                let error = denied.into_error(&self.settings, Asked::Rows(stream));
                Err(self.explain(stream, error).await)
            }
            false => Ok(columns),
        }
    }

    /// The columns without those that the stream names and the login may not read: the server names
    /// one of them at most, so they are tried one after the other.
    async fn allowed(&mut self, stream: &Stream, mut columns: Vec<Column>) -> Result<Vec<Column>> {
        let found = named(stream).into_iter().filter_map(|name| layout::find(&columns, name));
        let mut wanted: Vec<String> = found.map(|column| column.name.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let all: Vec<String> = wanted.iter().map(|name| own(name)).collect();
        let Some(error) = self.denied(stream, &all).await? else { return Ok(columns) };
        let mut denied = Vec::new();
        for name in &wanted {
            if self.denied(stream, &[own(name)]).await?.is_some() {
                denied.push(name);
            }
        }
        if denied.len() == wanted.len() {
            return Err(error);
        }
        columns.retain(|column| !denied.contains(&&column.name));
        Ok(columns)
    }

    /// Why the login may not read these columns; `None`: it may.
    async fn denied(&mut self, stream: &Stream, which: &[String]) -> Result<Option<Error>> {
        if which.is_empty() {
            return Ok(None);
        }
        let sql = format!("select top (0) {} from {} as o", which.join(", "), object::from(stream)?);
        match self.rows(&sql, Asked::Rows(stream), Shape::short(which.len(), 0)).await {
            Err(error) if error.kind == Kind::Forbidden => Ok(Some(error)),
            asked => asked.map(|_| None),
        }
    }

    /// The error, with the table that was probably meant.
    async fn explain(&mut self, stream: &Stream, error: Error) -> Error {
        if error.kind != Kind::NoObject || object::is_query(&stream.object) {
            return error;
        }
        let Ok(names) = self.names().await else { return error };
        let wanted = stream.object.trim().to_lowercase();
        let near = nearest(
            wanted.rsplit('.').next().unwrap_or(&wanted),
            names.iter().map(|(_, lower)| lower.as_str()),
        );
        match near.and_then(|near| names.iter().find(|(_, lower)| lower == near)) {
            Some((name, _)) => error.hint(format!("did you mean {name}?")),
            None => error,
        }
    }

    /// The tables and views that the login sees: with their schema, and in lower case without it.
    async fn names(&mut self) -> Result<Vec<(String, String)>> {
        let sql = format!("select top ({NAMES}) table_schema, table_name from information_schema.tables");
        let shape = Shape { columns: 2, rows: NAMES, bytes: CATALOG };
        let rows = self.rows(&sql, Asked::Session, shape).await?;
        let named =
            |row: &Row| Some((format!("{}.{}", text(row, 0)?, text(row, 1)?), text(row, 1)?.to_lowercase()));
        Ok(rows.iter().filter_map(named).collect())
    }
}

/// The remote names that the stream speaks of, each once.
fn named(stream: &Stream) -> Vec<&str> {
    let named = stream.columns.iter().flat_map(|column| column.paths());
    let named = named.chain(stream.cursor.as_deref()).chain(stream.date.as_deref());
    let mut names: Vec<&str> = named.filter(|name| *name != layout::DIGEST).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A column of the object.
fn own(name: &str) -> String {
    format!("o.{}", object::quote(name))
}

fn fault(row: &Row) -> Option<Fault> {
    let number = u32::try_from(number(row, 3)?).ok()?;
    let class = number_or(row, 4, 16);
    Some(Fault { number, class, message: text(row, 5).unwrap_or_default() })
}

fn column(row: &Row) -> Option<Column> {
    // A type of the user's own code has no other name.
    let kind = text(row, 1).or_else(|| text(row, 2)).unwrap_or_else(|| "unknown".into());
    // Nobody says that it always has a value.
    let is_nullable = number(row, 6) != Some(0);
    Some(Column { name: text(row, 0)?, kind, is_nullable })
}

fn of_answer(column: &Announced) -> Column {
    let kind = column::of_wire(column.column_type()).into();
    Column { name: column.name().into(), kind, is_nullable: true }
}

fn data(row: &Row, at: usize) -> Option<&ColumnData<'static>> {
    row.cells().nth(at).map(|(_, data)| data).filter(|data| !cell::is_null(data))
}

pub(super) fn text(row: &Row, at: usize) -> Option<String> {
    cell::text(data(row, at)?).ok()
}

pub(super) fn number(row: &Row, at: usize) -> Option<i128> {
    match data(row, at)? {
        ColumnData::Bit(Some(flag)) => Some(i128::from(*flag)),
        number => cell::integer(number),
    }
}

fn number_or(row: &Row, at: usize, otherwise: u8) -> u8 {
    number(row, at).and_then(|number| u8::try_from(number).ok()).unwrap_or(otherwise)
}
