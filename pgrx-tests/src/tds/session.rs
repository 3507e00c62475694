//! A session: statements one after the other, in a transaction or each in its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ast::{Column, Expr, Name, Statement};
use super::clock::Clock;
use super::database::{Change, Database, Id, Index, Row, Table, id};
use super::error::{Result, SqlError, no_column, no_object};
use super::eval::{Context, Scope, bind, eval};
use super::face::Face;
use super::parser;
use super::select::{Answer, Asked, context};
use super::server::House;
use super::value::Value;

/// What a statement did.
pub enum Done {
    /// A query.
    Rows(Answer),
    /// So many rows were written.
    Changed(u64),
    /// Nothing to count.
    Well,
    /// A transaction began or ended.
    Transaction(Turn),
}

/// What became of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Begun,
    Committed,
    RolledBack,
}

/// The database as all sessions share it.
pub type Shared = Arc<Mutex<Database>>;

/// Whoever panicked while holding it was a test that fails anyway.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Database> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session of one login.
pub struct Session {
    shared: Shared,
    clock: Clock,
    number: u64,
    login: String,
    database: String,
    face: Face,
    pending: Vec<Change>,
    open: bool,
    /// Longest text or bytes that a `max` column sends.
    pub textsize: usize,
}

impl Session {
    pub(super) fn new(house: &House, number: u64, login: String, database: String) -> Self {
        let (shared, clock, face) = (house.database.clone(), house.clock.clone(), house.face);
        let pending = Vec::new();
        Session { shared, clock, number, login, database, face, pending, open: false, textsize: 4096 }
    }

    /// Runs a batch; the first error ends it.
    pub fn run(&mut self, sql: &str) -> Result<Vec<Done>> {
        let done = parser::parse(sql)?.into_iter().map(|statement| self.statement(statement)).collect();
        if !self.open {
            // A statement that failed has nothing to hold.
            self.end(false);
        }
        done
    }

    /// Runs a batch whose answer does not matter.
    pub fn execute(&mut self, sql: &str) {
        if let Err(error) = self.run(sql) {
            panic!("{sql}: {error:?}");
        }
    }

    fn context(&self, database: &Database) -> Context {
        context(database, self.face, (&self.login, &self.database), (self.clock.utc(), self.clock.zone()))
    }

    fn statement(&mut self, statement: Statement) -> Result<Done> {
        match statement {
            Statement::Select(select) => {
                let database = lock(&self.shared);
                let context = self.context(&database);
                let asked = Asked { database: &database, pending: &self.pending, context: &context };
                asked.select(&select).map(Done::Rows)
            }
            Statement::Begin => {
                self.open = true;
                Ok(Done::Transaction(Turn::Begun))
            }
            Statement::Commit => {
                self.end(true);
                Ok(Done::Transaction(Turn::Committed))
            }
            Statement::Rollback => {
                self.end(false);
                Ok(Done::Transaction(Turn::RolledBack))
            }
            Statement::Set(words) => {
                self.set(&words);
                Ok(Done::Well)
            }
            Statement::CreateTable { table, columns, key } => self.create(table, columns, &key),
            Statement::CreateView { view, select } => {
                lock(&self.shared).views.insert(id(&view), (view, select));
                Ok(Done::Well)
            }
            Statement::CreateIndex { table, unique, partial, columns } => {
                let mut database = lock(&self.shared);
                let columns =
                    columns.iter().filter_map(|column| database.table(&table).ok()?.column(column)).collect();
                let stored = database.tables.get_mut(&id(&table)).ok_or_else(|| no_object(&table.shown()))?;
                stored.indexes.push(Index { unique, partial, columns });
                Ok(Done::Well)
            }
            Statement::Drop { object } => {
                let mut database = lock(&self.shared);
                database.tables.remove(&id(&object));
                database.views.remove(&id(&object));
                Ok(Done::Well)
            }
            Statement::Insert { table, columns, rows } => self.insert(&table, &columns, rows),
            Statement::Update { table, sets, filter } => self.update(&table, &sets, filter),
            Statement::Delete { table, filter } => self.delete(&table, filter),
        }
    }

    fn set(&mut self, words: &[String]) {
        if let [option, value] = words
            && option == "textsize"
        {
            self.textsize = value.parse().unwrap_or(4096);
        }
    }

    fn end(&mut self, commit: bool) {
        let changes = std::mem::take(&mut self.pending);
        lock(&self.shared).commit(self.number, if commit { changes } else { Vec::new() });
        self.open = false;
    }

    fn create(&mut self, name: Name, columns: Vec<Column>, key: &[String]) -> Result<Done> {
        let mut database = lock(&self.shared);
        if database.tables.contains_key(&id(&name)) {
            return Err(SqlError::new(
                2714,
                16,
                format!("There is already an object named '{}' in the database.", name.name),
            ));
        }
        let rows = Default::default();
        let mut table = Table { columns, key: Vec::new(), rows, identity: 0, indexes: Vec::new(), name };
        table.key = key.iter().filter_map(|column| table.column(column)).collect();
        for at in table.key.clone() {
            table.columns[at].nullable = false;
        }
        database.tables.insert(id(&table.name), table);
        Ok(Done::Well)
    }

