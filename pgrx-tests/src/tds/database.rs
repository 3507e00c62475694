//! What is stored: tables, views, and what open transactions have not committed yet.
//!
//! Readers see what is committed, as with row versioning. A rowversion is given out when a row
//! is written, so an open transaction holds a lower one than what is committed behind its back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Column, Name, Select};
use super::error::{Result, SqlError, no_object};
use super::kind::Kind;
use super::value::Value;

/// A row as it is stored.
pub type Row = Arc<[Value]>;

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: Name,
    pub columns: Vec<Column>,
    /// Places of the primary key's columns.
    pub key: Vec<usize>,
    /// By a number that is never given twice.
    pub rows: BTreeMap<u64, Row>,
    pub identity: i64,
    pub indexes: Vec<Index>,
}

/// An index beside that of the primary key.
#[derive(Clone, Debug)]
pub struct Index {
    pub unique: bool,
    /// Whether it is filtered: holds only some of the rows.
    pub partial: bool,
    /// Places of its columns.
    pub columns: Vec<usize>,
}

/// A change that is not committed.
#[derive(Clone, Debug)]
pub enum Change {
    Put(Id, u64, Row),
    Drop(Id, u64),
}

/// Schema and name in lower case.
pub type Id = (String, String);

/// The identity of a name.
pub fn id(name: &Name) -> Id {
    (name.schema.to_lowercase(), name.name.to_lowercase())
}

/// One database.
#[derive(Debug, Default)]
pub struct Database {
    pub tables: BTreeMap<Id, Table>,
    pub views: BTreeMap<Id, (Name, Select)>,
    /// The last rowversion that was given out.
    pub version: u64,
    next_row: u64,
    /// The lowest rowversion of each session's open transaction.
    pub active: BTreeMap<u64, u64>,
    /// Objects, and columns of objects, that nobody may read.
    pub denied: BTreeSet<(String, Option<String>)>,
    /// Views of the catalog that this server lacks: `sys.indexes`.
    pub hidden: BTreeSet<String>,
}

impl Database {
    /// A table by its name.
    pub fn table(&self, name: &Name) -> Result<&Table> {
        self.tables.get(&id(name)).ok_or_else(|| no_object(&name.shown()))
    }

    /// The committed rows of a table, with what the session has changed.
    pub fn visible(&self, id: &Id, pending: &[Change]) -> BTreeMap<u64, Row> {
        let mut rows = self.tables.get(id).map(|table| table.rows.clone()).unwrap_or_default();
        for change in pending {
            match change {
                Change::Put(of, at, row) if of == id => drop(rows.insert(*at, row.clone())),
                Change::Drop(of, at) if of == id => drop(rows.remove(at)),
                _ => {}
            }
        }
        rows
    }

    /// Makes changes visible to all.
    pub fn commit(&mut self, session: u64, changes: Vec<Change>) {
        self.active.remove(&session);
        for change in changes {
            match change {
                Change::Put(id, at, row) => {
                    if let Some(table) = self.tables.get_mut(&id) {
                        table.rows.insert(at, row);
                    }
                }
                Change::Drop(id, at) => {
                    if let Some(table) = self.tables.get_mut(&id) {
                        table.rows.remove(&at);
                    }
                }
            }
        }
    }

    /// The next rowversion, which the session's transaction holds until it ends.
    pub fn next_version(&mut self, session: u64) -> u64 {
        self.version += 1;
        self.active.entry(session).or_insert(self.version);
        self.version
    }

    /// `MIN_ACTIVE_ROWVERSION()`: with nothing active the one that is given out next.
    pub fn min_active(&self) -> u64 {
        self.active.values().min().copied().unwrap_or(self.version + 1)
    }

    /// Puts rows into a table of the schema `dbo`, committed at once.
    pub fn fill(&mut self, table: &str, rows: impl IntoIterator<Item = Vec<Value>>) {
        let id = ("dbo".to_string(), table.to_lowercase());
        let table = self.tables.get_mut(&id).expect("no such table");
        let version = table.rowversion();
        for mut row in rows {
            self.next_row += 1;
            if let Some(at) = version {
                self.version += 1;
                row.insert(at, Value::Bytes(self.version.to_be_bytes().to_vec()));
            }
            table.rows.insert(self.next_row, row.into());
        }
    }

    /// A number for a new row.
    pub fn next_row(&mut self) -> u64 {
        self.next_row += 1;
        self.next_row
    }

    /// Refuses who reads what is denied.
    pub fn may_read(&self, name: &Name) -> Result<()> {
        let shown = &name.name;
        match self.denied.contains(&(shown.to_lowercase(), None)) {
            true => Err(SqlError::new(
                229,
                14,
                format!(
                    "The SELECT permission was denied on the object '{shown}', database 'shop', schema '{}'.",
                    name.schema
                ),
            )),
            false => Ok(()),
        }
    }

    /// The same for a column.
    pub fn may_read_column(&self, table: &Name, column: &str) -> Result<()> {
        let shown = &table.name;
        match self.denied.contains(&(shown.to_lowercase(), Some(column.to_lowercase()))) {
            true => Err(SqlError::new(
                230,
                14,
                format!(
                    "The SELECT permission was denied on the column '{column}' of the object '{shown}', \
                     database 'shop', schema '{}'.",
                    table.schema
                ),
            )),
            false => Ok(()),
        }
    }
}

impl Table {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The place of its rowversion.
    pub fn rowversion(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.kind == Kind::RowVersion)
    }
}
