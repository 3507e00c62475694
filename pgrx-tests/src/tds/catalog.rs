//! What a server tells about its tables, as far as a reader of them asks.

use super::ast::{Name, Statement};
use super::database::{Database, Row};
use super::error::{SqlError, syntax};
use super::kind::Kind;
use super::parser;
use super::select::{Asked, Made};
use super::value::Value;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn number(number: usize) -> Value {
    Value::Int(number as i64)
}

fn made(columns: &[(&str, Kind)], rows: Vec<Row>) -> Made {
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
    ];
    let rows = match described(asked, query) {
        Ok(found) => {
            let row = |(at, (name, kind)): (usize, (String, Kind))| -> Row {
                let nulls = [Value::Null, Value::Null, Value::Null, Value::Null];
                [Value::Bit(false), number(at + 1), text(&name), text(&kind.name())]
                    .into_iter()
                    .chain(nulls)
                    .collect()
            };
            found.into_iter().enumerate().map(row).collect()
        }
        Err(error) => {
            let class = Value::Int(error.class.into());
            let told = [Value::Int(error.number.into()), class, text(&error.message)];
            let nulls = [Value::Bit(false), Value::Int(0), Value::Null, Value::Null, Value::Null];
            vec![nulls.into_iter().chain(told).collect()]
        }
    };
    made(&columns, rows)
}

fn described(asked: &Asked<'_>, query: &str) -> Result<Vec<(String, Kind)>, SqlError> {
    match parser::parse(query)?.as_slice() {
        [Statement::Select(select)] => Ok(asked.select(select)?.columns),
        _ => Err(syntax(query)),
    }
}

/// A view of the catalog.
pub fn view(database: &Database, name: &Name) -> Option<Made> {
    match (name.schema.as_str(), name.name.to_lowercase().as_str()) {
        ("information_schema", "tables") => Some(tables(database)),
        ("information_schema", "columns") => Some(columns(database)),
        ("information_schema", "key_column_usage") => Some(keys(database)),
        _ => None,
    }
}

fn tables(database: &Database) -> Made {
    let name = || Kind::nvarchar(Some(128));
    let tables = database.tables.values().map(|table| (&table.name, "BASE TABLE"));
    let tables = tables.filter(|(name, _)| !name.name.starts_with('_'));
    let views = database.views.values().map(|(name, _)| (name, "VIEW"));
    let row = |(name, kind): (&Name, &str)| Row::from([text(&name.schema), text(&name.name), text(kind)]);
    let columns = [("TABLE_SCHEMA", name()), ("TABLE_NAME", name()), ("TABLE_TYPE", name())];
    made(&columns, tables.chain(views).map(row).collect())
}

/// The columns of primary keys; other constraints the double has not.
fn keys(database: &Database) -> Made {
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
    for table in database.tables.values() {
        let Name { schema, name } = &table.name;
        for (at, column) in table.key.iter().enumerate() {
            let column = &table.columns[*column].name;
            let constraint = format!("PK_{name}");
            let texts = [schema, &constraint, schema, name, column].map(|t| text(t));
            rows.push(texts.into_iter().chain([number(at + 1)]).collect());
        }
    }
    made(&headings, rows)
}

fn columns(database: &Database) -> Made {
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
    for table in database.tables.values() {
        for (at, column) in table.columns.iter().enumerate() {
            let kind = column.kind.name();
            let nullable = if column.nullable { "YES" } else { "NO" };
            rows.push(Row::from([
                text(&table.name.schema),
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
