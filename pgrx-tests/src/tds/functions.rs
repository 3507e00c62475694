//! The functions that are served.

use std::cmp::Ordering;

use aws_lc_rs::digest::{SHA256, digest};

use super::calendar::SECOND;
use super::database::id;
use super::error::{Result, SqlError};
use super::eval::Context;
use super::face::Face;
use super::kind::Kind;
use super::parser;
use super::value::Value;

/// Those that look at all rows.
pub const AGGREGATES: [&str; 5] = ["count", "count_big", "max", "min", "sum"];

/// The type of a call; `first` gives that of its first argument.
pub fn kind_of(name: &str, first: impl FnOnce() -> Kind) -> Kind {
    match name {
        "count_big" => Kind::Int(8),
        "min_active_rowversion" | "@@dbts" => Kind::Binary { fixed: true, length: Some(8) },
        "sysdatetime" | "sysutcdatetime" => Kind::DateTime2(7),
        "getdate" | "getutcdate" => Kind::DateTime,
        "concat" | "@@version" | "original_login" | "suser_sname" | "db_name" | "upper" | "lower"
        | "quotename" => Kind::nvarchar(Some(4000)),
        "nchar" => Kind::nvarchar(Some(1)),
        "serverproperty" | "sql_variant_property" => Kind::Variant,
        "hashbytes" => Kind::Binary { fixed: false, length: Some(8000) },
        "max" | "min" | "sum" | "isnull" | "coalesce" | "dateadd" | "substring" | "replicate" => first(),
        "datalength" => Kind::Int(8),
        "schema_name" => Kind::nvarchar(Some(128)),
        _ => Kind::Int(4),
    }
}

/// Calls a function of one row.
pub fn call(name: &str, arguments: Vec<Value>, context: &Context) -> Result<Value> {
    let version = |version: u64| Ok(Value::Bytes(version.to_be_bytes().to_vec()));
    let text = |at: usize| arguments.get(at).map(Value::text).unwrap_or_default();
    match name {
        missing if !context.face.has(missing) => {
            Err(SqlError::new(195, 15, format!("'{missing}' is not a recognized built-in function name.")))
        }
        "min_active_rowversion" => version(context.min_active),
        "@@dbts" => version(context.version),
        "@@version" => Ok(Value::Text("Microsoft SQL Server 2022 (double)".into())),
        "@@spid" | "@@trancount" => Ok(Value::Int(0)),
        "sysutcdatetime" | "getutcdate" => Ok(Value::Moment(context.now)),
        "sysdatetime" | "getdate" => Ok(Value::Moment(context.local())),
        "original_login" | "suser_sname" => Ok(Value::Text(context.login.clone())),
        "db_name" => Ok(Value::Text(context.database.clone())),
        "serverproperty" => Ok(match text(0).to_lowercase().as_str() {
            "productversion" => Value::Text(context.face.version().into()),
            "edition" => Value::Text("Developer Edition (64-bit)".into()),
            _ => Value::Null,
        }),
        "sql_variant_property" => Ok(match arguments.first() {
            Some(Value::Decimal(_, 4)) => Value::Text("money".into()),
            Some(Value::Int(_)) => Value::Text("int".into()),
            _ => Value::Text("nvarchar".into()),
        }),
        "concat" => Ok(Value::Text(arguments.iter().map(Value::text).collect())),
        "isnull" | "coalesce" => {
            Ok(arguments.iter().find(|value| **value != Value::Null).cloned().unwrap_or(Value::Null))
        }
        "quotename" => Ok(Value::Text(format!("[{}]", text(0).replace(']', "]]")))),
        "object_id" => {
            let found = parser::name(&text(0)).ok().and_then(|name| context.objects.get(&id(&name)).copied());
            Ok(found.map_or(Value::Null, Value::Int))
        }
        "schema_name" => Ok(Value::Text("dbo".into())),
        "datalength" => {
            Ok(arguments.first().and_then(bytes).map_or(Value::Null, |b| Value::Int(b.len() as i64)))
        }
        "replicate" => match arguments.get(1) {
            Some(Value::Int(times)) => Ok(Value::Text(text(0).repeat((*times).max(0) as usize))),
            _ => Ok(Value::Null),
        },
        "substring" => match arguments.as_slice() {
            [Value::Text(text), Value::Int(from), Value::Int(many)] => {
                let units =
                    text.encode_utf16().skip((*from - 1).max(0) as usize).take((*many).max(0) as usize);
                Ok(Value::Text(String::from_utf16_lossy(&units.collect::<Vec<_>>())))
            }
            _ => Ok(Value::Null),
        },
        "upper" => Ok(Value::Text(text(0).to_uppercase())),
        "lower" => Ok(Value::Text(text(0).to_lowercase())),
        "len" => Ok(Value::Int(text(0).trim_end_matches(' ').encode_utf16().count() as i64)),
        "nchar" => match arguments.first() {
            Some(Value::Int(code)) => {
                let c = u32::try_from(*code).ok().and_then(char::from_u32);
                Ok(c.map_or(Value::Null, |c| Value::Text(c.into())))
            }
            _ => Ok(Value::Null),
        },
        "hashbytes" => hash(&arguments, context.face),
        "dateadd" => dateadd(&text(0), &arguments),
        other => {
            Err(SqlError::new(195, 15, format!("'{other}' is not a recognized built-in function name.")))
        }
    }
}

