//! Rows of several servers in one table: at the border of the store the server's name becomes
//! the first part of each key, and a column of each row. The engine knows nothing of it.

use crate::engine::{Batch, Sweep};
use crate::source::{Field, Key, Layout, Rejected, Rows, Scalar, Values};

/// The key with the server in front.
pub(super) fn key(server: &str, key: &Key) -> Key {
    Key(std::iter::once(Scalar::Text(server.into())).chain(key.0.iter().cloned()).collect())
}

/// Keys with the server in front.
pub(super) fn keys(server: &str, all: &[Key]) -> Vec<Key> {
    all.iter().map(|one| key(server, one)).collect()
}

/// The key as the engine knows it.
pub(super) fn bare(key: Key) -> Key {
    Key(key.0.into_iter().skip(1).collect())
}

/// The layout with the column of the server, which is the last of the stream's.
pub(super) fn layout(layout: Layout, columns: usize) -> Layout {
    let server = Field { column: columns - 1, path: String::new(), remote_type: String::new() };
    let columns = layout.columns.into_iter().chain([server]).collect();
    Layout { columns, ..layout }
}

/// A batch whose keys and rows tell their server. Each value is copied once.
pub(super) fn batch(server: &str, batch: &Batch) -> Batch {
    let sweep = batch.sweep.as_ref().map(|sweep| Sweep {
        after: sweep.after.as_ref().map(|after| key(server, after)),
        through: sweep.through.as_ref().map(|through| key(server, through)),
        seen: keys(server, &sweep.seen),
    });
    let rejected = batch.rejected.iter().map(|rejected| Rejected {
        key: rejected.key.as_ref().map(|one| key(server, one)),
        ..rejected.clone()
    });
    Batch {
        task: batch.task,
        stream: batch.stream,
        rows: rows(server, &batch.rows),
        rejected: rejected.collect(),
        duplicates: batch.duplicates,
        leaving: keys(server, &batch.leaving),
        lines: batch.lines.clone(),
        sweep,
        standing: batch.standing.clone(),
    }
}

/// Rows that tell their server.
pub(super) fn rows(server: &str, rows: &Rows) -> Rows {
    let column = Values::Text(vec![Some(server.to_string()); rows.len()]);
    Rows {
        keys: keys(server, &rows.keys),
        columns: rows.columns.iter().cloned().chain([column]).collect(),
        updated_at: rows.updated_at.clone(),
        raw: rows.raw.clone(),
    }
}
