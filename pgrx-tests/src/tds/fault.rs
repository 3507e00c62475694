//! Faults are rows of a table, so that whoever speaks SQL can bring one about:
//! `insert into _faults values ('what the query holds', 'cut', after rows, argument, times)`.

use super::ast::Name;
use super::database::{Database, Row, id};
use super::error::SqlError;
use super::value::Value;

/// The table's definition.
pub const TABLE: &str = "create table _faults (about nvarchar(400), what nvarchar(20), after_rows int, \
                         argument int, remaining int)";

/// Kinds of faults.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The connection is closed in the middle of a row.
    Cut,
    /// So many milliseconds pass.
    Stall(u64),
    /// Every row takes so many milliseconds.
    Slow(u64),
    /// An error of this number; the connection stays.
    Error(i32),
    /// A severe error of this number; the connection is closed.
    Severe(i32),
    /// Bytes that are no answer.
    Garbage,
    /// A text that is announced to be of 2 GB and never ends.
    Endless,
}

/// A fault that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Behind how many rows.
    pub after: u64,
    pub what: What,
}

fn table() -> Name {
    Name { schema: "dbo".into(), name: "_faults".into() }
}

/// The first fault that this query meets; counts it down.
pub fn take(database: &mut Database, sql: &str) -> Option<Fault> {
    let rows = &mut database.tables.get_mut(&id(&table()))?.rows;
    let (at, row) = rows.iter().find(|(_, row)| meets(row, sql)).map(|(at, row)| (*at, row.clone()))?;
    let mut counted = row.to_vec();
    counted[4] = Value::Int(number(&row, 4) - 1);
    rows.insert(at, counted.into());
    let argument = number(&row, 3);
    let what = match row[1].text().as_str() {
        "cut" => What::Cut,
        "stall" => What::Stall(argument.unsigned_abs()),
        "slow" => What::Slow(argument.unsigned_abs()),
        "error" => What::Error(argument as i32),
        "severe" => What::Severe(argument as i32),
        "garbage" => What::Garbage,
        "endless" => What::Endless,
        other => panic!("there is no fault \"{other}\""),
    };
    Some(Fault { after: number(&row, 2).unsigned_abs(), what })
}

fn meets(row: &Row, sql: &str) -> bool {
    number(row, 4) > 0 && sql.to_lowercase().contains(&row[0].text().to_lowercase())
}

fn number(row: &Row, at: usize) -> i64 {
    if let Some(Value::Int(number)) = row.get(at) { *number } else { 0 }
}

/// The error of a fault.
pub fn error(number: i32, class: u8) -> SqlError {
    let message = match number {
        1205 => {
            "Transaction (Process ID 52) was deadlocked on lock resources with another process and has \
             been chosen as the deadlock victim. Rerun the transaction."
        }
        1222 => "Lock request time out period exceeded.",
        596 => "Cannot continue the execution because the session is in the kill state.",
        _ => "Something went wrong.",
    };
    SqlError::new(number, class, message)
}
