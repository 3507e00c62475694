//! One batch, one transaction: rows, their lines, what is missing, what is rejected,
//! the counters and how far the stream is.

use pgrx::datum::DatumWithOid;

use super::identity::as_owner;
use super::rows::put;
use super::sql::{execute, first, json_key, json_keys, key_arrays, value};
use super::tables::pass_text;
use super::{Place, Store, aside, derive, touched};
use crate::engine::{Batch, Lines, Mode, Standing, Sweep, Written};
use crate::entity::statement;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Rejected, Scalar};

/// Whether the batch belongs to a full pass.
fn is_full(batch: &Batch) -> bool {
    match &batch.standing {
        Some(Standing::Open(pass)) => pass.mode == Mode::Full,
        Some(Standing::Done { full, .. }) => *full,
        Some(Standing::Verified) | None => false,
    }
}

impl Store {
    /// Writes a batch in one transaction.
    pub fn write(&mut self, batch: &Batch) -> Result<Written> {
        let place = self.place(batch.task, batch.stream)?;
        let batch = &*place.batch_here(batch);
        let walk = self.walks(batch);
        let (walks, is_walked) = (walk.is_some(), walk.is_some_and(|sweep| sweep.through.is_none()));
        let ends = matches!(&batch.standing, Some(Standing::Verified | Standing::Done { full: true, .. }));
        let touched = self.touched.get(&(batch.task, batch.stream)).filter(|_| ends);
        let written = place.transaction(|| {
            derive::take_turn(&place)?;
            let whole = is_full(batch);
            let mut own = put(&place, &batch.rows, whole)?;
            own.left_out += batch.leaving.len() as u64;
            let mut written = own;
            for lines in &batch.lines {
                written += put_lines(&self.place(batch.task, lines.stream)?, lines, whole)?;
            }
            let missed = missed(&place, batch, walks)?;
            as_owner(|| {
                record(&place, batch, &own, &mut written, &missed)?;
                if is_walked {
                    forget_unseen(&place)?;
                }
                touched.map_or(Ok(()), |touched| touched::accept(&place, touched))
            })?;
            Ok(written)
        })?;
        if ends {
            self.touched.remove(&(batch.task, batch.stream));
        }
        let own = batch.rows.len() + batch.rejected.len() + batch.leaving.len();
        self.walked(batch, walks);
        self.advance(batch.task, batch.stream, own as u64 + batch.duplicates)?;
        Ok(written)
    }
}

/// Stores all lines of some headers and removes those that are no longer among them.
fn put_lines(place: &Place<'_>, lines: &Lines, whole: bool) -> Result<Written> {
    let mut written = put(place, &lines.rows, whole)?;
    let here = lines.rows.keys.iter().chain(lines.rejected.iter().filter_map(|r| r.key.as_ref()));
    let here: Vec<Key> = here.cloned().collect();
    let missing = place.lines_of(&lines.parents, &here)?;
    if missing.len() as u64 <= lines.may_remove {
        written.removed += place.delete(&missing, "no longer a line of its header")?;
    } else {
        written.candidates += as_owner(|| suspect(place, &missing, "missing"))?;
    }
    as_owner(|| {
        reject(place, &lines.rejected)?;
        clear(place, &lines.rows.keys)?;
        move_counts(place, &written, None)
    })?;
    Ok(written)
}

/// What a batch's answer lacks: keys that become candidates, with the reason. `walks`: whether its sweep goes on where
/// the one before ended.
pub(super) fn missed(place: &Place<'_>, batch: &Batch, walks: bool) -> Result<Vec<(Vec<Key>, &'static str)>> {
    let mut missed = Vec::new();
    if !batch.leaving.is_empty() {
        missed.push((place.present(&batch.leaving)?, "left keep"));
    }
    if let Some(sweep) = &batch.sweep {
        // Of a table that was new nothing is gone.
        let is_new = matches!(&batch.standing, Some(Standing::Open(pass)) if pass.rows_before == 0);
        missed.push((swept(place, sweep, walks && !is_new)?, "missing"));
    }
    Ok(missed)
}

