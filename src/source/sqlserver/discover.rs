//! What a database holds: its tables and views, their columns, their keys.

use tiberius::Row;

use super::budget::CATALOG;
use super::column::{Column, Family};
use super::connection::Shape;
use super::describe::text;
use super::fault::Asked;
use super::layout::DIGEST;
use super::object::{self, quote};
use super::{SqlServer, column};
use crate::entity::{Stream, Type};
use crate::error::Result;
use crate::source::{Described, Object};

/// So many tables are listed at most.
const TABLES: usize = 5000;

/// A key has fewer columns, in all schemas that have a table of the name together.
const KEY: usize = 1000;

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
        let columns = self.described(&stream).await?;
        let key = self.primary_key(&stream).await?;
        let cursor = cursor(&columns).map(|column| column.name.clone());
        let digest = key.is_empty().then(digest);
        let field = |column: &Column| described(column, &key, cursor.as_deref());
        Ok(digest.into_iter().chain(columns.iter().map(field)).collect())
    }

    /// The columns of the primary key; none of a view or a query.
    async fn primary_key(&mut self, stream: &Stream) -> Result<Vec<String>> {
        if object::is_query(&stream.object) {
            return Ok(Vec::new());
        }
        let (schema, table) = object::table(stream)?;
        let sql = format!(
            "select column_name\nfrom information_schema.key_column_usage\n\
             where table_name = {} and ({} = N'' or table_schema = {}) and objectproperty(object_id(\
             quotename(constraint_schema) + '.' + quotename(constraint_name)), 'IsPrimaryKey') = 1\n\
             order by ordinal_position",
            object::text(&table),
            object::text(&schema),
            object::text(&schema)
        );
        let rows = self.rows(&sql, Asked::Session, Shape::short(1, KEY)).await?;
        Ok(rows.iter().filter_map(|row| text(row, 0)).collect())
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

/// The column that grows with every change: a rowversion does, a time that is called so may.
fn cursor(columns: &[Column]) -> Option<&Column> {
    let called_so = |column: &&Column| {
        let name = column.name.to_lowercase();
        column.family().is_moment() && ["modif", "updat", "chang"].iter().any(|word| name.contains(word))
    };
    let version = columns.iter().find(|column| column.family() == Family::Rowversion);
    version.or_else(|| columns.iter().find(called_so))
}

fn described(column: &Column, key: &[String], cursor: Option<&str>) -> Described {
    let is_key = key.contains(&column.name);
    Described {
        name: column.name.clone(),
        label: column.name.clone(),
        remote_type: column.kind.clone(),
        column: Some(local(column.family(), is_key)),
        scale: None,
        is_key,
        is_cursor: cursor == Some(column.name.as_str()),
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

fn digest() -> Described {
    Described {
        name: DIGEST.into(),
        label: "Digest of the row, and a number that tells equal rows apart".into(),
        remote_type: "digest".into(),
        column: Some(Type::Text),
        scale: None,
        is_key: true,
        is_cursor: false,
        is_of_screens: false,
    }
}
