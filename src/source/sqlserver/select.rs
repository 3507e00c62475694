//! The statements that read a stream, as text. Values stand in them as literals of their
//! column's own type: as parameters they would come as `nvarchar`, by whose rules SQL Server
//! would sort and compare a `varchar` column then, past its index.

use super::ability::{Dialect, MIN_ACTIVE};
use super::column::{self, Column, Family};
use super::digest;
use super::expression::{Item, Part};
use super::layout::{DIGEST, find};
use super::mark::Cursor;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Field, Key, Layout, Mark, Scalar, Scope};

/// The place of a row without a cursor value: before all marks.
pub(super) const NO_CURSOR: &str = "";

/// How a stream is read: the parts its statements are made of.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    from: String,
    filter: Option<String>,
    /// What is asked for, in its order: the columns of the layout, then the cursor and, where
    /// the whole record is kept, all others.
    pub(super) items: Vec<Item>,
    /// The cursor, and its place among the items.
    pub(super) cursor: Option<(Cursor, usize)>,
    /// Whether there may be rows without a cursor value, which are read each time.
    may_lack_cursor: bool,
    keys: Vec<Part>,
    parent: Option<Part>,
    /// Of when a document is.
    date: Option<(Family, String)>,
}

impl Plan {
    /// `whole`: all columns of the object are asked for.
    pub(super) fn new(
        stream: &Stream,
        layout: &Layout,
        columns: &[Column],
        dialect: Dialect,
        whole: bool,
    ) -> Result<Self> {
        let mut items: Vec<Item> = layout.columns.iter().map(of_field).collect();
        let cursor = match &stream.cursor {
            Some(name) => Some(cursor(stream, columns, name, &mut items)?),
            None => None,
        };
        if whole {
            let rest: Vec<Item> = columns
                .iter()
                .filter(|c| !items.iter().any(|item| item.name == c.name))
                .map(Item::of)
                .collect();
            items.extend(rest);
        }
        let part = |name: &String| part(stream, layout, name);
        let filter = filter(stream)?;
        let (from, filter) = match layout.columns.iter().any(|field| field.path == DIGEST) {
            true => (digest::of(stream, layout, filter.as_deref(), dialect)?, None),
            false => (object::from(stream)?, filter),
        };
        Ok(Plan {
            from,
            filter,
            keys: stream.key.iter().map(part).collect::<Result<_>>()?,
            date: date(stream, columns),
            parent: stream.parent.as_ref().map(|parent| part(&parent.column)).transpose()?,
            may_lack_cursor: stream
                .cursor
                .as_ref()
                .is_some_and(|name| find(columns, name).is_none_or(|column| column.is_nullable)),
            items,
            cursor,
        })
    }

    /// The same rows, of which only these columns and the cursor are asked for.
    pub(super) fn only(&self, layout: &Layout) -> Self {
        let mut items: Vec<Item> = layout.columns.iter().map(of_field).collect();
        let cursor = self.cursor.and_then(|(cursor, at)| Some((cursor, self.items.get(at)?.clone())));
        let cursor = cursor.map(|(cursor, item)| {
            items.push(item);
            (cursor, items.len() - 1)
        });
        Plan { items, cursor, ..self.clone() }
    }

    /// The rows of a scope behind a place, in the scope's order.
    pub(super) fn rows(&self, scope: &Scope, after: Option<&Key>) -> Result<String> {
        self.asked("", scope, after)
    }

    /// The first of these rows.
    pub(super) fn first_row(&self, scope: &Scope, after: Option<&Key>) -> Result<String> {
        self.asked("top (1) ", scope, after)
    }

    fn asked(&self, top: &str, scope: &Scope, after: Option<&Key>) -> Result<String> {
        let list: Vec<&str> = self.items.iter().map(|item| item.expression.as_str()).collect();
        let order = self.order(scope);
        let mut conditions = self.conditions(scope)?;
        conditions.extend(after.map(|after| self.behind(scope, &order, after)).transpose()?);
        // A column may be sorted by once only, and a growing key is cursor and key.
        let repeated = |at: usize| order.iter().take(at).any(|earlier| order.get(at) == Some(earlier));
        let named: Vec<&str> =
            order.iter().enumerate().filter(|(at, _)| !repeated(*at)).map(|(_, e)| e.as_str()).collect();
        Ok(format!(
            "select {top}{}\nfrom {} as o{}\norder by {}",
            list.join(", "),
            self.from,
            clause(&conditions),
            named.join(", ")
        ))
    }