/// Keys that are here and not on the remote: of the range, where both sides order keys alike; else of all, once the
/// last range has come.
fn swept(place: &Place<'_>, sweep: &Sweep, walks: bool) -> Result<Vec<Key>> {
    let (after, through) = (sweep.after.is_some(), sweep.through.is_some());
    let Some(sql) = statement::missing_in_range(place.stream, place.schema, after, through) else {
        return if walks { aside::sweep(place, sweep) } else { Ok(Vec::new()) };
    };
    let seen: Vec<i64> = sweep.seen.iter().filter_map(ordered).collect();
    let limits = [&sweep.after, &sweep.through].into_iter().flatten().filter_map(ordered);
    let mut arguments = vec![value(place.tenant()), value(seen)];
    arguments.extend(limits.map(value));
    if place.task.entity.is_of_servers() {
        arguments.push(value(place.label()));
    }
    place.query(&[&place.stream.table], &sql, &arguments, |row| row.key(1))
}

/// The part of a key by which both sides order: the last, behind the server where several fill the table.
fn ordered(key: &Key) -> Option<i64> {
    match key.0.last() {
        Some(Scalar::Int(n)) => Some(*n),
        _ => None,
    }
}

/// A key that is one whole number.
pub(super) fn whole(key: &Key) -> Option<i64> {
    match key.0.as_slice() {
        [Scalar::Int(n)] => Some(*n),
        _ => None,
    }
}

