//! The value on the right of an operator, as PostgreSQL would compare it with a column.

use serde_json::Value;

use super::clock;
use super::fault::RpcFault;
use super::field::{Field, Key, Kind};

/// The value a column is compared with.
pub(super) fn bound(field: &Field, operator: &str, value: &Value) -> Result<Key, RpcFault> {
    let key = match (field.kind, value) {
        (Kind::Datetime, Value::String(text)) => Some(Key::Text(moment(operator, text)?)),
        (Kind::Date, Value::String(text)) => {
            let time = clock::parse(text).ok_or_else(|| bad_time("date", text))?;
            Some(Key::Text(time.format("%Y-%m-%d").to_string()))
        }
        (Kind::Many2one, Value::Array(pair)) => pair.first().and_then(Key::of),
        (Kind::Integer | Kind::Float | Kind::Many2one, Value::String(text)) => {
            text.parse::<f64>().ok().map(Key::number)
        }
        _ => Key::of(value),
    };
    key.ok_or_else(|| {
        RpcFault::new("psycopg2.errors.UndefinedFunction", format!("operator does not exist: {operator}\n"))
    })
}

/// A bare date means the end of its day for `>` and `<=`, else its beginning.
fn moment(operator: &str, text: &str) -> Result<String, RpcFault> {
    let whole = match (text.chars().count(), operator) {
        (10, ">" | "<=") => format!("{text} 23:59:59"),
        (10, _) => format!("{text} 00:00:00"),
        _ => text.to_owned(),
    };
    clock::parse(&whole).map(clock::kept).ok_or_else(|| bad_time("timestamp", &whole))
}

fn bad_time(kind: &str, text: &str) -> RpcFault {
    let shown: String = text.chars().take(9).collect();
    RpcFault::new(
        "psycopg2.errors.InvalidDatetimeFormat",
        format!(
            "invalid input syntax for type {kind}: \"{text}\"\nLINE 1: ... '{shown}...\n             ^\n"
        ),
    )
}
