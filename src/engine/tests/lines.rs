//! Headers and their lines.

use super::house::*;
use crate::engine::{Outcome, Task};
use crate::error::Kind;
use crate::source::Scope;

#[test]
fn a_changed_header_rereads_its_lines_and_missing_ones_go() {
    let mut house = House::with_invoices(25);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 7, &[("name", "one line less, one more")]);
    house.world().delete(LINE, 71);
    // Its own write_date says nothing.
    house.world().put_at(0, LINE, 73, &[("move_id", "7"), ("name", "old but new here")]);
    assert_eq!(house.run(task(invoices())), Outcome::Succeeded);
    house.assert_exact(&invoices());
}

#[test]
fn a_line_that_changes_alone_comes_by_its_own_position() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(LINE, 31, &[("name", "changed")]);
    house.run(task(invoices()));
    house.assert_exact(&invoices());
    // The last invoice with its two lines, these lines by themselves, and the changed one.
    assert_eq!(house.store.counts[0].fetched, 1 + 2 + 2 + 1);
}

#[test]
fn a_line_without_its_header_is_left_out_and_comes_with_it() {
    let mut house = House::with_invoices(5);
    house.world().put(MOVE, 6, &[("state", "draft"), ("name", "draft")]);
    house.world().put(LINE, 61, &[("move_id", "6"), ("name", "line")]);
    house.run(task(invoices()));
    house.assert_exact(&invoices());
    assert_eq!(house.store.counts[0].written.left_out, 2);
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 6, &[("state", "posted")]);
    house.run(task(invoices()));
    house.assert_exact(&invoices());
    assert!(house.store.keys("invoice_lines").contains(&61.into()));
}

#[test]
fn more_lines_than_a_page_are_paged() {
    let mut house = House::with_invoices(1);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 1, &[("name", "many lines")]);
    (100..145).for_each(|id| house.world().put_at(0, LINE, id, &[("move_id", "1"), ("name", "line")]));
    house.run(task(invoices()));
    house.assert_exact(&invoices());
}

#[test]
fn lines_that_are_too_long_together_come_with_fewer_headers() {
    let mut house = House::with_invoices(1);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    (1..9).for_each(|id| house.world().put(MOVE, id, &[("state", "posted"), ("name", "new")]));
    // Eight headers have 80 lines or more, of a megabyte each.
    let name = "n".repeat(1 << 20);
    for id in 100..180 {
        let header = (id % 8 + 1).to_string();
        house.world().put_at(0, LINE, id, &[("move_id", &header), ("name", &name)]);
    }
    let task = Task { pages: (1, 1000), ..task(invoices()) };
    assert_eq!(house.run(task), Outcome::Succeeded);
    house.assert_exact(&invoices());
}

#[test]
fn lines_of_one_header_without_end_are_an_error() {
    let mut house = House::with_invoices(1);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 1, &[("name", "many lines")]);
    let name = "n".repeat(1 << 20);
    (100..180).for_each(|id| house.world().put_at(0, LINE, id, &[("move_id", "1"), ("name", &name)]));
    house.run(Task { pages: (1, 1000), ..task(invoices()) });
    assert_eq!(house.error(0).kind, Kind::TooLarge);
}

#[test]
fn a_full_pass_of_headers_leaves_the_lines_to_their_own() {
    let mut house = House::with_invoices(25);
    house.run(task(invoices()));
    house.run(full(task(invoices())));
    let world = house.world();
    let by_parent = |ask: &crate::source::Ask| matches!(ask.scope, Scope::Parents(_));
    assert!(!world.calls.iter().any(|call| call.ask.as_ref().is_some_and(by_parent)));
}

#[test]
fn lines_of_headers_outside_keep_are_not_asked_for() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 3, &[("state", "draft")]);
    house.run(task(invoices()));
    let world = house.world();
    let parents = world.calls.iter().filter_map(|call| match &call.ask.as_ref()?.scope {
        Scope::Parents(keys) => Some(keys.clone()),
        _ => None,
    });
    assert_eq!(parents.collect::<Vec<_>>(), [[5.into()]]);
}

#[test]
fn a_line_that_cannot_be_stored_keeps_its_place() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 3, &[("name", "changed")]);
    house.world().spoil(LINE, 31, super::world::Broken::Keyed);
    house.run(task(invoices()));
    assert_eq!(house.store.table("invoice_lines").len(), 10);
    assert!(house.store.counts[0].rejected >= 1);
}
