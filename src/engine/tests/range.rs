//! `initial_range`: how far back documents are read in full.

use super::house::*;
use crate::engine::{Outcome, Range, Task};
use crate::entity::Entity;
use std::sync::Arc;

fn documents() -> Arc<Entity> {
    let mut entity = (*contacts()).clone();
    entity.streams[0].date = Some("day".into());
    Arc::new(entity)
}

fn since(day: &str, text: &str) -> Task {
    Task { range: Some(Range { text: text.into(), from: day.into() }), ..task(documents()) }
}

/// Documents 1 to 4 of four months, and one without a day.
fn house() -> House {
    let house = House::with_contacts(5);
    for (id, day) in [(1, "2026-05-01"), (2, "2026-06-01"), (3, "2026-07-01"), (4, "2026-08-01")] {
        house.world().put(PARTNER, id, &[("day", day)]);
    }
    house.world().tick(OVERLAP * 2);
    house.world().put(PARTNER, 5, &[]);
    house
}

fn here(house: &House) -> Vec<String> {
    house.store.table("contacts").keys().map(|key| format!("{:?}", key.0[0])).collect()
}

fn ids(ids: &[i64]) -> Vec<String> {
    ids.iter().map(|id| format!("Int({id})")).collect()
}

#[test]
fn only_documents_of_the_range_and_those_without_a_date_are_read_in_full() {
    let mut house = house();
    assert_eq!(house.run(since("2026-07-01", "60 days")), Outcome::Succeeded);
    assert_eq!(here(&house), ids(&[3, 4, 5]));
}

#[test]
fn what_changes_is_read_however_old_it_is_and_is_not_deemed_gone_by_a_full_pass() {
    let mut house = house();
    house.run(since("2026-07-01", "60 days"));
    house.world().tick(OVERLAP * 2);
    house.world().put(PARTNER, 1, &[("name", "paid at last")]);
    house.run(since("2026-07-01", "60 days"));
    assert_eq!(here(&house), ids(&[1, 3, 4, 5]));
    assert_eq!(house.run(full(since("2026-07-01", "60 days"))), Outcome::Succeeded);
    assert_eq!(here(&house), ids(&[1, 3, 4, 5]));
    house.world().delete(PARTNER, 1);
    house.run(full(since("2026-07-01", "60 days")));
    assert_eq!(here(&house), ids(&[3, 4, 5]), "what is really gone is removed");
}

#[test]
fn another_range_means_a_full_pass() {
    let mut house = house();
    house.run(since("2026-07-01", "60 days"));
    house.run(since("2026-06-01", "90 days"));
    assert_eq!(here(&house), ids(&[2, 3, 4, 5]));
    house.run(task(documents()));
    house.assert_exact(&documents());
}
