//! Lost rights look like deletions: when too much vanishes at once, a person decides.

use super::{Mode, Task};
use crate::error::{Error, Kind};

/// So many rows may always go.
const FEW: u64 = 10;
/// More rows than this never go unasked, however large the table is.
const MANY: u64 = 10_000;

/// How many rows of a table that had `rows` may be removed without confirmation:
/// one in ten, at least 10 and at most 10,000.
pub(super) fn allowance(rows: u64) -> u64 {
    (rows / 10).clamp(FEW, MANY)
}

/// A stream of which too much vanished.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trip {
    /// Its table.
    pub(super) table: String,
    /// Rows that are gone, those already removed in the pass counted in.
    pub(super) gone: u64,
    /// Of these, rows that left the entity's `keep`.
    pub(super) left: u64,
    /// Rows before the pass.
    pub(super) rows: u64,
}

impl Trip {
    fn detail(&self) -> String {
        let Trip { table, gone, left, rows } = self;
        let deleted = gone - left.min(gone);
        format!("\"{table}\": {gone} of {rows} rows, {deleted} not found any more and {left} outside keep")
    }
}

/// What a task fails with when `trips` is not empty.
pub(super) fn error(task: &Task, trips: &[Trip]) -> Option<Error> {
    let first = trips.first()?;
    let message = format!(
        "{} of {} rows of \"{}\" vanished at once, so nothing more was removed",
        first.gone, first.rows, first.table
    );
    let details: Vec<_> = trips.iter().map(Trip::detail).collect();
    let hint = format!(
        "lost rights on the remote look the same; if the rows are really gone: \
         select * from sync_run({}, {}, mode => '{}', confirm => true)",
        quoted(&task.entity.name),
        quoted(&task.server),
        if task.mode == Mode::Verify { "verify" } else { "full" }
    );
    Some(Error::new(Kind::Breaker, message).detail(details.join("; ")).hint(hint))
}

/// A text as an SQL literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_rows_that_are_more_than_a_tenth_or_ten_thousand_are_too_many() {
        for rows in [0, 1, 9, 10, 99, 100, 101, 109, 110, 119, 5_000, 99_999, 100_000, 100_009, 3_000_000] {
            for gone in [0, 1, 9, 10, 11, 12, 499, 500, 501, 9_999, 10_000, 10_001, 300_001] {
                let too_many = gone > 10 && gone * 10 > rows || gone > 10_000;
                assert_eq!(gone > allowance(rows), too_many, "{gone} of {rows}");
            }
        }
    }
}
