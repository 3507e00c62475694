//! The statements that read a stream, as text. Values stand in them as literals of their
//! column's own type: as parameters they would come as `nvarchar`, by whose rules SQL Server
//! would sort and compare a `varchar` column then, past its index.

use super::column::{self, Column, Family};
use super::layout::{DIGEST, find};
use super::mark::Cursor;
use super::object::{self, quote};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Layout, Mark, Scalar, Scope};

/// Sorts texts by the codes of their characters, as the local key does.
const BINARY: &str = "collate Latin1_General_BIN2";

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
    keys: Vec<Part>,
    parent: Option<Part>,
    /// Of when a document is.
    date: Option<(Family, String)>,
}

/// Something that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its name in the record.
    pub(super) name: String,
    expression: String,
}

/// A column that rows are found by.
#[derive(Clone, Debug)]
struct Part {
    expression: String,
    kind: String,
    family: Family,
}

impl Plan {
    /// `whole`: all columns of the object are asked for.
    pub(super) fn new(stream: &Stream, layout: &Layout, columns: &[Column], whole: bool) -> Result<Self> {
        let mut items: Vec<Item> = layout
            .columns
            .iter()
            .map(|field| Item::new(&field.path, column::family(&field.remote_type)))
            .collect();
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
            true => (digested(stream, layout, filter)?, None),
            false => (object::from(stream)?, filter),
        };
        Ok(Plan {
            from,
            filter,
            keys: stream.key.iter().map(part).collect::<Result<_>>()?,
            date: date(stream, columns),
            parent: stream.parent.as_ref().map(|parent| part(&parent.column)).transpose()?,
            items,
            cursor,
        })
    }

    /// The rows of a scope behind a place, in the scope's order.
    pub(super) fn rows(&self, scope: &Scope, after: Option<&Key>) -> Result<String> {
        let list: Vec<&str> = self.items.iter().map(|item| item.expression.as_str()).collect();
        let order = self.order(scope);
        let mut conditions = self.conditions(scope)?;
        conditions.extend(after.map(|after| self.behind(scope, &order, after)).transpose()?);
        // A column may be sorted by once only, and a growing key is cursor and key.
        let repeated = |at: usize| order.iter().take(at).any(|earlier| order.get(at) == Some(earlier));
        let named: Vec<&str> =
            order.iter().enumerate().filter(|(at, _)| !repeated(*at)).map(|(_, e)| e.as_str()).collect();
        Ok(format!(
            "select {}\nfrom {} as o{}\norder by {}",
            list.join(", "),
            self.from,
            clause(&conditions),
            named.join(", ")
        ))
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
            Cursor::Rowversion => return Ok(Some("select min_active_rowversion()".into())),
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
            Scope::Since { from, until } => conditions.extend(self.since(from, until.as_ref())?),
            Scope::From(day) => conditions.push(self.from_day(day)?),
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
        let (cursor, at) = self.cursor.ok_or_else(lost)?;
        let c = &self.items.get(at).ok_or_else(lost)?.expression;
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

    fn from_day(&self, day: &str) -> Result<String> {
        let (family, date) = self.date.as_ref().ok_or_else(lost)?;
        let midnight = Cursor::Moment(*family).literal(&Mark(format!("{day} 00:00:00.0000000")))?;
        Ok(format!("({date} is null or {date} >= {midnight})"))
    }

    /// Behind a place: greater in the first column in which they differ. The first condition
    /// is there for the index.
    fn behind(&self, scope: &Scope, order: &[String], after: &Key) -> Result<String> {
        let mut values = Vec::new();
        let mut given = after.0.iter();
        if let (Scope::Since { .. }, Some((cursor, _))) = (scope, self.cursor) {
            let Some(Scalar::Text(mark)) = given.next() else { return Err(lost()) };
            values.push(cursor.literal(&Mark(mark.clone()))?);
        }
        for key in &self.keys {
            values.push(key.sorted(&key.literal(given.next().ok_or_else(lost)?)?));
        }
        let pairs: Vec<(&String, &String)> = order.iter().zip(&values).collect();
        let Some((first, rest)) = pairs.split_first() else { return Err(lost()) };
        match rest.is_empty() {
            true => Ok(format!("{} > {}", first.0, first.1)),
            false => Ok(format!("{} >= {} and {}", first.0, first.1, greater(&pairs))),
        }
    }
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

impl Item {
    fn of(column: &Column) -> Self {
        Item::new(&column.name, column.family())
    }

    /// What cannot be sent exactly is asked for in another form.
    fn new(name: &str, family: Family) -> Self {
        let c = format!("o.{}", quote(name));
        let expression = match family {
            _ if name == DIGEST => c,
            Family::Money => format!("cast({c} as decimal(19,4))"),
            Family::Variant => format!(
                "case when sql_variant_property({c}, 'BaseType') in ('money', 'smallmoney') \
                 then cast(cast({c} as decimal(19,4)) as sql_variant) else {c} end"
            ),
            Family::Other => format!("{c}.ToString()"),
            _ => c,
        };
        Item { name: name.to_string(), expression }
    }
}

impl Part {
    /// As rows are sorted by it: texts by their characters' codes, because that is an order
    /// that the local table has, too.
    fn sorted(&self, expression: &str) -> String {
        match self.family {
            Family::Char if self.kind.starts_with('n') => format!("{expression} {BINARY}"),
            Family::Char => format!("cast({expression} as nvarchar(4000)) {BINARY}"),
            Family::Guid => format!("cast({expression} as char(36)) {BINARY}"),
            _ => expression.to_string(),
        }
    }

    /// A value as Transact-SQL writes it.
    fn literal(&self, value: &Scalar) -> Result<String> {
        let value = match value {
            Scalar::Int(number) => number.to_string(),
            Scalar::Text(text) => text.clone(),
        };
        let cast = || format!("cast({} as {})", object::text(&value), self.kind);
        let literal = match self.family {
            Family::Integer | Family::Decimal | Family::Money => Some(value.clone()).filter(|v| is_number(v)),
            Family::Binary | Family::Rowversion => hex(&value),
            Family::DateTime | Family::SmallDateTime | Family::DateTime2 => {
                Some(format!("cast('{}' as {})", value.replace(' ', "T").replace('\'', ""), self.kind))
            }
            _ => Some(cast()),
        };
        literal.ok_or_else(|| Error::new(Kind::Internal, "a key is no value of its column"))
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// `\x00ff` as `0x00ff`.
fn hex(text: &str) -> Option<String> {
    let digits = text.strip_prefix("\\x")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| format!("0x{digits}"))
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

/// Rows without a key, with what makes one. The filter comes first: equal rows are counted behind it.
fn digested(stream: &Stream, layout: &Layout, filter: Option<String>) -> Result<String> {
    let read = layout.columns.iter().filter(|field| field.path != DIGEST);
    let contents: Vec<String> = read.map(|field| content(&field.path, &field.remote_type)).collect();
    Ok(format!(
        "(select d.*, concat(d.[*digest], '-', row_number() over (partition by d.[*digest] order by \
         d.[*digest])) as [*]\n\
         from (select i.*, convert(char(64), hashbytes('SHA2_256', concat('', {})), 2) as [*digest]\n\
         from {} as i{}) as d)",
        contents.join(", nchar(31), "),
        object::from(stream)?,
        clause(&filter.into_iter().collect::<Vec<_>>())
    ))
}

/// A value as the digest sees it: no value is not the empty text, and no digit is lost.
fn content(path: &str, kind: &str) -> String {
    let c = format!("i.{}", quote(path));
    let style = match column::family(kind) {
        Family::Float => ", 3",
        Family::Money => ", 2",
        Family::Binary | Family::Rowversion => ", 1",
        family if family.is_moment() || matches!(family, Family::Date | Family::Time) => ", 121",
        Family::Other => return format!("isnull({c}.ToString(), nchar(30))"),
        _ => "",
    };
    format!("isnull(convert(nvarchar(max), {c}{style}), nchar(30))")
}

/// A condition of the user's own, on lines of its own.
fn filter(stream: &Stream) -> Result<Option<String>> {
    match &stream.filter {
        None => Ok(None),
        Some(serde_json::Value::String(condition)) => Ok(Some(format!("(\n{condition}\n)"))),
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