    fn insert(&mut self, name: &Name, columns: &[String], rows: Vec<Vec<Expr>>) -> Result<Done> {
        let mut changes = Vec::new();
        {
            let mut database = lock(&self.shared);
            let context = self.context(&database);
            let mut table = database.table(name)?.clone_head();
            let places = places(&table, columns)?;
            for exprs in rows {
                if exprs.len() != places.len() {
                    return Err(SqlError::new(
                        213,
                        16,
                        "Column name or number of supplied values does not match table definition.",
                    ));
                }
                let mut row = vec![Value::Null; table.columns.len()];
                for (at, expr) in places.iter().zip(exprs) {
                    row[*at] = eval(&bind_alone(expr)?, &[], &context)?.to(&table.columns[*at].kind)?;
                }
                for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| column.identity) {
                    if row[at] == Value::Null {
                        table.identity += 1;
                        row[at] = Value::Int(table.identity).to(&column.kind)?;
                    }
                }
                self.stamp(&mut database, &table, &mut row);
                changes.push(Change::Put(id(name), database.next_row(), row.into()));
            }
            if let Some(stored) = database.tables.get_mut(&id(name)) {
                stored.identity = table.identity;
            }
            self.refuse_twice(&database, &table, &changes)?;
        }
        self.keep(changes)
    }

    fn update(&mut self, name: &Name, sets: &[(String, Expr)], filter: Option<Expr>) -> Result<Done> {
        let mut changes = Vec::new();
        {
            let mut database = lock(&self.shared);
            let context = self.context(&database);
            let table = database.table(name)?.clone_head();
            let scope = scope(&table);
            let sets = sets.iter().map(|(column, expr)| {
                let at = table.column(column).ok_or_else(|| no_column(column))?;
                Ok((at, bound(expr.clone(), &scope)?))
            });
            let sets = sets.collect::<Result<Vec<_>>>()?;
            for (at, row) in self.found(&database, &table, filter, &context)? {
                let mut changed = row.to_vec();
                for (column, expr) in &sets {
                    changed[*column] = eval(expr, &row, &context)?.to(&table.columns[*column].kind)?;
                }
                self.stamp(&mut database, &table, &mut changed);
                changes.push(Change::Put(id(name), at, changed.into()));
            }
        }
        self.keep(changes)
    }

    fn delete(&mut self, name: &Name, filter: Option<Expr>) -> Result<Done> {
        let changes = {
            let database = lock(&self.shared);
            let context = self.context(&database);
            let table = database.table(name)?.clone_head();
            let found = self.found(&database, &table, filter, &context)?;
            found.into_iter().map(|(at, _)| Change::Drop(id(name), at)).collect()
        };
        self.keep(changes)
    }

    fn found(
        &self,
        database: &Database,
        table: &Table,
        filter: Option<Expr>,
        context: &Context,
    ) -> Result<Vec<(u64, Row)>> {
        let filter = filter.map(|filter| bound(filter, &scope(table))).transpose()?;
        let mut found = Vec::new();
        for (at, row) in database.visible(&id(&table.name), &self.pending) {
            let stays = match &filter {
                Some(filter) => eval(filter, &row, context)? == Value::Bit(true),
                None => true,
            };
            if stays {
                found.push((at, row));
            }
        }
        Ok(found)
    }

    fn stamp(&self, database: &mut Database, table: &Table, row: &mut [Value]) {
        if let Some(at) = table.rowversion() {
            row[at] = Value::Bytes(database.next_version(self.number).to_be_bytes().to_vec());
        }
    }

    fn refuse_twice(&self, database: &Database, table: &Table, changes: &[Change]) -> Result<()> {
        if table.key.is_empty() {
            return Ok(());
        }
        let of: Id = id(&table.name);
        let key = |row: &Row| -> Vec<String> {
            table.key.iter().map(|at| row[*at].text().trim_end_matches(' ').to_lowercase()).collect()
        };
        let mut seen: std::collections::HashSet<_> =
            database.visible(&of, &self.pending).values().map(key).collect();
        for change in changes {
            if let Change::Put(_, _, row) = change
                && !seen.insert(key(row))
            {
                return Err(SqlError::new(
                    2627,
                    14,
                    format!(
                        "Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object '{}'.",
                        table.name.shown()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn keep(&mut self, changes: Vec<Change>) -> Result<Done> {
        let count = changes.len() as u64;
        self.pending.extend(changes);
        if !self.open {
            self.end(true);
        }
        Ok(Done::Changed(count))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end(false);
    }
}

impl Table {
    /// Without its rows.
    fn clone_head(&self) -> Table {
        let Table { name, columns, key, identity, indexes, .. } = self;
        Table {
            name: name.clone(),
            columns: columns.clone(),
            key: key.clone(),
            rows: Default::default(),
            identity: *identity,
            indexes: indexes.clone(),
        }
    }
}

fn scope(table: &Table) -> Scope {
    table.columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect()
}

fn places(table: &Table, columns: &[String]) -> Result<Vec<usize>> {
    if columns.is_empty() {
        let given = |at: &usize| !table.columns[*at].identity && Some(*at) != table.rowversion();
        return Ok((0..table.columns.len()).filter(given).collect());
    }
    columns.iter().map(|column| table.column(column).ok_or_else(|| no_column(column))).collect()
}

fn bound(expr: Expr, scope: &Scope) -> Result<Expr> {
    bind(expr, scope, &mut Vec::new(), &mut |_| Ok(()))
}

fn bind_alone(expr: Expr) -> Result<Expr> {
    bound(expr, &Vec::new())
}
