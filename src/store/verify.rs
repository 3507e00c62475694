//! A look at all keys: what differs from the remote, why, and what was found to.

use std::collections::BTreeSet;

use super::batch::{has_rejections, missed};
use super::call::DiffRow;
use super::identity::as_owner;
use super::rows::arrays;
use super::session::transaction;
use super::sql::{Row, execute, json_keys, key_arrays, query, texts, value};
use super::{Place, Store, rows, touched};
use crate::engine::{Batch, Cause, Compared, Difference, Differs, KeyRange};
use crate::entity::statement;
use crate::error::Result;
use crate::source::{Key, Layout, Rows};

impl Store {
    /// Compares a range of keys with what is here. Changes nothing.
    pub fn compare(&mut self, task: usize, stream: usize, range: &KeyRange) -> Result<Compared> {
        let others = self.touched(task, stream)?;
        let place = self.place(task, stream)?;
        let swept = Batch {
            leaving: range.leaving.clone(),
            sweep: range.sweep.clone(),
            ..Batch::empty(task, stream)
        };
        let swept = place.batch_here(&swept).into_owned();
        let walks = self.walks(&swept).is_some();
        let compared = place.transaction(|| {
            let mut compared = listed(&place, range, &others)?;
            let mut extra = extra(&place, &swept, walks)?;
            added(&place, &others, &mut extra)?;
            compared.differences.extend(extra);
            Ok(compared)
        })?;
        self.walked(&swept, walks);
        self.advance(task, stream, range.keys.len() as u64)?;
        Ok(compared)
    }

    /// Those of the rows that are not here or hold something else. Changes nothing.
    pub fn altered(
        &mut self,
        task: usize,
        stream: usize,
        layout: Layout,
        rows: &Rows,
    ) -> Result<Vec<Difference>> {
        let others = self.touched(task, stream)?;
        let layout = self.layout_here(task, stream, layout)?;
        let place = Place { layout: &layout, ..self.place(task, stream)? };
        place.transaction(|| altered(&place, &place.rows_here(rows), &others))
    }

    /// Stores that rows differ.
    pub fn differ(
        &mut self,
        task: usize,
        stream: usize,
        differences: &[Difference],
    ) -> Result<Vec<Difference>> {
        let others = self.touched(task, stream)?;
        let place = self.place(task, stream)?;
        place.transaction(|| {
            let mut differences = differences.to_vec();
            added(&place, &others, &mut differences)?;
            as_owner(|| store(&place, &differences))?;
            Ok(differences)
        })
    }
}

/// Of the given rows, those that are not here or of another time, those that are listed as rejected, which may be
/// mended there without a trace, and those that somebody else wrote.
fn listed(place: &Place<'_>, range: &KeyRange, others: &[i64]) -> Result<Compared> {
    let here = place.keys_here(&range.keys);
    let mut arguments = vec![value(place.tenant())];
    arguments.extend(key_arrays(&here, place.stream.key.len()));
    arguments.extend([texts(&range.updated_at), value(range.before.clone()), value(others.to_vec())]);
    let sql = statement::compare(place.stream, place.schema);
    let found = place.query(&[&place.stream.table], &sql, &arguments, |row| {
        let at = usize::try_from(row.int(1)?).unwrap_or_default().saturating_sub(1);
        let differs = match (row.flag(2)?, row.flag(5)?) {
            (true, _) => Differs::Missing,
            (false, true) => Differs::Stale,
            (false, false) => Differs::Altered,
        };
        let cause = row.flag(6)?.then_some(Cause::ChangedHere);
        let (remote, here) = (range.updated_at.get(at).cloned().flatten(), row.get(3)?);
        let overdue = row.flag(4)?;
        let found =
            |key: &Key| Difference { key: key.clone(), differs, remote, here, overdue, cause, late: None };
        Ok(range.keys.get(at).map(|key| (at, found(key))))
    })?;
    let found: Vec<(usize, Difference)> = found.into_iter().flatten().collect();
    let missing = found.iter().filter(|(_, found)| found.differs == Differs::Missing);
    let missing: Vec<usize> = missing.map(|(at, _)| *at).collect();
    let (orphans, rejected) = (orphans(place, range, &here, &missing)?, rejected(place, &here)?);
    let found = found.into_iter().filter(|(at, _)| !orphans.contains(at) && !rejected.contains(at));
    // What an incremental pass reads again is mended by it.
    let (touched, mut differences): (Vec<_>, Vec<_>) =
        found.map(|(_, found)| found).partition(|found| found.differs == Differs::Altered);
    say_why(place, &mut differences)?;
    Ok(Compared {
        differences,
        rejected: rejected.iter().filter_map(|at| range.keys.get(*at).cloned()).collect(),
        touched: touched.into_iter().filter(|found| found.overdue).map(|found| found.key).collect(),
    })
}

