//! Streams and settings for tests.

use serde_json::{Value, json};

use crate::entity::Stream;

/// A stream with this key and these columns (name and type, from the remote column of the name).
pub(in crate::source::sqlserver) fn stream(object: &str, key: &[&str], columns: &[(&str, &str)]) -> Stream {
    let column = |(name, kind): &(&str, &str)| json!({"name": name, "type": kind, "about": name});
    let columns: Vec<Value> = columns.iter().map(column).collect();
    let stream = json!({"table": "t", "about": "t", "object": object, "key": key, "columns": columns});
    serde_json::from_value(stream).unwrap()
}
