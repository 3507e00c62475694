//! Queries: where rows come from, which stay, in which order, and what is shown of them.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Expr, Item, Name, Select, Source};
use super::catalog;
use super::database::{Change, Database, Row, id};
use super::error::{Result, SqlError, no_object};
use super::eval::{Context, Scope, bind, eval, is_binary, kind_of};
use super::face::Face;
use super::functions::{self, AGGREGATES};
use super::kind::Kind;
use super::sys;
use super::value::Value;

/// What a query gives: columns with their types, and its rows, worked out one by one.
pub struct Answer {
    pub columns: Vec<(String, Kind)>,
    pub rows: Box<dyn Iterator<Item = Result<Vec<Value>>> + Send>,
}

/// A query is asked of this.
pub struct Asked<'a> {
    pub database: &'a Database,
    /// What the session itself has not committed.
    pub pending: &'a [Change],
    pub context: &'a Context,
}

/// Rows and what their columns are called.
struct Relation {
    scope: Scope,
    rows: Vec<Row>,
    /// The table, where it is one.
    table: Option<Name>,
}

impl Asked<'_> {
    /// Answers a query.
    pub fn select(&self, select: &Select) -> Result<Answer> {
        let mut relation = self.source(select.from.as_ref())?;
        let mut windows = Vec::new();
        let bound = |expr: &Expr, windows: &mut Vec<Vec<Expr>>| {
            let mut named = |column: &str| match &relation.table {
                Some(table) => self.database.may_read_column(table, column),
                None => Ok(()),
            };
            bind(expr.clone(), &relation.scope, windows, &mut named)
        };
        let mut items: Vec<(Expr, String)> = Vec::new();
        for item in &select.items {
            match item {
                Item::All => items.extend(
                    relation.scope.iter().enumerate().map(|(at, (name, _))| (Expr::At(at), name.clone())),
                ),
                Item::One(expr, alias) => {
                    let name = alias.clone().or_else(|| own_name(expr)).unwrap_or_default();
                    items.push((bound(expr, &mut windows)?, name));
                }
            }
        }
        let filter = select.filter.as_ref().map(|filter| bound(filter, &mut Vec::new())).transpose()?;
        let order: Vec<(Expr, bool)> = select
            .order
            .iter()
            .map(|(by, down)| Ok((bound(by, &mut Vec::new())?, *down)))
            .collect::<Result<_>>()?;
        if let Some(filter) = filter {
            relation.rows = self.kept(relation.rows, &filter)?;
        }
        self.number(&mut relation, &windows)?;
        let columns: Vec<(String, Kind)> =
            items.iter().map(|(expr, name)| (name.clone(), kind_of(expr, &relation.scope))).collect();
        if items.iter().any(|(expr, _)| is_aggregate(expr)) {
            let row = items
                .iter()
                .map(|(expr, _)| self.aggregate(expr, &relation.rows))
                .collect::<Result<Vec<_>>>()?;
            return Ok(Answer { columns, rows: Box::new(std::iter::once(Ok(row))) });
        }
        let mut rows = self.sorted(relation.rows, &order)?;
        rows.truncate(select.top.map_or(usize::MAX, |top| top as usize));
        let (context, exprs) =
            (self.context.clone(), items.into_iter().map(|(expr, _)| expr).collect::<Vec<_>>());
        let shown = move |row: Row| exprs.iter().map(|expr| eval(expr, &row, &context)).collect();
        Ok(Answer { columns, rows: Box::new(rows.into_iter().map(shown)) })
    }

    fn source(&self, source: Option<&Source>) -> Result<Relation> {
        match source {
            None => Ok(Relation { scope: Vec::new(), rows: vec![Arc::from([])], table: None }),
            Some(Source::Query(select)) => self.query(select),
            Some(Source::Describe(_)) if !self.context.face.has("dm_exec_describe_first_result_set") => {
                Err(no_object("sys.dm_exec_describe_first_result_set"))
            }
            Some(Source::Describe(query)) => {
                let query = eval(query, &[], self.context)?.text();
                let (scope, rows) = catalog::describe(self, &query);
                Ok(Relation { scope, rows, table: None })
            }
            Some(Source::Table(name)) => self.table(name),
        }
    }

    fn query(&self, select: &Select) -> Result<Relation> {
        let Answer { columns, rows } = self.select(select)?;
        if let Some(at) = columns.iter().position(|(name, _)| name.is_empty()) {
            return Err(SqlError::new(
                8155,
                16,
                format!("No column name was specified for column {} of 'o'.", at + 1),
            ));
        }
        let rows = rows.map(|row| row.map(Row::from)).collect::<Result<_>>()?;
        Ok(Relation { scope: columns, rows, table: None })
    }

    fn table(&self, name: &Name) -> Result<Relation> {
        if let Some((scope, rows)) = catalog::view(self, name) {
            return Ok(Relation { scope, rows, table: None });
        }
        if let Some((view, select)) = self.database.views.get(&id(name)) {
            self.database.may_read(view)?;
            return self.query(select);
        }
        let table = self.database.tables.get(&id(name)).ok_or_else(|| no_object(&name.shown()))?;
        self.database.may_read(&table.name)?;
        let scope = table.columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect();
        let rows = match self.pending {
            [] => table.rows.values().cloned().collect(),
            pending => self.database.visible(&id(name), pending).into_values().collect(),
        };
        Ok(Relation { scope, rows, table: Some(table.name.clone()) })
    }

    fn kept(&self, rows: Vec<Row>, filter: &Expr) -> Result<Vec<Row>> {
        let mut kept = Vec::new();
        for row in rows {
            if eval(filter, &row, self.context)? == Value::Bit(true) {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    /// Puts the row numbers behind the columns.
    fn number(&self, relation: &mut Relation, windows: &[Vec<Expr>]) -> Result<()> {
        for partition in windows {
            let mut counts: HashMap<String, i64> = HashMap::new();
            for row in &mut relation.rows {
                let values =
                    partition.iter().map(|expr| eval(expr, row, self.context)).collect::<Result<Vec<_>>>()?;
                let count = counts.entry(format!("{values:?}")).or_default();
                *count += 1;
                *row = row.iter().cloned().chain([Value::Int(*count)]).collect();
            }
            relation.scope.push((String::new(), Kind::Int(8)));
        }
        Ok(())
    }

    fn aggregate(&self, expr: &Expr, rows: &[Row]) -> Result<Value> {
        match expr {
            Expr::Call(name, arguments) if AGGREGATES.contains(&name.as_str()) => {
                let values = match arguments.as_slice() {
                    [] | [Expr::Star] => Vec::new(),
                    [of, ..] => rows.iter().map(|row| eval(of, row, self.context)).collect::<Result<_>>()?,
                };
                functions::aggregate(name, values, rows.len())
            }
            Expr::Cast(inner, kind) => self.aggregate(inner, rows)?.to(kind),
            Expr::At(_) => Err(SqlError::new(
                8120,
                16,
                "Column is invalid in the select list because it is not contained in either an aggregate \
                 function or the GROUP BY clause.",
            )),
            other => eval(other, &[], self.context),
        }
    }

    fn sorted(&self, rows: Vec<Row>, order: &[(Expr, bool)]) -> Result<Vec<Row>> {
        if order.is_empty() {
            return Ok(rows);
        }
        let key =
            |row: &Row| order.iter().map(|(by, _)| eval(by, row, self.context)).collect::<Result<Vec<_>>>();
        let mut keyed = rows.into_iter().map(|row| Ok((key(&row)?, row))).collect::<Result<Vec<_>>>()?;
        let rules: Vec<(bool, bool)> = order.iter().map(|(by, down)| (is_binary(by), *down)).collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let each = a.iter().zip(b).zip(&rules).map(|((a, b), (binary, down))| {
                let order = nulls_first(a, b, *binary);
                if *down { order.reverse() } else { order }
            });
            each.fold(Ordering::Equal, Ordering::then)
        });
        Ok(keyed.into_iter().map(|(_, row)| row).collect())
    }
}

fn nulls_first(a: &Value, b: &Value, binary: bool) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => a.compare(b, binary).unwrap_or(Ordering::Equal),
    }
}

fn own_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column(name) => Some(name.clone()),
        _ => None,
    }
}

fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Call(name, _) => AGGREGATES.contains(&name.as_str()),
        Expr::Cast(inner, _) => is_aggregate(inner),
        _ => false,
    }
}

/// The surroundings of a statement that begins now.
pub fn context(database: &Database, face: Face, who: (&str, &str), when: (i64, i64)) -> Context {
    let tables = database.tables.values().map(|table| &table.name);
    let names = tables.chain(database.views.values().map(|(name, _)| name));
    Context {
        min_active: database.min_active(),
        version: database.version,
        now: when.0,
        zone: when.1,
        login: who.0.into(),
        database: who.1.into(),
        face,
        objects: Arc::new(names.map(|name| (id(name), sys::object_id(name))).collect()),
    }
}

/// The rows of a view of the catalog, with its columns.
pub type Made = (Scope, Vec<Row>);
