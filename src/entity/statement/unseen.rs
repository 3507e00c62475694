//! Rejected rows that the remote no longer has.

use super::keys::{key_arrays, key_types};
use crate::entity::{Stream, Type};

/// Forgets the rejections that lie on a stretch of a full pass and were not seen there. One without a readable key
/// may lie anywhere: it is forgotten with the first stretch, and comes again if it is still there.
///
/// Parameters: `$1` to `$3` link, entity and stream, `$4` the keys seen, as JSON, then the stretch: one array of
/// each end per key column, empty for no limit.
pub fn forget_unseen(stream: &Stream, after: bool, through: bool) -> String {
    let keys = key_types(stream);
    let parts: Vec<String> = keys.iter().enumerate().map(|(nth, (_, kind))| part(nth, *kind)).collect();
    let end = |there: bool, first: usize, sign: &str| match there {
        true => {
            format!(" and ({}) {sign} (select * from unnest({}))", parts.join(", "), key_arrays(&keys, first))
        }
        false => String::new(),
    };
    format!(
        "delete from erp_sync.rejected r\nwhere r.link = $1::bigint and r.entity = $2::text and r.stream = $3::text\n  \
         and case when {}\n    then r.key not in (select k::jsonb from unnest($4::text[]) k){}{}\n    else {} end",
        is_readable(&keys),
        end(after, 5, ">"),
        end(through, 5 + keys.len(), "<="),
        !after
    )
}

/// A part of the key as it is ordered in its table.
fn part(nth: usize, kind: Type) -> String {
    match kind {
        Type::Text => format!("(r.key ->> {nth}) collate \"C\""),
        other => format!("(r.key ->> {nth})::{}", other.sql()),
    }
}

/// What stands for a key that cannot be read is a single text.
fn is_readable(keys: &[(&str, Type)]) -> String {
    match keys {
        [_] => "jsonb_typeof(r.key -> 0) = 'number'".into(),
        several => format!("jsonb_array_length(r.key) = {}", several.len()),
    }
}