fn altered(place: &Place<'_>, rows: &Rows, others: &[i64]) -> Result<Vec<Difference>> {
    let orphans = rows::orphans(place, rows)?;
    let rows = rows::without(rows, &orphans);
    let columns: Vec<usize> = place.layout.columns.iter().map(|field| field.column).collect();
    let sql = statement::altered(place.stream, place.schema, &columns, rows.raw.is_some());
    let mut arguments = vec![value(place.tenant()), value(others.to_vec())];
    arguments.extend(arrays(&rows));
    let is_listed = touched::is_listed(place);
    let mut found = place.query(&[&place.stream.table], &sql, &arguments, |row: &Row<'_>| {
        let (remote, here): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        let is_touched = row.flag(4)?;
        let (differs, cause) = match (row.flag(1)?, remote == here) {
            (true, _) => (Differs::Missing, None),
            (false, false) => (Differs::Stale, None),
            (false, true) => (Differs::Altered, is_listed.then_some(Cause::NoNewTime)),
        };
        let cause = if is_touched { Some(Cause::ChangedHere) } else { cause };
        Ok(Difference { key: row.key(5)?, differs, remote, here, overdue: true, cause, late: None })
    })?;
    say_why(place, &mut found)?;
    let keys = place.keys_told(found.iter().map(|found| found.key.clone()).collect());
    found.iter_mut().zip(keys).for_each(|(found, key)| found.key = key);
    Ok(found)
}

/// Says of rows that are not to be here that somebody else added them, where that is so.
fn added(place: &Place<'_>, others: &[i64], differences: &mut [Difference]) -> Result<()> {
    let mut extra: Vec<_> = differences
        .iter_mut()
        .filter(|found| found.differs == Differs::Extra && found.cause.is_none())
        .collect();
    if others.is_empty() || extra.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = extra.iter().map(|found| found.key.clone()).collect();
    let mut arguments = vec![value(place.tenant())];
    arguments.extend(key_arrays(&place.keys_here(&keys), place.stream.key.len()));
    arguments.push(value(others.to_vec()));
    let sql = statement::written_by(place.stream, place.schema);
    let by_others = place.query(&[&place.stream.table], &sql, &arguments, |row| row.key(1))?;
    let by_others: BTreeSet<Key> = place.keys_told(by_others).into_iter().collect();
    for found in extra.iter_mut().filter(|found| by_others.contains(&found.key)) {
        found.cause = Some(Cause::AddedHere);
    }
    Ok(())
}

/// A pass read everything up to its watermark, less the overlap. So a row that none brought was still
/// missing when the first watermark came that lay further behind it than the overlap: it was at least so
/// late. Where that would be days, something else was the reason. And what was there a day before all keys were
/// compared was compared too.
const WHY: &str = "
select x.place - 1,
  (select extract(epoch from l.late)::bigint from (
     select min(w.moment) - x.u::timestamptz as late
     from unnest(p.watermarks) as w(moment)
     where w.moment > x.u::timestamptz + make_interval(secs => $4)) l
   where l.late < interval '1 day'),
  x.u::timestamptz < greatest(p.full_at, p.verified_at) - interval '1 day'
from unnest($5::text[]) with ordinality as x(u, place)
join erp_sync.position p on p.link = $1 and p.entity = $2 and p.stream = $3";

/// Says why rows are missing or of another time, where that is not known yet.
fn say_why(place: &Place<'_>, differences: &mut [Difference]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let moments: Vec<Option<String>> = differences.iter().map(|found| found.remote.clone()).collect();
    let arguments = [
        value(place.link()),
        value(place.entity()),
        value(place.table()),
        value(place.task.overlap.as_secs_f64()),
        texts(&moments),
    ];
    let told =
        as_owner(|| query(WHY, &arguments, |row| Ok((row.int(1)?, row.get::<i64>(2)?, row.flag(3)?))))?;
    for (at, late, was_compared) in told {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some(found) = differences.get_mut(at).filter(|found| found.cause.is_none()) else { continue };
        found.late = late.and_then(|seconds| u64::try_from(seconds).ok());
        found.cause = match found.differs {
            Differs::Missing if was_compared => Some(Cause::DeletedHere),
            Differs::Missing | Differs::Stale if found.late.is_some() => Some(Cause::LateCommit),
            _ => None,
        };
        if found.cause != Some(Cause::LateCommit) {
            found.late = None;
        }
    }
    Ok(())
}