    /// Whether the first column of the key is sorted as the numbers here are.
    pub(super) fn goes_by_number(&self) -> bool {
        self.keys.first().is_some_and(|key| key.family == Family::Integer)
    }

    /// How many rows a scope holds.
    pub(super) fn count(&self, scope: &Scope) -> Result<String> {
        Ok(format!("select count_big(*)\nfrom {} as o{}", self.from, clause(&self.conditions(scope)?)))
    }

    /// The newest cursor value; for a time also the remote's two clocks.
    pub(super) fn watermark(&self) -> Result<Option<String>> {
        let Some((cursor, at)) = self.cursor else { return Ok(None) };
        let expression = &self.items.get(at).ok_or_else(lost)?.expression;
        let clocks = match cursor {
            Cursor::Rowversion => return Ok(Some(MIN_ACTIVE.into())),
            Cursor::Growing => "",
            Cursor::Moment(_) => ", sysdatetime(), sysutcdatetime()",
        };
        let conditions: Vec<String> = self.filter.iter().cloned().collect();
        Ok(Some(format!("select max({expression}){clocks}\nfrom {} as o{}", self.from, clause(&conditions))))
    }

    /// What the rows of a scope are sorted by: changes by cursor and key, all others by key.
    fn order(&self, scope: &Scope) -> Vec<String> {
        let cursor = self.cursor.and_then(|(_, at)| self.items.get(at)).map(|item| item.expression.clone());
        let cursor = cursor.filter(|_| matches!(scope, Scope::Since { .. }));
        cursor.into_iter().chain(self.keys.iter().map(|key| key.sorted(&key.expression))).collect()
    }

    fn conditions(&self, scope: &Scope) -> Result<Vec<String>> {
        let mut conditions: Vec<String> = self.filter.iter().cloned().collect();
        match scope {
            Scope::All => {}
            Scope::Since { from, until } => {
                let since = self.since(from, until.as_ref())?;
                match self.may_lack_cursor {
                    true => {
                        conditions.push(format!("({} is null or {})", self.cursor()?, since.join(" and ")))
                    }
                    false => conditions.extend(since),
                }
            }
            Scope::From(day) => conditions.push(self.of_day(day)?),
            Scope::Keys(keys) => conditions.push(any(&self.keys, keys)?),
            Scope::Parents(parents) => {
                let parent = self.parent.as_ref().ok_or_else(lost)?;
                conditions.push(any(std::slice::from_ref(parent), parents)?);
            }
        }
        Ok(conditions)
    }

    /// From `from` on and up to the watermark. A rowversion that equals it is to be given out
    /// yet. Rows dated in the future lie behind every watermark and are read each time.
    fn since(&self, from: &Mark, until: Option<&Mark>) -> Result<Vec<String>> {
        let (cursor, c) = (self.cursor.ok_or_else(lost)?.0, self.cursor()?);
        let mut conditions = vec![format!("{c} >= {}", cursor.literal(from)?)];
        let Some(until) = until else { return Ok(conditions) };
        let until = cursor.literal(until)?;
        conditions.push(match cursor {
            Cursor::Rowversion => format!("{c} < {until}"),
            Cursor::Growing => format!("{c} <= {until}"),
            Cursor::Moment(family) => {
                format!("({c} <= {until} or {c} > dateadd(second, 5, {}))", now(family))
            }
        });
        Ok(conditions)
    }

    /// The cursor as an expression.
    fn cursor(&self) -> Result<&str> {
        let item = self.cursor.and_then(|(_, at)| self.items.get(at)).ok_or_else(lost)?;
        Ok(&item.expression)
    }

    fn of_day(&self, day: &str) -> Result<String> {
        let (family, date) = self.date.as_ref().ok_or_else(lost)?;
        let midnight = Cursor::Moment(*family).literal(&Mark(format!("{day} 00:00:00.0000000")))?;
        Ok(format!("({date} is null or {date} >= {midnight})"))
    }

