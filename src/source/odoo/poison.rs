//! Records that make their whole page fail.
//!
//! Odoo gives a page as a whole or not at all: one record that it cannot compute, or may
//! not show, takes the others along. It is found by halving the page and set aside
//! alone, so that the rest is stored and the pass goes on behind it.

use serde_json::json;

use super::fault::Asked;
use super::parts::{Allowance, Shape};
use super::records::Records;
use super::{Odoo, domain};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Ask, Key, Layout, Page, Rejected, Scope};

/// When more records of one page fail, the reason is not theirs.
const MOST: usize = 20;

/// Whether a record may be the reason that its page failed. Trouble that passes is none's
/// fault, and neither is what concerns the login, the object or a field as such.
pub(super) fn may_be_the_reason(error: &Error) -> bool {
    matches!(error.kind, Kind::Remote | Kind::Forbidden | Kind::BadAnswer)
}

impl Odoo {
    /// The page that failed with `error`, without the records that are the reason.
    pub(super) async fn without_poison(
        &mut self,
        stream: &Stream,
        layout: &Layout,
        ask: &Ask,
        error: Error,
    ) -> Result<Page> {
        let ids = match self.ids(stream, ask).await {
            Ok(ids) => ids,
            Err(later) if later.kind.is_transient() => return Err(later),
            Err(_) => return Err(error),
        };
        if ids.is_empty() {
            return Err(error);
        }
        let mut records = self.no_records(stream, layout, ask.raw);
        let found = halve(&ids, async |part| self.part(stream, layout, part, &mut records).await).await?;
        if found.is_hopeless() {
            return Err(told(error, &found, ids.len()));
        }
        let page = records.page(ask).map_err(|why| self.strange(&why))?;
        let mut rejected = page.rejected;
        rejected.extend(found.poison.into_iter().map(set_aside));
        let (last, more) = (ids.last().map(|id| Key::from(*id)), ids.len() >= ask.limit.max(1));
        Ok(Page { rejected, last, more, bytes: found.bytes, ..page })
    }

    /// The ids on a page: told without looking into the records.
    async fn ids(&mut self, stream: &Stream, ask: &Ask) -> Result<Vec<i64>> {
        let domain = self.page_domain(stream, ask).await?;
        let limit = ask.limit.max(1);
        let named = json!({"limit": limit, "order": "id"});
        let asked = Asked { object: &stream.object, method: "search" };
        let allowance = Allowance { parts: limit, ..Allowance::LISTING };
        let mut ids = Some(Vec::new());
        let mut add = |id: &str| {
            match (&mut ids, id.parse::<i64>()) {
                (Some(ids), Ok(id)) => ids.push(id),
                _ => ids = None,
            }
            Ok(())
        };
        let reply =
            self.execute_parts(asked, vec![("domain", json!(domain))], named, allowance, &mut add).await?;
        let ids = ids.filter(|_| reply.value == Shape::List);
        ids.ok_or_else(|| self.strange("the list of ids is none"))
    }

    /// Puts the records of these ids to `all`; gives the size of the answer.
    async fn part(
        &mut self,
        stream: &Stream,
        layout: &Layout,
        ids: &[i64],
        all: &mut Records<'_>,
    ) -> Result<usize> {
        let keys = ids.iter().map(|id| Key::from(*id)).collect();
        let domain = domain::of(stream, &Scope::Keys(keys), None)?;
        let mut records = all.another();
        let reply = self.read(stream, layout, domain, ids.len(), &mut records).await?;
        all.absorb(records).map_err(|halt| halt.into_error(self.rpc.settings()))?;
        Ok(reply.bytes)
    }
}

/// What was found on the page.
#[derive(Default)]
struct Found {
    bytes: usize,
    /// Whether any part could be read.
    readable: bool,
    poison: Vec<(i64, Error)>,
}

impl Found {
    /// A single record on its page may well be the reason; all of several hardly are.
    fn is_hopeless(&self) -> bool {
        self.poison.len() > MOST || !self.readable && self.poison.len() > 1
    }

    fn add(&mut self, bytes: usize) {
        self.readable = true;
        self.bytes += bytes;
    }
}