/// Which of the missing rows are lines whose header is not here.
fn orphans(place: &Place<'_>, range: &KeyRange, here: &[Key], missing: &[usize]) -> Result<Vec<usize>> {
    let (Some(parent), Some(parents)) = (&place.stream.parent, &range.parents) else { return Ok(Vec::new()) };
    let header = place.task.entity.streams.iter().find(|stream| stream.table == parent.table);
    let Some(sql) = header.and_then(|header| statement::orphans(place.stream, header, place.schema)) else {
        return Ok(Vec::new());
    };
    let keys: Vec<Key> = missing.iter().filter_map(|at| here.get(*at).cloned()).collect();
    let headers: Vec<Option<i64>> = missing.iter().map(|at| parents.get(*at).copied().flatten()).collect();
    let mut arguments = vec![value(place.tenant())];
    arguments.extend(key_arrays(&keys, place.stream.key.len()));
    arguments.push(value(headers));
    let orphans = place.query(&[&parent.table], &sql, &arguments, |row| row.key(1))?;
    Ok(missing.iter().filter(|at| here.get(**at).is_some_and(|key| orphans.contains(key))).copied().collect())
}

const REJECTED: &str = "
select x.place - 1 from unnest($4::text[]) with ordinality as x(k, place)
join erp_sync.rejected r on r.link = $1 and r.entity = $2 and r.stream = $3 and r.key = x.k::jsonb";

/// Which of the rows are listed as rejected.
fn rejected(place: &Place<'_>, here: &[Key]) -> Result<BTreeSet<usize>> {
    as_owner(|| {
        if !has_rejections(place)? {
            return Ok(BTreeSet::new());
        }
        let stream = [value(place.link()), value(place.entity()), value(place.table())];
        let arguments: Vec<_> = stream.into_iter().chain([json_keys(here)]).collect();
        let places = query(REJECTED, &arguments, |row| row.int(1))?;
        Ok(places.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
    })
}

/// Rows that are here and not to be, as far as a range shows.
fn extra(place: &Place<'_>, range: &Batch, walks: bool) -> Result<Vec<Difference>> {
    let keys = missed(place, range, walks)?.into_iter().flat_map(|(keys, _)| keys).collect();
    Ok(place.keys_told(keys).into_iter().map(Difference::extra).collect())
}

const STORE: &str = "
insert into erp_sync.difference
  (run_id, server, entity, stream, tenant, key, differs, source_updated_at, stored_updated_at, late, link, cause)
select $1, $2, $3, $4, $5, x.k::jsonb, x.d, x.u::timestamptz, x.h::timestamptz,
  make_interval(secs => x.late), $6, x.cause
from unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[]) as x(k, d, u, h, late, cause)";

fn store(place: &Place<'_>, differences: &[Difference]) -> Result<()> {
    let keys: Vec<Key> = differences.iter().map(|found| found.key.clone()).collect();
    let text = |part: fn(&Difference) -> Option<String>| differences.iter().map(part).collect::<Vec<_>>();
    let late: Vec<Option<i64>> =
        differences.iter().map(|found| found.late.and_then(|late| i64::try_from(late).ok())).collect();
    let arguments = [
        value(place.run_id),
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(place.tenant()),
        value(place.link()),
        json_keys(&place.keys_here(&keys)),
        texts(&text(|found| Some(found.differs.word().to_string()))),
        texts(&text(|found| found.remote.clone())),
        texts(&text(|found| found.here.clone())),
        value(late),
        texts(&text(|found| found.cause.map(|cause| cause.words().to_string()))),
    ];
    execute(STORE, &arguments).map(drop)
}

const DIFFERENCES: &str = "
select server, entity, stream, key::text, differs, cause, source_updated_at::text, stored_updated_at::text
from erp_sync.difference where run_id = $1 order by id";

/// What a run found to differ.
pub fn differences(run_id: i64) -> Result<Vec<DiffRow>> {
    let read = |row: &Row<'_>| {
        Ok(DiffRow {
            server: row.text(1)?,
            entity: row.text(2)?,
            stream: row.text(3)?,
            key: row.text(4)?,
            differs: row.text(5)?,
            cause: row.get(6)?,
            remote: row.get(7)?,
            here: row.get(8)?,
        })
    };
    transaction(|| as_owner(|| query(DIFFERENCES, &[value(run_id)], read)))
}
