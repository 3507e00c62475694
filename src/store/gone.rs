//! Rows that seem to be gone: asked for once more, then removed or acquitted.

use std::collections::BTreeSet;

use super::batch::move_counts;
use super::identity::as_owner;
use super::session::transaction;
use super::sql::{execute, json_keys, query, value};
use super::{Place, Store, derive};
use crate::engine::Written;
use crate::error::{Error, Kind, Result};
use crate::source::Key;

const CANDIDATES: &str = "
select c.key::text from erp_sync.candidate c
where c.link = $1 and c.entity = $2 and c.stream = $3 and ($4::jsonb is null or c.key > $4::jsonb)
order by c.key limit $5";

const FORGET: &str = "
delete from erp_sync.candidate
where link = $1 and entity = $2 and stream = $3
  and key in (select k::jsonb from unnest($4::text[]) k)";

/// The next candidates that are still here. Those that somebody else has deleted meanwhile are forgotten: nothing is to
/// be asked or confirmed about them.
fn candidates(place: &Place<'_>, mut after: Option<Key>, limit: usize) -> Result<Vec<Key>> {
    loop {
        let arguments = [
            value(place.link()),
            value(place.entity()),
            value(place.table()),
            value(after.as_ref().map(super::sql::json_key)),
            value(limit as i64),
        ];
        let listed = as_owner(|| query(CANDIDATES, &arguments, |row| read_key(&row.text(1)?)))?;
        let here: BTreeSet<Key> = place.present(&listed)?.into_iter().collect();
        let (here, gone): (Vec<Key>, Vec<Key>) = listed.into_iter().partition(|key| here.contains(key));
        after = gone.last().cloned();
        if !gone.is_empty() {
            as_owner(|| forget(place, &gone))?;
        }
        if gone.is_empty() || !here.is_empty() {
            return Ok(here);
        }
    }
}

impl Store {
    /// Candidates for removal behind `after` in key order, at most `limit`.
    pub fn candidates(
        &mut self,
        task: usize,
        stream: usize,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        let place = self.place(task, stream)?;
        let after = after.and_then(|after| place.keys_here(std::slice::from_ref(after)).first().cloned());
        let candidates = place.transaction(|| candidates(&place, after.clone(), limit))?;
        Ok(place.keys_told(candidates))
    }

    /// Forgets candidates that turned out to be still there.
    pub fn acquit(&mut self, task: usize, stream: usize, keys: &[Key]) -> Result<()> {
        let place = self.place(task, stream)?;
        transaction(|| as_owner(|| forget(&place, &place.keys_here(keys))))
    }

    /// Removes rows that are gone, and their lines; forgets them as candidates.
    pub fn remove(&mut self, task: usize, stream: usize, keys: &[Key], reason: &str) -> Result<u64> {
        let place = self.place(task, stream)?;
        let keys = &*place.keys_here(keys);
        place.transaction(|| {
            derive::take_turn(&place)?;
            let mut removed = 0;
            for child in place.children() {
                let lines = self.place(task, child)?;
                let gone = lines.delete(&lines.lines_of(keys, &[])?, "deleted with its header")?;
                as_owner(|| settle(&lines, gone))?;
                removed += gone;
            }
            let own = place.delete(keys, reason)?;
            removed += own;
            as_owner(|| {
                settle(&place, own)?;
                forget(&place, keys)?;
                count(&place, removed)
            })?;
            Ok(removed)
        })
    }
}

pub(super) fn read_key(text: &str) -> Result<Key> {
    serde_json::from_str(text)
        .map_err(|error| Error::new(Kind::Internal, format!("a stored key cannot be read: {error}")))
}

fn forget(place: &Place<'_>, keys: &[Key]) -> Result<()> {
    let arguments = [value(place.link()), value(place.entity()), value(place.table()), json_keys(keys)];
    execute(FORGET, &arguments).map(drop)
}

fn settle(place: &Place<'_>, removed: u64) -> Result<()> {
    move_counts(place, &Written { removed, ..Written::default() }, None)
}

const COUNT: &str = "
with b as (
  insert into erp_sync.batch (run_id, server, entity, stream, fetched, inserted, updated, unchanged,
                              left_out, rejected, duplicates, removed, link)
  values ($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, 0, $5, $6))
update erp_sync.task set removed = removed + $5 where run_id = $1 and server = $2 and entity = $3";

fn count(place: &Place<'_>, removed: u64) -> Result<()> {
    let arguments = [
        value(place.run_id),
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(removed as i64),
        value(place.link()),
    ];
    execute(COUNT, &arguments).map(drop)
}
