//! Pages, positions and the overlap.

use std::time::Duration;

use super::house::*;
use super::world::Broken;
use crate::engine::{Outcome, Task};
use crate::source::{Key, Scope};

#[test]
fn the_first_run_brings_everything() {
    let mut house = House::with_contacts(35);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    let stored = &house.store.data.stored["contacts"];
    assert!(stored.complete && stored.filled && stored.pass.is_none() && stored.position.is_some());
    assert_eq!(house.store.expected, [35]);
}

#[test]
fn the_second_run_touches_nothing() {
    let mut house = House::with_contacts(35);
    house.world().tick(OVERLAP * 2);
    house.world().put(PARTNER, 36, &[("name", "later")]);
    house.run(task(contacts()));
    let before = house.store.data.clone();
    house.run(task(contacts()));
    let counts = house.store.counts[0];
    assert_eq!((counts.fetched, counts.written.unchanged), (1, 1));
    assert_eq!(house.store.data, before);
}

#[test]
fn one_full_page_exactly_is_followed_by_an_empty_one_and_no_other() {
    let mut house = House::with_contacts(10);
    house.run(task(contacts()));
    house.assert_exact(&contacts());
    let rows: Vec<_> = house.world().called("page", 0).iter().map(|call| call.rows).collect();
    assert_eq!(rows, [10, 0]);
}

#[test]
fn an_empty_remote_is_read_and_later_filled() {
    let mut house = House::with_contacts(0);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    let stored = house.store.data.stored["contacts"].clone();
    assert!(stored.complete && !stored.filled && stored.position.is_none());
    house.world().put(PARTNER, 1, &[("name", "first")]);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert!(house.store.data.stored["contacts"].position.is_some());
    assert!(house.store.batches.iter().all(|batch| batch.sweep.is_none()));
}

#[test]
fn equal_cursor_values_over_page_edges_lose_nothing() {
    let mut house = House::with_contacts(10);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 2);
    // An import: forty rows in one transaction, in pages of ten.
    (11..=50).for_each(|id| house.world().put(PARTNER, id, &[("name", "imported")]));
    house.run(task(contacts()));
    house.assert_exact(&contacts());
    assert_eq!(house.store.counts[0].fetched, 41);
}

#[test]
fn a_late_commit_is_found_because_of_the_overlap() {
    let mut house = late_commit();
    house.run(task(contacts()));
    house.assert_exact(&contacts());
}

#[test]
fn without_overlap_a_late_commit_is_missed() {
    let mut house = late_commit();
    house.run(Task { overlap: Duration::ZERO, ..task(contacts()) });
    assert!(!house.store.keys("contacts").contains(&1.into()));
}

/// A transaction began before the newest change that was read, and ended after the run.
fn late_commit() -> House {
    let mut house = House::with_contacts(0);
    let began = house.world().now_us;
    house.world().tick(30);
    house.world().put(PARTNER, 2, &[("name", "quick")]);
    house.run(task(contacts()));
    house.world().put_at(began, PARTNER, 1, &[("name", "slow")]);
    house
}

#[test]
fn a_row_that_changes_while_it_is_paged_is_found_by_the_next_run() {
    let mut house = House::with_contacts(35);
    let change = |world: &mut super::world::World| {
        world.tick(1);
        world.put(PARTNER, 3, &[("name", "changed")]);
        world.put(PARTNER, 33, &[("name", "changed")]);
    };
    // layout, watermark, count, page, page: the first page is past.
    house.world().before_call(5, change);
    house.run(task(contacts()));
    house.run(task(contacts()));
    house.assert_exact(&contacts());
}

#[test]
fn counters_add_up() {
    let mut house = House::with_invoices(23);
    let world = || house.remote.borrow_mut();
    world().put(MOVE, 24, &[("state", "draft"), ("name", "draft")]);
    world().put(LINE, 241, &[("move_id", "24"), ("name", "line of a draft")]);
    world().spoil(MOVE, 5, Broken::Keyed);
    world().spoil(LINE, 71, Broken::Keyless);
    world().doubles = true;
    for (task, all) in [(task(invoices()), true), (task(invoices()), false), (full(task(invoices())), true)] {
        house.run(task);
        let counts = house.store.counts[0];
        let written = counts.written;
        let parts = [written.inserted, written.updated, written.unchanged, written.left_out];
        let sum = parts.iter().sum::<u64>() + counts.rejected + counts.duplicates;
        assert_eq!(counts.fetched, sum, "{counts:?}");
        let each = [counts.rejected, counts.duplicates, written.left_out];
        assert!(!all || each.iter().all(|count| *count > 0), "{counts:?}");
    }
}

#[test]
fn a_page_of_nothing_but_rejected_rows_is_passed() {
    let mut house = House::with_contacts(35);
    (11..=20).for_each(|id| house.world().spoil(PARTNER, id, Broken::Keyed));
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    assert_eq!(house.store.table("contacts").len(), 25);
    assert_eq!(house.store.counts[0].rejected, 10);
}

#[test]
fn the_next_page_is_read_while_one_is_written() {
    let mut house = House::with_contacts(95);
    house.run(task(contacts()));
    // Ten pages of 1 ms and ten writes of 2 ms, with three requests before: one after the
    // other they would take 35 ms.
    assert!(house.took < Duration::from_millis(30), "{:?}", house.took);
}

#[test]
fn an_incremental_run_asks_little() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    let before = house.world().calls.len();
    house.world().tick(OVERLAP * 2);
    house.world().put(PARTNER, 7, &[("name", "changed")]);
    house.run(task(contacts()));
    house.run(task(contacts()));
    let calls: Vec<_> = house.world().calls[before..].iter().map(|call| call.what).collect();
    assert_eq!(calls[4..], ["layout", "watermark", "count", "page"]);
}

#[test]
fn pages_go_by_key_and_never_by_offset() {
    let mut house = House::with_contacts(25);
    house.run(task(contacts()));
    let world = house.world();
    let asks: Vec<_> = world.called("page", 0).iter().map(|call| call.ask.clone().unwrap()).collect();
    let after: Vec<Option<Key>> = asks.iter().map(|ask| ask.after.clone()).collect();
    assert_eq!(after, [None, Some(10.into()), Some(20.into())]);
    assert!(asks.iter().all(|ask| ask.scope == Scope::All && ask.limit == 10));
}