/// The bookkeeping of a batch: `own` is what it did to its own stream, `written` lines
/// included. As the owner.
pub(super) fn record(
    place: &Place<'_>,
    batch: &Batch,
    own: &Written,
    written: &mut Written,
    missed: &[(Vec<Key>, &'static str)],
) -> Result<()> {
    for (keys, reason) in missed {
        written.candidates += suspect(place, keys, reason)?;
    }
    reject(place, &batch.rejected)?;
    clear(place, &batch.rows.keys)?;
    clear(place, &batch.leaving)?;
    count(place, batch, written)?;
    move_counts(place, own, batch.standing.as_ref())
}

fn suspect(place: &Place<'_>, keys: &[Key], reason: &str) -> Result<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    let sql = "insert into erp_sync.candidate (server, entity, stream, key, reason, link)
               select $1, $2, $3, k::jsonb, $4, $6 from unnest($5::text[]) k
               on conflict (link, entity, stream, key) do nothing";
    let arguments = [
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(reason.to_string()),
        json_keys(keys),
        value(place.link()),
    ];
    execute(sql, &arguments)
}

const REJECT: &str = "
insert into erp_sync.rejected as r (server, entity, stream, tenant, key, record, rule, reason, link, run_id)
select distinct on (k) $1, $2, $3, $4, k::jsonb, d::jsonb, u, w, $9, $10
from unnest($5::text[], $6::text[], $7::text[], $8::text[]) as x(k, d, u, w)
on conflict (link, entity, stream, key) do update
set record = excluded.record, rule = excluded.rule, reason = excluded.reason,
    count = r.count + 1, last_seen_at = clock_timestamp(), run_id = excluded.run_id";

fn reject(place: &Place<'_>, rejected: &[Rejected]) -> Result<()> {
    if rejected.is_empty() {
        return Ok(());
    }
    let texts = |part: fn(&Rejected) -> String| value(rejected.iter().map(part).collect::<Vec<String>>());
    let arguments = [
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(place.tenant()),
        texts(|r| r.key.as_ref().map_or_else(|| digest(&r.record), json_key)),
        texts(|r| r.record.clone()),
        texts(|r| r.rule.clone()),
        texts(|r| r.reason.clone()),
        value(place.link()),
        value(place.run_id),
    ];
    execute(REJECT, &arguments).map(drop)
}

/// Stands for the key of a record whose key cannot be read.
fn digest(record: &str) -> String {
    format!("[\"record {:016x}\"]", super::digest::of(record))
}

/// Whether anything of the stream is listed as rejected: seldom, so it is asked first.
pub(super) fn has_rejections(place: &Place<'_>) -> Result<bool> {
    let any = "select exists (select from erp_sync.rejected where link = $1 and entity = $2 and stream = $3)";
    let stream = [value(place.link()), value(place.entity()), value(place.table())];
    Ok(first(any, &stream, |row| row.flag(1))?.unwrap_or(false))
}

/// Behind a walk through all keys: a rejected row that this run has not met is no longer on the remote.
fn forget_unseen(place: &Place<'_>) -> Result<()> {
    let sql = "delete from erp_sync.rejected
               where link = $1 and entity = $2 and stream = $3 and run_id is distinct from $4";
    let arguments = [value(place.link()), value(place.entity()), value(place.table()), value(place.run_id)];
    execute(sql, &arguments).map(drop)
}

/// A good version of a row clears its rejection.
fn clear(place: &Place<'_>, keys: &[Key]) -> Result<()> {
    if keys.is_empty() || !has_rejections(place)? {
        return Ok(());
    }
    let stream = || [value(place.link()), value(place.entity()), value(place.table())];
    let sql = "delete from erp_sync.rejected where link = $1 and entity = $2 and stream = $3
               and key in (select k::jsonb from unnest($4::text[]) k)";
    let arguments: Vec<DatumWithOid<'_>> = stream().into_iter().chain([json_keys(keys)]).collect();
    execute(sql, &arguments).map(drop)
}

const COUNT: &str = "
with b as (
  insert into erp_sync.batch (run_id, server, entity, stream, fetched, inserted, updated, unchanged,
                              left_out, rejected, duplicates, removed, link)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14))
update erp_sync.task set
  stream = $4, done = done + $13,
  fetched = fetched + $5, inserted = inserted + $6, updated = updated + $7, unchanged = unchanged + $8,
  left_out = left_out + $9, rejected = rejected + $10, duplicates = duplicates + $11, removed = removed + $12
where run_id = $1 and server = $2 and entity = $3";

fn count(place: &Place<'_>, batch: &Batch, written: &Written) -> Result<()> {
    let lines = |part: fn(&Lines) -> u64| batch.lines.iter().map(part).sum::<u64>();
    let rejected = batch.rejected.len() as u64 + lines(|l| l.rejected.len() as u64);
    let duplicates = batch.duplicates + lines(|l| l.duplicates);
    let stored = written.inserted + written.updated + written.unchanged + written.left_out;
    let fetched = stored + rejected + duplicates;
    let own = (batch.rows.len() + batch.rejected.len() + batch.leaving.len()) as u64 + batch.duplicates;
    if fetched == 0 && written.removed == 0 {
        return Ok(());
    }
    let mut arguments =
        vec![value(place.run_id), value(place.server()), value(place.entity()), value(place.table())];
    let counts = [
        fetched,
        written.inserted,
        written.updated,
        written.unchanged,
        written.left_out,
        rejected,
        duplicates,
        written.removed,
        own,
    ];
    arguments.extend(counts.map(|n| value(n as i64)));
    arguments.push(value(place.link()));
    execute(COUNT, &arguments).map(drop)
}

const MOVE: &str = "
update erp_sync.position set rows = rows + $4
where link = $1 and entity = $2 and stream = $3";

const OPEN: &str = "
update erp_sync.position set rows = rows + $4, pass = $5::jsonb, filled = rows + $4 > 0
where link = $1 and entity = $2 and stream = $3";

const DONE: &str = "
update erp_sync.position
set rows = rows + $4, pass = null, position = $5, filled = rows + $4 > 0,
    finished_at = clock_timestamp(),
    full_at = case when $6 then clock_timestamp() else full_at end,
    -- As many as a week of hourly runs; what stands still is kept once.
    watermarks = case when $7::timestamptz is null or $7::timestamptz = watermarks[cardinality(watermarks)]
      then watermarks else (watermarks || $7::timestamptz)[greatest(1, cardinality(watermarks) - 166):] end
where link = $1 and entity = $2 and stream = $3";

const VERIFIED: &str = "
update erp_sync.position set rows = rows + $4, verified_at = clock_timestamp()
where link = $1 and entity = $2 and stream = $3";

/// Moves the stream's row count and, with `standing`, its pass and position; notes who wrote. As the owner.
pub(super) fn move_counts(place: &Place<'_>, written: &Written, standing: Option<&Standing>) -> Result<()> {
    if written.inserted + written.updated > 0 {
        touched::note(place)?;
    }
    let more = written.inserted as i64 - written.removed as i64;
    let mut arguments = vec![value(place.link()), value(place.entity()), value(place.table()), value(more)];
    let sql = match standing {
        None if more == 0 => return Ok(()),
        None => MOVE,
        Some(Standing::Open(pass)) => {
            arguments.push(value(pass_text(Some(pass))?));
            OPEN
        }
        Some(Standing::Verified) => VERIFIED,
        Some(Standing::Done { position, moment, full }) => {
            arguments.push(value(position.clone().map(|mark| mark.0)));
            arguments.push(value(*full));
            arguments.push(value(moment.clone()));
            DONE
        }
    };
    execute(sql, &arguments).map(drop)
}

impl Place<'_> {
    /// Which of the keys are here.
    pub(super) fn present(&self, keys: &[Key]) -> Result<Vec<Key>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sql = statement::present(self.stream, self.schema);
        let mut arguments = vec![value(self.tenant())];
        arguments.extend(key_arrays(keys, self.stream.key.len()));
        self.query(&[&self.stream.table], &sql, &arguments, |row| row.key(1))
    }

    /// Keys of the lines of these headers that are here and not among `read`.
    pub(super) fn lines_of(&self, parents: &[Key], read: &[Key]) -> Result<Vec<Key>> {
        let Some(sql) = statement::missing_children(self.stream, self.schema) else {
            return Err(Error::new(Kind::Internal, "lines without a header column"));
        };
        let parents: Vec<i64> = parents.iter().filter_map(whole).collect();
        let mut arguments = vec![value(self.tenant()), value(parents)];
        arguments.extend(key_arrays(read, self.stream.key.len()));
        self.query(&[&self.stream.table], &sql, &arguments, |row| row.key(1))
    }

    /// Deletes rows and keeps their last content. Returns how many went.
    pub(super) fn delete(&self, keys: &[Key], reason: &str) -> Result<u64> {
        if keys.is_empty() {
            return Ok(0);
        }
        let sql = statement::delete(self.stream, self.schema);
        let mut arguments = vec![value(self.tenant())];
        arguments.extend(key_arrays(keys, self.stream.key.len()));
        let read = |row: &super::sql::Row<'_>| Ok((row.text(1)?, json_key(&row.key(2)?)));
        let gone = self.change(&[&self.stream.table], &sql, &arguments, read)?;
        let (records, gone): (Vec<String>, Vec<String>) = gone.into_iter().unzip();
        let count = gone.len() as u64;
        let sql = "insert into erp_sync.removed (server, entity, stream, tenant, key, record, reason, run_id, link)
                   select $1, $2, $3, $4, k::jsonb, d::jsonb, $5, $6, $9 from unnest($7::text[], $8::text[]) as x(k, d)";
        let arguments = [
            value(self.server()),
            value(self.entity()),
            value(self.table()),
            value(self.tenant()),
            value(reason.to_string()),
            value(self.run_id),
            value(gone),
            value(records),
            value(self.link()),
        ];
        as_owner(|| execute(sql, &arguments))?;
        super::reread::note(self, keys)?;
        derive::follow(self, keys, &[])?;
        Ok(count)
    }
}