/// The bytes of a text or of bytes.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Text(text) => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Value::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

fn hash(arguments: &[Value], face: Face) -> Result<Value> {
    match arguments.get(1).and_then(bytes) {
        Some(bytes) if bytes.len() > face.hashed_bytes() => {
            Err(SqlError::new(8152, 16, "String or binary data would be truncated."))
        }
        Some(bytes) => Ok(Value::Bytes(digest(&SHA256, &bytes).as_ref().to_vec())),
        None => Ok(Value::Null),
    }
}

fn dateadd(unit: &str, arguments: &[Value]) -> Result<Value> {
    let units = match unit.to_lowercase().as_str() {
        "second" => SECOND,
        "minute" => 60 * SECOND,
        "hour" => 3600 * SECOND,
        "day" => 86_400 * SECOND,
        other => {
            return Err(SqlError::new(155, 15, format!("'{other}' is not a recognized dateadd option.")));
        }
    };
    match (arguments.get(1), arguments.get(2)) {
        (Some(Value::Int(many)), Some(Value::Moment(at))) => Ok(Value::Moment(at + many * units)),
        (Some(Value::Int(many)), Some(Value::Offset(at, offset))) => {
            Ok(Value::Offset(at + many * units, *offset))
        }
        _ => Ok(Value::Null),
    }
}

/// `convert` with its style.
pub fn convert(value: Value, kind: &Kind, style: i64, face: Face) -> Result<Value> {
    let hex = |value: &Value| value.text().trim_start_matches("0x").to_string();
    match (&value, kind, style) {
        (Value::Float(_), Kind::Char { .. }, 3) if !face.writes_floats() => Err(SqlError::new(
            281,
            16,
            "3 is not a valid style number when converting from float to a character string.",
        )),
        (Value::Bytes(_), Kind::Char { .. }, 2) => Value::Text(hex(&value)).to(kind),
        (Value::Bytes(_), Kind::Char { .. }, 1) => Value::Text(value.text()).to(kind),
        _ => value.to(kind),
    }
}

/// `+`, `-` and the like, of whole numbers and decimals; of texts only `+`.
pub fn arithmetic(op: &str, a: Value, b: Value) -> Result<Value> {
    let overflow =
        || SqlError::new(8115, 16, "Arithmetic overflow error converting expression to data type bigint.");
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Text(a), Value::Text(b)) if op == "+" => Ok(Value::Text(a + &b)),
        (Value::Bytes(a), Value::Bytes(b)) if op == "+" => Ok(Value::Bytes([a, b].concat())),
        (Value::Int(_), Value::Int(0)) if op == "/" || op == "%" => {
            Err(SqlError::new(8134, 16, "Divide by zero error encountered."))
        }
        (Value::Int(a), Value::Int(b)) => {
            let result = match op {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                "/" => a.checked_div(b),
                _ => a.checked_rem(b),
            };
            result.map(Value::Int).ok_or_else(overflow)
        }
        (Value::Decimal(a, s), Value::Decimal(b, t)) if s == t && op == "+" => Ok(Value::Decimal(a + b, s)),
        (Value::Decimal(a, s), Value::Decimal(b, t)) if op == "*" => Ok(Value::Decimal(a * b, s + t)),
        (Value::Decimal(a, s), Value::Int(b)) if op == "*" => Ok(Value::Decimal(a * i128::from(b), s)),
        _ => Err(SqlError::new(402, 16, format!("The data types are incompatible in the {op} operator."))),
    }
}

/// An aggregate of values.
pub fn aggregate(name: &str, values: Vec<Value>, rows: usize) -> Result<Value> {
    let count = |n: usize| Ok(Value::Int(n as i64));
    match name {
        "count" | "count_big" if values.is_empty() => count(rows),
        "count" | "count_big" => count(values.iter().filter(|value| **value != Value::Null).count()),
        "max" => Ok(extreme(values, Ordering::Greater)),
        "min" => Ok(extreme(values, Ordering::Less)),
        _ => values.into_iter().filter(|value| *value != Value::Null).try_fold(Value::Null, |sum, value| {
            match sum {
                Value::Null => Ok(value),
                sum => arithmetic("+", sum, value),
            }
        }),
    }
}

fn extreme(values: Vec<Value>, wanted: Ordering) -> Value {
    values.into_iter().fold(Value::Null, |best, value| match value.compare(&best, false) {
        Some(order) if order != wanted => best,
        Some(_) => value,
        None if best == Value::Null => value,
        None => best,
    })
}
