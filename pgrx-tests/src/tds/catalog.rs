//! What a server tells about its tables, as far as a reader of them asks.

use super::ast::{Name, Source, Statement};
use super::database::{Database, Row, Table};
use super::error::{SqlError, syntax};
use super::kind::Kind;
use super::parser;
use super::select::{Asked, Made};
use super::sys;
use super::value::Value;

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn number(number: usize) -> Value {
    Value::Int(number as i64)
}

pub(super) fn made(columns: &[(&str, Kind)], rows: Vec<Row>) -> Made {
    (columns.iter().map(|(name, kind)| (name.to_string(), kind.clone())).collect(), rows)
}

/// `sys.dm_exec_describe_first_result_set`: the columns, or one row with the error.
pub fn describe(asked: &Asked<'_>, query: &str) -> Made {
    let name = || Kind::nvarchar(Some(128));
    let columns = [
        ("is_hidden", Kind::Bit),
        ("column_ordinal", Kind::Int(4)),
        ("name", name()),
        ("system_type_name", Kind::nvarchar(Some(256))),
        ("user_type_name", name()),
        ("error_number", Kind::Int(4)),
        ("error_severity", Kind::Int(4)),
        ("error_message", Kind::nvarchar(Some(4000))),
        ("is_nullable", Kind::Bit),
    ];
    let rows = match described(asked, query) {
        Ok((found, table)) => {
            let row = |(at, (name, kind)): (usize, (String, Kind))| -> Row {
                let nulls = [Value::Null, Value::Null, Value::Null, Value::Null];
                let own = table.and_then(|table| table.columns.get(table.column(&name)?));
                [Value::Bit(false), number(at + 1), text(&name), text(&kind.name())]
                    .into_iter()
                    .chain(nulls)
                    .chain([Value::Bit(own.is_none_or(|column| column.nullable))])
                    .collect()
            };
            found.into_iter().enumerate().map(row).collect()
        }
        Err(error) => {
            let class = Value::Int(error.class.into());
            let told = [Value::Int(error.number.into()), class, text(&error.message)];
            let nulls = [Value::Bit(false), Value::Int(0), Value::Null, Value::Null, Value::Null];
            vec![nulls.into_iter().chain(told).chain([Value::Null]).collect()]
        }
    };
    made(&columns, rows)
}

/// The columns, and the table that they are all of, where there is one.
type Found<'a> = (Vec<(String, Kind)>, Option<&'a Table>);

fn described<'a>(asked: &Asked<'a>, query: &str) -> Result<Found<'a>, SqlError> {
    match parser::parse(query)?.as_slice() {
        [Statement::Select(select)] => {
            let table = match &select.from {
                Some(Source::Table(name)) => asked.database.table(name).ok(),
                _ => None,
            };
            Ok((asked.select(select)?.columns, table))
        }
        _ => Err(syntax(query)),
    }
}

/// The tables of a database; the one that logins are for has no name here.
pub(super) fn tables_of<'a>(database: &'a Database, of: &'a str) -> impl Iterator<Item = &'a Table> {
    database.tables.values().filter(move |table| place(&table.name.schema).0 == of)
}

/// Database and schema of what the parser takes for a schema.
fn place(schema: &str) -> (&str, &str) {
    schema.split_once('/').unwrap_or(("", schema))
}

/// A view of the catalog.
pub fn view(asked: &Asked<'_>, name: &Name) -> Option<Made> {
    let (of, schema) = place(&name.schema);
    let view = name.name.to_lowercase();
    let database = asked.database;
    if database.hidden.contains(&format!("{schema}.{view}")) {
        return None;
    }
    let made = match (schema, view.as_str()) {
        ("sys", view) => sys::view(asked, of, view),
        ("information_schema", "tables") => Some(tables(database, of)),
        ("information_schema", "columns") => Some(columns(database, of)),
        ("information_schema", "table_constraints") => Some(constraints(database, of)),
        ("information_schema", "key_column_usage") => Some(keys(database, of)),
        _ => None,
    };
    let is_hidden =
        |column: &str| database.hidden.contains(&format!("{schema}.{view}.{column}").to_lowercase());
    made.map(|(mut columns, rows)| {
        // The values stay where they are: nobody can name them any more.
        columns.iter_mut().filter(|(name, _)| is_hidden(name)).for_each(|(name, _)| name.clear());
        (columns, rows)
    })
}

fn tables(database: &Database, of: &str) -> Made {
    let name = || Kind::nvarchar(Some(128));
    let tables = tables_of(database, of).map(|table| (&table.name, "BASE TABLE"));
    let tables = tables.filter(|(name, _)| !name.name.starts_with('_'));
    let views = database.views.values().map(|(name, _)| (name, "VIEW"));
    let row =
        |(name, kind): (&Name, &str)| Row::from([text(place(&name.schema).1), text(&name.name), text(kind)]);
    let columns = [("TABLE_SCHEMA", name()), ("TABLE_NAME", name()), ("TABLE_TYPE", name())];
    made(&columns, tables.chain(views).map(row).collect())
}

/// The primary keys; other constraints the double has not.
fn constraints(database: &Database, of: &str) -> Made {
    let headings = ["TABLE_SCHEMA", "TABLE_NAME", "CONSTRAINT_NAME", "CONSTRAINT_TYPE"];
    let headings = headings.map(|name| (name, Kind::nvarchar(Some(128))));
    let keyed = tables_of(database, of).filter(|table| !table.key.is_empty());
    let row = |table: &Table| {
        let Name { schema, name } = &table.name;
        Row::from([place(schema).1, name, &format!("PK_{name}"), "PRIMARY KEY"].map(text))
    };
    made(&headings, keyed.map(row).collect())
}

/// The columns of primary keys; other constraints the double has not.
fn keys(database: &Database, of: &str) -> Made {
    let name = || Kind::nvarchar(Some(128));
    let headings = [
        ("CONSTRAINT_SCHEMA", name()),
        ("CONSTRAINT_NAME", name()),
        ("TABLE_SCHEMA", name()),
        ("TABLE_NAME", name()),
        ("COLUMN_NAME", name()),
        ("ORDINAL_POSITION", Kind::Int(4)),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for table in tables_of(database, of) {
        let Name { schema, name } = &table.name;
        let schema = place(schema).1;
        for (at, column) in table.key.iter().enumerate() {
            let column = &table.columns[*column].name;
            let constraint = format!("PK_{name}");
            let texts = [schema, &constraint, schema, name, column].map(text);
            rows.push(texts.into_iter().chain([number(at + 1)]).collect());
        }
    }
    made(&headings, rows)
}

fn columns(database: &Database, of: &str) -> Made {
    let name = || Kind::nvarchar(Some(128));
    let headings = [
        ("TABLE_SCHEMA", name()),
        ("TABLE_NAME", name()),
        ("COLUMN_NAME", name()),
        ("ORDINAL_POSITION", Kind::Int(4)),
        ("IS_NULLABLE", name()),
        ("DATA_TYPE", name()),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for table in tables_of(database, of) {
        for (at, column) in table.columns.iter().enumerate() {
            let kind = column.kind.name();
            let nullable = if column.nullable { "YES" } else { "NO" };
            rows.push(Row::from([
                text(place(&table.name.schema).1),
                text(&table.name.name),
                text(&column.name),
                number(at + 1),
                text(nullable),
                text(kind.split('(').next().unwrap_or_default()),
            ]));
        }
    }
    made(&headings, rows)
}
