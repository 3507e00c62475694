//! What the catalog of a database says of a table: its columns, and what tells its rows apart.
//!
//! `object_id` finds the table as the server itself finds it, in the database that its name says. Each view of the
//! catalog is asked by itself: not every server has all of them.

use std::collections::BTreeMap;

use tiberius::Row;

use super::SqlServer;
use super::ability::is_lacking;
use super::budget::CATALOG;
use super::column::{self, Column};
use super::connection::Shape;
use super::describe::{number, text};
use super::fault::Asked;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::Result;

/// A table of sparse columns has no more.
const COLUMNS: usize = 30_000;

/// A table has 1,000 indexes of 32 columns at most.
const PARTS: usize = 32_000;

/// What finds rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// Whether no two rows have the same values in it.
    pub(super) is_unique: bool,
    pub(super) is_primary: bool,
    /// In the index's order.
    pub(super) columns: Vec<String>,
}

/// What the catalog knows of one table.
struct Table {
    /// Its database, with a point; empty for the one that we are logged in to.
    database: String,
    /// `object_id(N'[dbo].[Sales]')`.
    id: String,
}

impl SqlServer {
    /// The columns of a table or view; none where the catalog does not say.
    pub(super) async fn listed_columns(&mut self, stream: &Stream) -> Result<Vec<Column>> {
        let Some(table) = table(stream)? else { return Ok(Vec::new()) };
        let types = "select user_type_id, system_type_id, name from sys.types";
        let types = self.asked(types, 3, COLUMNS).await?;
        let names: BTreeMap<i128, String> =
            types.iter().filter_map(|row| Some((number(row, 0)?, text(row, 2)?))).collect();
        let sql = format!(
            "select name, system_type_id, user_type_id, max_length, precision, scale, is_nullable\n\
             from {}sys.columns\nwhere object_id = {}\norder by column_id",
            table.database, table.id
        );
        let rows = self.asked(&sql, 7, COLUMNS).await?;
        Ok(rows.iter().filter_map(|row| listed(row, &names)).collect())
    }

    /// The indexes of a table; none of a view or a query.
    pub(super) async fn indexes(&mut self, stream: &Stream) -> Result<Vec<Index>> {
        let Some(Table { database, id }) = table(stream)? else { return Ok(Vec::new()) };
        let of = |what: &str, view: &str| {
            format!("select {what}\nfrom {database}sys.{view}\nwhere object_id = {id}")
        };
        let indexes = format!("{} and index_id > 0", of("index_id, is_unique", "indexes"));
        let indexes = self.asked(&indexes, 2, PARTS).await?;
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        let partial = format!("{} and has_filter = 1", of("index_id", "indexes"));
        let partial: Vec<i128> =
            self.asked(&partial, 1, PARTS).await?.iter().filter_map(|row| number(row, 0)).collect();
        let parts = of("index_id, key_ordinal, column_id", "index_columns");
        let parts = self.asked(&format!("{parts} and key_ordinal > 0"), 3, PARTS).await?;
        let names = self.asked(&of("column_id, name", "columns"), 2, COLUMNS).await?;
        let primary = self.primary(&format!("{} and is_primary_key = 1", of("index_id", "indexes"))).await?;
        let primary = match primary {
            Some(primary) => Some(primary),
            None => {
                let constraint = "where parent_object_id = {} and type = N'PK'".replace("{}", &id);
                let sql = format!("select unique_index_id\nfrom {database}sys.key_constraints\n{constraint}");
                self.primary(&sql).await?
            }
        };
        let names: BTreeMap<i128, String> =
            names.iter().filter_map(|row| Some((number(row, 0)?, text(row, 1)?))).collect();
        let mut parts: Vec<(i128, i128, &String)> = parts
            .iter()
            .filter_map(|row| Some((number(row, 0)?, number(row, 1)?, names.get(&number(row, 2)?)?)))
            .collect();
        parts.sort_unstable();
        let index = |row: &Row| {
            let id = number(row, 0)?;
            let columns =
                parts.iter().filter(|(of, ..)| *of == id).map(|(.., name)| (*name).clone()).collect();
            let is_primary = primary == Some(id);
            let is_unique = (is_primary || flag(row, 1)) && !partial.contains(&id);
            Some(Index { is_unique, is_primary, columns })
        };
        Ok(indexes.iter().filter_map(index).filter(|index| !index.columns.is_empty()).collect())
    }

