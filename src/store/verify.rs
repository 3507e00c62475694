//! A look at all keys: what differs from the remote, and what was found to.

use std::collections::BTreeSet;

use super::batch::{has_rejections, missed};
use super::identity::as_owner;
use super::session::transaction;
use super::sql::{change, json_keys, key_arrays, query, texts, value};
use super::{Place, Store};
use crate::engine::{Batch, Compared, Difference, Differs, KeyRange};
use crate::entity::statement;
use crate::error::Result;
use crate::source::Key;

impl Store {
    /// Compares a range of keys with what is here. Changes nothing.
    pub fn compare(&mut self, task: usize, stream: usize, range: &KeyRange) -> Result<Compared> {
        let place = self.place(task, stream)?;
        let swept = Batch {
            leaving: range.leaving.clone(),
            sweep: range.sweep.clone(),
            ..Batch::empty(task, stream)
        };
        let swept = place.batch_here(&swept).into_owned();
        let walks = self.walks(&swept).is_some();
        let compared = place.transaction(|| {
            let mut compared = listed(&place, range)?;
            compared.differences.extend(extra(&place, &swept, walks)?);
            Ok(compared)
        })?;
        self.walked(&swept, walks);
        self.advance(task, stream, range.keys.len() as u64)?;
        Ok(compared)
    }

    /// Stores that rows differ. Returns how late the latest was, in seconds.
    pub fn differ(&mut self, task: usize, stream: usize, differences: &[Difference]) -> Result<Option<u64>> {
        let place = self.place(task, stream)?;
        transaction(|| as_owner(|| store(&place, differences)))
    }
}

/// Of the given rows, those that are not here or of another time, and those that are listed as rejected: these may
/// be mended there without a trace.
fn listed(place: &Place<'_>, range: &KeyRange) -> Result<Compared> {
    let here = place.keys_here(&range.keys);
    let mut arguments = vec![value(place.tenant())];
    arguments.extend(key_arrays(&here, place.stream.key.len()));
    arguments.extend([texts(&range.updated_at), value(range.before.clone())]);
    let sql = statement::compare(place.stream, place.schema);
    let found = place.query(&[&place.stream.table], &sql, &arguments, |row| {
        let at = usize::try_from(row.int(1)?).unwrap_or_default().saturating_sub(1);
        Ok((at, row.flag(2)?, row.get::<String>(3)?, row.flag(4)?))
    })?;
    let (missing, stale): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, missing, ..)| *missing);
    let places: Vec<usize> = missing.iter().map(|(at, ..)| *at).collect();
    let (orphans, rejected) = (orphans(place, range, &here, &places)?, rejected(place, &here)?);
    let difference = |(at, missing, stored, overdue): (usize, bool, Option<String>, bool)| {
        let differs = if missing { Differs::Missing } else { Differs::Stale };
        let remote = range.updated_at.get(at).cloned().flatten();
        Some(Difference { key: range.keys.get(at)?.clone(), differs, remote, here: stored, overdue })
    };
    let missing = missing.into_iter().filter(|(at, ..)| !orphans.contains(at));
    let differ = missing.chain(stale).filter(|(at, ..)| !rejected.contains(at));
    Ok(Compared {
        differences: differ.filter_map(difference).collect(),
        rejected: rejected.iter().filter_map(|at| range.keys.get(*at).cloned()).collect(),
    })
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
    let difference =
        |key| Difference { key, differs: Differs::Extra, remote: None, here: None, overdue: true };
    Ok(place.keys_told(keys).into_iter().map(difference).collect())
}

/// A pass read everything up to its watermark, less the overlap. So a row that none brought was still
/// missing when the first watermark came that lay further behind it than the overlap: it was at least so
/// late. Where that would be days, something else was the reason.
const STORE: &str = "
insert into erp_sync.difference
  (run_id, server, entity, stream, tenant, key, differs, source_updated_at, stored_updated_at, late, link)
select $1, $2, $3, $4, $5, x.k::jsonb, x.d, x.u::timestamptz, x.h::timestamptz,
  (select l.late from (
     select min(w.moment) - x.u::timestamptz as late
     from erp_sync.position p, unnest(p.watermarks) as w(moment)
     where p.link = $11 and p.entity = $3 and p.stream = $4
       and w.moment > x.u::timestamptz + make_interval(secs => $6)) l
   where l.late < interval '1 day'), $11
from unnest($7::text[], $8::text[], $9::text[], $10::text[]) as x(k, d, u, h)
returning extract(epoch from late)::bigint";

fn store(place: &Place<'_>, differences: &[Difference]) -> Result<Option<u64>> {
    let keys: Vec<Key> = differences.iter().map(|found| found.key.clone()).collect();
    let text = |part: fn(&Difference) -> Option<String>| differences.iter().map(part).collect::<Vec<_>>();
    let arguments = [
        value(place.run_id),
        value(place.server()),
        value(place.entity()),
        value(place.table()),
        value(place.tenant()),
        value(place.task.overlap.as_secs_f64()),
        json_keys(&place.keys_here(&keys)),
        texts(&text(|found| Some(found.differs.word().to_string()))),
        texts(&text(|found| found.remote.clone())),
        texts(&text(|found| found.here.clone())),
        value(place.link()),
    ];
    let late = change(STORE, &arguments, |row| row.get::<i64>(1))?;
    Ok(late.into_iter().flatten().filter_map(|seconds| u64::try_from(seconds).ok()).max())
}