/// Reads ever smaller parts, until those that fail are single records: of 2,000 records
/// about 20 requests for each of them.
async fn halve(ids: &[i64], mut read: impl AsyncFnMut(&[i64]) -> Result<usize>) -> Result<Found> {
    let mut found = Found::default();
    let mut parts = halves(ids);
    while let Some(part) = parts.pop() {
        match read(part).await {
            Ok(bytes) => found.add(bytes),
            Err(error) if !may_be_the_reason(&error) => return Err(error),
            Err(error) => match part {
                [id] => found.poison.push((*id, error)),
                several => parts.extend(halves(several)),
            },
        }
        if found.poison.len() > MOST {
            break;
        }
    }
    Ok(found)
}

/// The second half and the first: the last is taken first. One id is its own half.
fn halves(ids: &[i64]) -> Vec<&[i64]> {
    let (first, second) = ids.split_at(ids.len() / 2);
    [second, first].into_iter().filter(|half| !half.is_empty()).collect()
}

/// The error of the whole page, with what was tried.
fn told(error: Error, found: &Found, records: usize) -> Error {
    let seen = match found.poison.len() > MOST {
        true => format!("more than {MOST} of the {records} records of a page are refused, each by itself"),
        false => format!("none of the {records} records of a page can be read by itself either"),
    };
    match error.detail {
        None => error.detail(seen),
        Some(_) => error,
    }
}

fn set_aside((id, error): (i64, Error)) -> Rejected {
    let record = json!({"id": id}).to_string();
    Rejected { key: Some(id.into()), record, rule: "remote".into(), reason: error.in_full() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::http::double::block_on;

    /// Halves `0..records`; gives what was found, how many requests it took and what could be read.
    fn halved(records: i64, poison: &[i64]) -> (Found, usize, Vec<i64>) {
        let ids: Vec<i64> = (0..records).collect();
        let (mut requests, mut all) = (0, Vec::new());
        let found = block_on(halve(&ids, async |part| {
            requests += 1;
            match part.iter().any(|id| poison.contains(id)) {
                true => Err(Error::new(Kind::Remote, "cannot compute")),
                false => {
                    all.extend_from_slice(part);
                    Ok(1)
                }
            }
        }));
        (found.unwrap(), requests, all)
    }

    #[test]
    fn one_record_of_two_thousand_is_found_with_few_requests() {
        let (found, requests, _) = halved(2000, &[1234]);
        assert_eq!(found.poison.len(), 1);
        assert!(requests <= 22, "{requests}");
    }

    #[test]
    fn too_many_or_all_of_several_are_no_matter_of_records() {
        let all: Vec<i64> = (0..2000).collect();
        let (found, requests, _) = halved(2000, &all);
        assert!(found.is_hopeless() && requests < 60, "{requests}");
        assert!(halved(2000, &all[..21]).0.is_hopeless());
        assert!(!halved(2000, &all[..20]).0.is_hopeless());
        assert!(halved(2, &[0, 1]).0.is_hopeless());
        assert!(!halved(1, &[0]).0.is_hopeless());
    }

    #[test]
    fn trouble_that_passes_stops_the_search() {
        let stopped = block_on(halve(&[1, 2], async |_| Err(Error::new(Kind::Timeout, "slow"))));
        assert_eq!(stopped.err().map(|error| error.kind), Some(Kind::Timeout));
    }

    proptest! {
        #[test]
        fn exactly_the_bad_records_are_set_aside_and_all_others_read(
            records in 1..600i64,
            bad in prop::collection::btree_set(0..600i64, 1..=MOST),
        ) {
            let bad: Vec<i64> = bad.into_iter().filter(|id| *id < records).collect();
            let (found, requests, read) = halved(records, &bad);
            let poison: Vec<i64> = found.poison.iter().map(|(id, _)| *id).collect();
            prop_assert_eq!(&poison, &bad);
            let rest: Vec<i64> = (0..records).filter(|id| !bad.contains(id)).collect();
            prop_assert_eq!(read, rest);
            prop_assert!(requests <= 2 + 22 * bad.len(), "{}", requests);
        }
    }
}