    /// Behind a place: greater in the first column in which they differ. The first condition
    /// is there for the index. Rows without a cursor value come first.
    fn behind(&self, scope: &Scope, order: &[String], after: &Key) -> Result<String> {
        let mut values = Vec::new();
        let mut given = after.0.iter();
        let mut lacks_cursor = false;
        if let (Scope::Since { .. }, Some((cursor, _))) = (scope, self.cursor) {
            let Some(Scalar::Text(mark)) = given.next() else { return Err(lost()) };
            lacks_cursor = mark == NO_CURSOR;
            values.push(if lacks_cursor { String::new() } else { cursor.literal(&Mark(mark.clone()))? });
        }
        for key in &self.keys {
            values.push(key.sorted_literal(given.next().ok_or_else(lost)?)?);
        }
        let pairs: Vec<(&String, &String)> = order.iter().zip(&values).collect();
        let Some((first, rest)) = pairs.split_first() else { return Err(lost()) };
        if lacks_cursor {
            return Ok(format!("({} is not null or {})", first.0, greater(rest)));
        }
        match rest.is_empty() {
            true => Ok(format!("{} > {}", first.0, first.1)),
            false => Ok(format!("{} >= {} and {}", first.0, first.1, greater(&pairs))),
        }
    }
}

fn of_field(field: &Field) -> Item {
    Item::new(&field.path, column::family(&field.remote_type))
}

/// `(a > 1 or (a = 1 and b > 2))`.
fn greater(pairs: &[(&String, &String)]) -> String {
    match pairs {
        [] => String::new(),
        [(column, value)] => format!("{column} > {value}"),
        [(column, value), rest @ ..] => {
            format!("({column} > {value} or ({column} = {value} and {}))", greater(rest))
        }
    }
}

fn cursor(stream: &Stream, columns: &[Column], name: &str, items: &mut Vec<Item>) -> Result<(Cursor, usize)> {
    let column = find(columns, name);
    let (Some(column), Some(cursor)) = (column, column.and_then(|column| Cursor::of(column.family()))) else {
        let message = format!("the cursor \"{name}\" of stream \"{}\" is not there any more", stream.table);
        return Err(Error::new(Kind::NoField, message));
    };
    let at = items.iter().position(|item| item.name == column.name).unwrap_or(items.len());
    if at == items.len() {
        items.push(Item::of(column));
    }
    Ok((cursor, at))
}

/// A date is checked with the layout.
fn date(stream: &Stream, columns: &[Column]) -> Option<(Family, String)> {
    let column = find(columns, stream.date.as_deref()?)?;
    Some((column.family(), format!("o.{}", quote(&column.name))))
}

fn part(stream: &Stream, layout: &Layout, name: &str) -> Result<Part> {
    let column = stream.column(name);
    let field = layout.columns.iter().find(|field| Some(field.column) == column).ok_or_else(lost)?;
    let (kind, family) = match field.path.as_str() {
        DIGEST => ("nvarchar(100)".to_string(), Family::Char),
        _ => (field.remote_type.clone(), column::family(&field.remote_type)),
    };
    Ok(Part { expression: format!("o.{}", quote(&field.path)), kind, family })
}

/// A condition of the user's own, on lines of its own.
fn filter(stream: &Stream) -> Result<Option<String>> {
    match &stream.filter {
        None => Ok(None),
        Some(serde_json::Value::String(condition)) => object::enclosed(stream, "filter", condition).map(Some),
        Some(_) => {
            Err(Error::new(Kind::Manifest, format!("the filter of stream \"{}\" is no text", stream.table))
                .hint("write a condition as SQL Server takes it: \"is_void = 0 and branch <> 'TEST'\""))
        }
    }
}

/// The columns equal one of the keys.
fn any(columns: &[Part], keys: &[Key]) -> Result<String> {
    if keys.is_empty() {
        return Ok("1 = 0".into());
    }
    let values = |key: &Key| -> Result<Vec<String>> {
        columns.iter().zip(&key.0).map(|(column, value)| column.literal(value)).collect()
    };
    let rows = keys.iter().map(values).collect::<Result<Vec<_>>>()?;
    if let [column] = columns {
        return Ok(format!("{} in ({})", column.expression, rows.concat().join(", ")));
    }
    let equal = |row: Vec<String>| {
        let pairs = columns.iter().zip(row).map(|(column, value)| format!("{} = {value}", column.expression));
        format!("({})", pairs.collect::<Vec<_>>().join(" and "))
    };
    Ok(format!("({})", rows.into_iter().map(equal).collect::<Vec<_>>().join(" or ")))
}

fn clause(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("\nwhere {}", conditions.join(" and ")) }
}

/// The remote's clock; the later of both, where it is not known which of them a column goes by.
fn now(family: Family) -> &'static str {
    match family {
        Family::DateTimeOffset => "sysutcdatetime()",
        _ => "case when sysdatetime() > sysutcdatetime() then sysdatetime() else sysutcdatetime() end",
    }
}

fn lost() -> Error {
    Error::new(Kind::Internal, "a place in a stream does not fit its key")
}
