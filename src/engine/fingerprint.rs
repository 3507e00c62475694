//! What decides which rows of a stream are read and stored, as one text: when it
//! changes, what was read before is no longer the whole truth.

use serde_json::json;

use super::Task;
use crate::entity::Stream;
use crate::source::Layout;

/// The fingerprint of a stream as this task reads it.
pub(super) fn of(task: &Task, stream: &Stream, layout: &Layout) -> String {
    let columns = layout.columns.iter().map(|field| {
        let column = stream.columns.get(field.column);
        json!({
            "name": column.map(|c| &c.name),
            "type": column.map(|c| &c.kind),
            "scale": column.map(|c| c.scale),
            "rules": column.map(|c| json!([c.required, c.unless, c.min, c.max])),
            "path": field.path,
            "remote_type": field.remote_type,
        })
    });
    let columns: Vec<_> = columns.collect();
    // Only the names: a reason may be worded differently tomorrow.
    let left_out: Vec<_> = layout.left_out.iter().map(|(name, _)| name).collect();
    json!({
        "table": stream.table,
        "object": stream.object,
        "filter": stream.filter,
        "key": stream.key,
        "cursor": cursor(stream),
        "keep": stream.keep,
        "parent": stream.parent,
        "columns": columns,
        "left_out": left_out,
        "raw": task.keep_raw,
        "range": task.range.as_ref().filter(|_| stream.date.is_some()).map(|range| &range.text),
        "circumstances": task.circumstances,
    })
    .to_string()
}

/// What says which rows changed. What follows no other record says what it always said.
fn cursor(stream: &Stream) -> serde_json::Value {
    match stream.follows.as_slice() {
        [] => json!(stream.cursor),
        follows => json!([stream.cursor, follows]),
    }
}
