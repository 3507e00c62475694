//! What a database holds: its tables and views, their columns, their keys.

use tiberius::Row;

use super::SqlServer;
use super::budget::CATALOG;
use super::catalog::Index;
use super::column::{self, Column, Family};
use super::connection::Shape;
use super::describe::text;
use super::fault::Asked;
use super::layout::{DIGEST, find};
use super::object::{self, quote};
use super::propose::{self, Proposal};
use crate::entity::{Stream, Type};
use crate::error::Result;
use crate::source::{Described, Object};

/// So many tables are listed at most.
const TABLES: usize = 5000;

impl SqlServer {
    /// The tables and views that the login sees.
    pub(super) async fn tables(&mut self) -> Result<Vec<Object>> {
        let sql = format!(
            "select top ({TABLES}) table_schema, table_name, table_type\n\
             from information_schema.tables\norder by table_schema, table_name"
        );
        let shape = Shape { columns: 3, rows: TABLES, bytes: CATALOG };
        let rows = self.rows(&sql, Asked::Session, shape).await?;
        Ok(rows.iter().filter_map(table).collect())
    }

    /// The columns of an object; where nothing tells its rows apart, what can be made to.
    pub(super) async fn fields(&mut self, object: &str) -> Result<Vec<Described>> {
        // A query is too long to be called by itself.
        let table = if object::is_query(object) { "sync_discover" } else { object };
        let stream = Stream { object: object.into(), table: table.into(), ..Stream::default() };
        let mut columns = self.described(&stream).await?;
        let key = propose::key(&columns, &self.keys(&stream).await?);
        // The key first, in the order in which an index has it.
        let place = |column: &Column| key.columns.iter().position(|name| *name == column.name);
        columns.sort_by_key(|column| place(column).unwrap_or(usize::MAX));
        let cursor = self.cursor(&stream, &columns).await?;
        let digest = key.columns.is_empty().then(|| digest(&key));
        let field = |column: &Column| described(column, &key, &cursor);
        Ok(digest.into_iter().chain(columns.iter().map(field)).collect())
    }

    /// What tells the rows of an object apart, as far as the server says; nothing of a view or a query.
    async fn keys(&mut self, stream: &Stream) -> Result<Vec<Index>> {
        let mut indexes = self.indexes(stream).await?;
        if !indexes.iter().any(|index| index.is_primary) {
            let columns = self.standard_key(stream).await?;
            let primary = Index { is_unique: true, is_primary: true, columns };
            indexes.extend(Some(primary).filter(|index| !index.columns.is_empty()));
        }
        Ok(indexes)
    }

    async fn cursor(&mut self, stream: &Stream, columns: &[Column]) -> Result<Proposal> {
        let own =
            object::database(stream).is_none_or(|name| name.eq_ignore_ascii_case(&self.settings.database));
        let has_version = columns.iter().any(|column| column.family() == Family::Rowversion);
        let has_bound = own && has_version && self.has_min_active().await?;
        let name = if object::is_query(&stream.object) { String::new() } else { object::table(stream)?.1 };
        Ok(propose::cursor(&name, columns, has_bound))
    }

    /// What weakens the key and the cursor of a stream, for a person.
    pub(super) async fn weak_points(&mut self, stream: &Stream) -> Result<Vec<String>> {
        let columns = self.columns(stream).await?.to_vec();
        let indexes = self.keys(stream).await?;
        let named = stream.key.iter().filter_map(|name| stream.columns.get(stream.column(name)?));
        let paths =
            named.filter_map(|column| column.paths().into_iter().find(|path| find(&columns, path).is_some()));
        let key: Vec<&str> = paths.collect();
        // Of a view or a query nobody knows its indexes.
        let is_table = !indexes.is_empty();
        Ok(propose::weaknesses(&key, stream.cursor.as_deref(), &columns, &indexes, is_table))
    }
}

fn table(row: &Row) -> Option<Object> {
    let (schema, name) = (text(row, 0)?, text(row, 1)?);
    let kind = if text(row, 2)? == "VIEW" { "view" } else { "table" };
    Some(Object { name: format!("{}.{}", shown(&schema), shown(&name)), label: name, kind })
}

/// A name as a manifest writes it: in brackets only where it must be.
fn shown(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
    if plain { name.to_string() } else { quote(name) }
}

fn described(column: &Column, key: &Proposal, cursor: &Proposal) -> Described {
    let (is_key, is_cursor) = (key.columns.contains(&column.name), cursor.columns.contains(&column.name));
    let notes = [key.note.as_ref().filter(|_| is_key), cursor.note.as_ref().filter(|_| is_cursor)];
    let notes: Vec<&str> = notes.into_iter().flatten().map(String::as_str).collect();
    Described {
        name: column.name.clone(),
        label: column.name.clone(),
        remote_type: column.kind.clone(),
        column: Some(local(column.family(), is_key)),
        scale: None,
        is_key,
        is_cursor,
        note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
        is_of_screens: false,
    }
}

/// The type that holds all values of a family.
fn local(family: column::Family, is_key: bool) -> Type {
    let kind = match family {
        Family::Bit => Type::Boolean,
        Family::Integer => Type::Bigint,
        Family::Decimal | Family::Money | Family::Float => Type::Numeric,
        Family::Date => Type::Date,
        family if family.is_moment() => Type::Timestamptz,
        _ => Type::Text,
    };
    if is_key && !family.can_be_key(kind) { Type::Text } else { kind }
}

fn digest(key: &Proposal) -> Described {
    Described {
        name: DIGEST.into(),
        label: "Digest of the row, and a number that tells equal rows apart".into(),
        remote_type: "digest".into(),
        column: Some(Type::Text),
        scale: None,
        is_key: true,
        is_cursor: false,
        note: key.note.clone(),
        is_of_screens: false,
    }
}