    /// The number of an index that a view of the catalog tells.
    async fn primary(&mut self, sql: &str) -> Result<Option<i128>> {
        Ok(self.asked(sql, 1, 1).await?.first().and_then(|row| number(row, 0)))
    }

    /// The columns of the primary key as the standard's views tell them, where the server's own ones do not.
    pub(super) async fn standard_key(&mut self, stream: &Stream) -> Result<Vec<String>> {
        let Some(Table { database, .. }) = table(stream)? else { return Ok(Vec::new()) };
        let (schema, name) = object::table(stream)?;
        let schema = match schema.is_empty() {
            true => self.schema_of(&database, &name).await?,
            false => Some(schema),
        };
        let Some(schema) = schema else { return Ok(Vec::new()) };
        let of = format!("table_schema = {} and table_name = {}", object::text(&schema), object::text(&name));
        let sql = format!(
            "select constraint_name\nfrom {database}information_schema.table_constraints\n\
             where {of} and constraint_type = N'PRIMARY KEY'"
        );
        let constraint = self.asked(&sql, 1, 1).await?.first().and_then(|row| text(row, 0));
        let Some(constraint) = constraint else { return Ok(Vec::new()) };
        let sql = format!(
            "select column_name\nfrom {database}information_schema.key_column_usage\n\
             where {of} and constraint_name = {}\norder by ordinal_position",
            object::text(&constraint)
        );
        Ok(self.asked(&sql, 1, PARTS).await?.iter().filter_map(|row| text(row, 0)).collect())
    }

    /// The schema in which the server finds a name without one: the login's own, then `dbo`. None where only others
    /// have such a table.
    async fn schema_of(&mut self, database: &str, name: &str) -> Result<Option<String>> {
        let sql = format!(
            "select table_schema\nfrom {database}information_schema.tables\nwhere table_name = {}",
            object::text(name)
        );
        let schemas: Vec<String> =
            self.asked(&sql, 1, PARTS).await?.iter().filter_map(|row| text(row, 0)).collect();
        let own = self.asked("select schema_name()", 1, 1).await?.first().and_then(|row| text(row, 0));
        let candidates = [own, Some("dbo".to_string())].into_iter().flatten();
        Ok(candidates.into_iter().find(|candidate| schemas.contains(candidate)))
    }

    /// The rows of a view of the catalog; none where the server lacks it, or a column of it.
    async fn asked(&mut self, sql: &str, columns: usize, rows: usize) -> Result<Vec<Row>> {
        match self.rows(sql, Asked::Session, Shape { columns, rows, bytes: CATALOG }).await {
            Err(error) if is_lacking(&error) => Ok(Vec::new()),
            rows => rows,
        }
    }
}

/// Where the catalog says something of the stream's object; nowhere when it is a query.
fn table(stream: &Stream) -> Result<Option<Table>> {
    if object::is_query(&stream.object) {
        return Ok(None);
    }
    let database = object::database(stream).filter(|database| !database.is_empty());
    Ok(Some(Table {
        database: database.map(|database| format!("{}.", quote(&database))).unwrap_or_default(),
        id: format!("object_id({})", object::text(&object::from(stream)?)),
    }))
}

fn flag(row: &Row, at: usize) -> bool {
    number(row, at) == Some(1)
}

/// A column as `sys.columns` describes it.
fn listed(row: &Row, types: &BTreeMap<i128, String>) -> Option<Column> {
    let whole = |at: usize| number(row, at).unwrap_or_default();
    // A type of somebody's own code has no other name than its own.
    let name = types.get(&number(row, 1)?).or_else(|| types.get(&number(row, 2)?))?;
    let kind = column::sized(name, whole(3), whole(4), whole(5));
    Some(Column { name: text(row, 0)?, kind, is_nullable: flag(row, 6) })
}
