//! Rows that refer to a removed row: noted in the transaction that removes it, read
//! again by the next run.

use super::batch::whole;
use super::identity::as_owner;
use super::session::transaction;
use super::sql::{execute, json_keys, query, value};
use super::target::Use;
use super::{Place, Store};
use crate::entity::{Entity, Stream, statement};
use crate::error::Result;
use crate::source::Key;

const LISTED: &str = "
select r.key::text from erp_sync.reread r
where r.link = $1 and r.entity = $2 and r.stream = $3
order by r.key limit $4";

const FORGET: &str = "
delete from erp_sync.reread
where link = $1 and entity = $2 and stream = $3
  and key in (select k::jsonb from unnest($4::text[]) k)";

const NOTE: &str = "
insert into erp_sync.reread (server, entity, stream, key, link)
select $1, $2, $3, k::jsonb, $5 from unnest($4::text[]) k
on conflict (link, entity, stream, key) do nothing";

impl Store {
    /// Rows to be read again, at most `limit`.
    pub fn rereads(&mut self, task: usize, stream: usize, limit: usize) -> Result<Vec<Key>> {
        let place = self.place(task, stream)?;
        transaction(|| {
            let arguments =
                [value(place.link()), value(place.entity()), value(place.table()), value(limit as i64)];
            as_owner(|| query(LISTED, &arguments, |row| super::gone::read_key(&row.text(1)?)))
        })
        .map(|keys| place.keys_told(keys))
    }

    /// Forgets rows that have been read again.
    pub fn reread(&mut self, task: usize, stream: usize, keys: &[Key]) -> Result<()> {
        let place = self.place(task, stream)?;
        transaction(|| {
            let arguments = [
                value(place.link()),
                value(place.entity()),
                value(place.table()),
                json_keys(&place.keys_here(keys)),
            ];
            as_owner(|| execute(FORGET, &arguments)).map(drop)
        })
    }
}

/// Notes the rows that refer to removed ones. In the current transaction.
pub(super) fn note(place: &Place<'_>, removed: &[Key]) -> Result<()> {
    let removed: Vec<i64> = removed.iter().filter_map(whole).collect();
    for (entity, stream, column) in references(place.entities, &place.stream.table) {
        if !place.opened(&stream.table, Use::Read)? {
            continue;
        }
        let sql = statement::referring(stream, column, place.schema);
        let arguments = [value(place.tenant()), value(removed.clone())];
        let keys = place.query(&[&stream.table], &sql, &arguments, |row| row.key(1))?;
        if keys.is_empty() {
            continue;
        }
        let arguments = [
            value(place.server()),
            value(entity.name.clone()),
            value(stream.table.clone()),
            json_keys(&keys),
            value(place.link()),
        ];
        as_owner(|| execute(NOTE, &arguments))?;
    }
    Ok(())
}

/// The columns that hold keys of a table.
fn references<'a>(
    entities: &'a [Entity],
    table: &'a str,
) -> impl Iterator<Item = (&'a Entity, &'a Stream, &'a str)> {
    let streams = entities.iter().flat_map(|entity| entity.streams.iter().map(move |s| (entity, s)));
    streams.flat_map(move |(entity, stream)| {
        let columns = stream.refers.iter().filter(move |(_, to)| *to == table);
        columns.map(move |(column, _)| (entity, stream, column.as_str()))
    })
}
