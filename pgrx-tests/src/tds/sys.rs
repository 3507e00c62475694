//! The catalog's views of the schema `sys`.

use super::ast::{Column, Name};
use super::catalog::{made, number, tables_of, text};
use super::database::{Row, Table, id};
use super::kind::Kind;
use super::select::{Asked, Made};
use super::value::Value;

/// A view of the schema `sys`, of one database.
pub fn view(asked: &Asked<'_>, database: &str, name: &str) -> Option<Made> {
    match name {
        "types" => Some(types()),
        "columns" => Some(columns(asked, database)),
        "indexes" => Some(indexes(asked, database)),
        "index_columns" => Some(index_columns(asked, database)),
        "key_constraints" => Some(key_constraints(asked, database)),
        _ => None,
    }
}

/// The number of an object: the same as long as it has its name.
pub fn object_id(name: &Name) -> i64 {
    let (schema, name) = id(name);
    let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    i64::from(format!("{schema}.{name}").bytes().fold(0x811c_9dc5, hash) >> 1)
}

/// Names of types with their numbers, as `sys.types` has had them since 2008.
const TYPES: [(&str, i64); 30] = [
    ("image", 34),
    ("text", 35),
    ("uniqueidentifier", 36),
    ("date", 40),
    ("time", 41),
    ("datetime2", 42),
    ("datetimeoffset", 43),
    ("tinyint", 48),
    ("smallint", 52),
    ("int", 56),
    ("smalldatetime", 58),
    ("real", 59),
    ("money", 60),
    ("datetime", 61),
    ("float", 62),
    ("sql_variant", 98),
    ("ntext", 99),
    ("bit", 104),
    ("decimal", 106),
    ("numeric", 108),
    ("smallmoney", 122),
    ("bigint", 127),
    ("varbinary", 165),
    ("varchar", 167),
    ("binary", 173),
    ("char", 175),
    ("timestamp", 189),
    ("nvarchar", 231),
    ("nchar", 239),
    ("xml", 241),
];

fn name() -> Kind {
    Kind::nvarchar(Some(128))
}

fn types() -> Made {
    let row = |(name, number): (&str, i64)| Row::from([Value::Int(number), Value::Int(number), text(name)]);
    let headings = [("user_type_id", Kind::Int(4)), ("system_type_id", Kind::Int(1)), ("name", name())];
    made(&headings, TYPES.into_iter().map(row).collect())
}

fn columns(asked: &Asked<'_>, database: &str) -> Made {
    let headings = [
        ("object_id", Kind::Int(4)),
        ("column_id", Kind::Int(4)),
        ("name", name()),
        ("system_type_id", Kind::Int(1)),
        ("user_type_id", Kind::Int(4)),
        ("max_length", Kind::Int(2)),
        ("precision", Kind::Int(1)),
        ("scale", Kind::Int(1)),
        ("is_nullable", Kind::Bit),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for table in tables_of(asked.database, database) {
        rows.extend(table.columns.iter().enumerate().map(|(at, column)| listed(&table.name, at, column)));
    }
    for (view, select) in asked.database.views.values() {
        let found = asked.select(select).map(|answer| answer.columns).unwrap_or_default();
        for (at, (name, kind)) in found.into_iter().enumerate() {
            let column = Column { name, kind, nullable: true, identity: false };
            rows.push(listed(view, at, &column));
        }
    }
    made(&headings, rows)
}

fn listed(of: &Name, at: usize, column: &Column) -> Row {
    let shown = column.kind.name();
    let (kind, rest) = shown.split_once('(').unwrap_or((&shown, ""));
    let arguments: Vec<i64> =
        rest.trim_end_matches(')').split(',').map(|part| part.parse().unwrap_or(-1)).collect();
    let number = TYPES.iter().find(|(name, _)| *name == kind).map_or(0, |(_, number)| *number);
    let (length, precision, scale) = match kind {
        "nvarchar" | "nchar" if arguments[0] > 0 => (arguments[0] * 2, 0, 0),
        "decimal" | "numeric" => (17, arguments[0], arguments[1]),
        "time" | "datetime2" | "datetimeoffset" => (8, 0, arguments[0]),
        _ if rest.is_empty() => (8, 0, 0),
        _ => (arguments[0], 0, 0),
    };
    let numbers = [number, number, length, precision, scale].map(Value::Int);
    [Value::Int(object_id(of)), Value::Int(at as i64 + 1), text(&column.name)]
        .into_iter()
        .chain(numbers)
        .chain([Value::Bit(column.nullable)])
        .collect()
}

/// Number, whether it is unique, primary, partial, and the places of its columns. The primary key is the first.
fn indexes_of(table: &Table) -> Vec<(i64, bool, bool, bool, Vec<usize>)> {
    let primary = (!table.key.is_empty()).then(|| (1, true, true, false, table.key.clone()));
    let others = table.indexes.iter().enumerate();
    let others =
        others.map(|(at, index)| (at as i64 + 2, index.unique, false, index.partial, index.columns.clone()));
    primary.into_iter().chain(others).collect()
}

fn indexes(asked: &Asked<'_>, database: &str) -> Made {
    let headings = [
        ("object_id", Kind::Int(4)),
        ("index_id", Kind::Int(4)),
        ("is_unique", Kind::Bit),
        ("is_primary_key", Kind::Bit),
        ("has_filter", Kind::Bit),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for table in tables_of(asked.database, database) {
        let of = object_id(&table.name);
        // A heap has the number 0.
        rows.push(Row::from([
            Value::Int(of),
            Value::Int(0),
            Value::Bit(false),
            Value::Bit(false),
            Value::Bit(false),
        ]));
        for (number, unique, primary, partial, _) in indexes_of(table) {
            let flags = [unique, primary, partial].map(Value::Bit);
            rows.push([Value::Int(of), Value::Int(number)].into_iter().chain(flags).collect());
        }
    }
    made(&headings, rows)
}

fn index_columns(asked: &Asked<'_>, database: &str) -> Made {
    let headings = ["object_id", "index_id", "column_id", "key_ordinal"].map(|name| (name, Kind::Int(4)));
    let mut rows: Vec<Row> = Vec::new();
    for table in tables_of(asked.database, database) {
        for (index, _, _, _, columns) in indexes_of(table) {
            for (ordinal, column) in columns.into_iter().enumerate() {
                let (column, ordinal) = (column as i64 + 1, ordinal as i64 + 1);
                rows.push([object_id(&table.name), index, column, ordinal].map(Value::Int).into());
            }
        }
    }
    made(&headings, rows)
}

fn key_constraints(asked: &Asked<'_>, database: &str) -> Made {
    let headings = [("parent_object_id", Kind::Int(4)), ("unique_index_id", Kind::Int(4)), ("type", name())];
    let keyed = tables_of(asked.database, database).filter(|table| !table.key.is_empty());
    let row = |table: &Table| Row::from([Value::Int(object_id(&table.name)), number(1), text("PK")]);
    made(&headings, keyed.map(row).collect())
}
