//! What is kept of a record that cannot be stored.

use serde_json::{Map, Value};

use super::raw;
use crate::source::{Key, Rejected};

/// The longest record that is kept as it is, and the longest field of one that is longer.
const LONGEST: usize = 64 * 1024;
const LONGEST_FIELD: usize = 1024;

/// Says which rule a record breaks, and keeps its text. Of a long one the short fields are kept.
pub(super) fn rejected(id: Option<i64>, json: &str, rule: &str, reason: String) -> Rejected {
    let record = tree(json).to_string();
    // In JSON text the character is written as an escape; one behind an escaped
    // backslash is none.
    let record: Vec<_> = record.split("\\\\").map(|part| part.replace("\\u0000", "\u{fffd}")).collect();
    Rejected { key: id.map(Key::from), record: record.join("\\\\"), rule: rule.into(), reason }
}

fn tree(json: &str) -> Value {
    if json.len() <= LONGEST {
        return serde_json::from_str(json).unwrap_or_default();
    }
    let (mut kept, mut length) = (Map::new(), 0);
    // It was read once before.
    let _ = raw::members(json, |name, value| {
        let more = name.len() + value.len();
        if more <= LONGEST_FIELD && length + more <= LONGEST {
            length += more;
            kept.insert(name.into_owned(), serde_json::from_str(value).unwrap_or_default());
        }
    });
    Value::Object(kept)
}
