//! Statements on business tables: each says which tables it names, which are opened first, and runs as their owner.

use std::borrow::Cow;

use pgrx::datum::DatumWithOid;

use super::relation::Relation;
use super::sql::{self, Row};
use super::target::{Target, Use};
use super::{Place, local};
use crate::engine::Batch;
use crate::entity::{Stream, derive, quote};
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Rows};

impl<'a> Place<'a> {
    /// Whether a table of the schema is there. It stays what it is until the transaction ends.
    pub(super) fn opened(&self, table: &str, to: Use) -> Result<bool> {
        self.tables.open(self.schema, table, to, self.shape(table).as_deref())
    }

    /// A table of the schema, opened for reading; `None` when it is not there.
    pub(super) fn relation(&self, table: &str) -> Result<Option<Relation>> {
        self.tables.relation(self.schema, table, self.shape(table).as_deref())
    }

    /// Whether all these tables are there, opened for reading.
    pub(super) fn all_opened(&self, tables: &[&str]) -> Result<bool> {
        let there = |table: &&str| self.opened(table, Use::Read);
        Ok(tables.iter().map(there).collect::<Result<Vec<_>>>()?.into_iter().all(|there| there))
    }

    /// Opens a table that a statement names.
    fn needed(&self, table: &str, to: Use) -> Result<()> {
        match self.opened(table, to)? {
            true => Ok(()),
            false => {
                let name = quote::qualified(self.schema, table);
                Err(Error::new(Kind::Altered, format!("table {name} is no longer there")))
            }
        }
    }

    /// How a table is to be: a stream's of any entity, or a derived one.
    fn shape(&self, table: &str) -> Option<Cow<'a, Stream>> {
        if self.stream.table == table {
            return Some(Cow::Borrowed(self.stream));
        }
        for entity in self.entities {
            if let Some(stream) = entity.streams.iter().find(|stream| stream.table == table) {
                return Some(match entity.is_of_servers() {
                    true => Cow::Owned(stream.of_server()),
                    false => Cow::Borrowed(stream),
                });
            }
        }
        derive::table(table).map(Cow::Borrowed)
    }

    /// The schema.
    pub(super) fn target(&self) -> Result<Target> {
        self.tables.target(self.schema)
    }

    /// Runs a statement that only reads these tables, and makes something of each row.
    pub(super) fn query<R>(
        &self,
        tables: &[&str],
        sql: &str,
        arguments: &[DatumWithOid<'_>],
        each: impl FnMut(&Row<'_>) -> Result<R>,
    ) -> Result<Vec<R>> {
        for table in tables {
            self.needed(table, Use::Read)?;
        }
        self.target()?.run(|| sql::query(sql, arguments, each))
    }

    /// Runs a statement that writes these tables (what else it reads was opened before), and makes something of each
    /// row it returns.
    pub(super) fn change<R>(
        &self,
        tables: &[&str],
        sql: &str,
        arguments: &[DatumWithOid<'_>],
        each: impl FnMut(&Row<'_>) -> Result<R>,
    ) -> Result<Vec<R>> {
        for table in tables {
            self.needed(table, Use::Write)?;
        }
        self.target()?.run(|| sql::change(sql, arguments, each))
    }

    /// Runs statements that make or change tables.
    pub(super) fn define(&self, statements: &[String]) -> Result<()> {
        self.target()?.run(|| statements.iter().try_for_each(|sql| sql::execute(sql, &[]).map(drop)))
    }

    /// Keys from the engine, as the table has them.
    pub(super) fn keys_here<'k>(&self, keys: &'k [Key]) -> Cow<'k, [Key]> {
        match self.task.entity.is_of_servers() {
            true => Cow::Owned(local::keys(&self.task.label, keys)),
            false => Cow::Borrowed(keys),
        }
    }

    /// Keys of the table, as the engine has them.
    pub(super) fn keys_told(&self, keys: Vec<Key>) -> Vec<Key> {
        match self.task.entity.is_of_servers() {
            true => keys.into_iter().map(local::bare).collect(),
            false => keys,
        }
    }

    /// Rows from the engine, as the table has them.
    pub(super) fn rows_here<'r>(&self, rows: &'r Rows) -> Cow<'r, Rows> {
        match self.task.entity.is_of_servers() {
            true => Cow::Owned(local::rows(&self.task.label, rows)),
            false => Cow::Borrowed(rows),
        }
    }

    /// A batch from the engine, as the table has it.
    pub(super) fn batch_here<'b>(&self, batch: &'b Batch) -> Cow<'b, Batch> {
        match self.task.entity.is_of_servers() {
            true => Cow::Owned(local::batch(&self.task.label, batch)),
            false => Cow::Borrowed(batch),
        }
    }
}
