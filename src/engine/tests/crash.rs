//! Runs that are cut off, and the runs after them.

use super::house::*;
use super::store::Crash;
use crate::engine::{Mode, Outcome};
use crate::source::Scope;

/// Rows of pages that were sent for a full pass.
fn rows_sent(house: &House) -> usize {
    let world = house.world();
    let of_all = |ask: &crate::source::Ask| ask.scope == Scope::All;
    let pages = world.called("page", 0);
    pages.iter().filter(|call| call.ask.as_ref().is_some_and(of_all)).map(|call| call.rows).sum()
}

#[test]
fn a_run_after_a_crash_at_any_write_ends_exact_and_reads_at_most_one_page_again() {
    for n in 1..=4 {
        for crash in [Crash::Before(n), Crash::After(n)] {
            let mut house = House::with_contacts(35);
            house.run_into(crash, task(contacts()));
            assert!(house.store.outcomes[0].is_empty(), "a dead run tells nothing");
            assert_eq!(house.run(task(contacts())), Outcome::Succeeded, "{crash:?}");
            house.assert_exact(&contacts());
            assert!(rows_sent(&house) <= 35 + 10, "{crash:?}: {}", rows_sent(&house));
        }
    }
}

#[test]
fn what_changed_below_the_resume_point_is_read_by_the_fresh_pass() {
    let mut house = House::with_contacts(35);
    house.run_into(Crash::After(2), task(contacts()));
    assert_eq!(house.store.table("contacts").len(), 20);
    house.world().tick(OVERLAP * 2);
    house.world().put(PARTNER, 5, &[("name", "changed meanwhile")]);
    house.world().put(PARTNER, 36, &[("name", "new")]);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    let batches = &house.store.batches;
    assert!(!batches.iter().any(|batch| batch.rows.keys.contains(&6.into())), "not read again");
}

#[test]
fn a_full_pass_asked_for_goes_on_with_the_open_one() {
    let mut house = House::with_contacts(35);
    house.run_into(Crash::After(2), task(contacts()));
    house.run(full(task(contacts())));
    house.assert_exact(&contacts());
    let world = house.world();
    let limit = world.called("page", 0).iter().filter(|call| call.rows == 10).count();
    assert!(limit < 6, "begun again");
}

#[test]
fn a_full_pass_asked_for_drops_an_open_incremental_one() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 2);
    (1..=15).for_each(|id| house.world().put(PARTNER, id, &[("name", "changed")]));
    house.run_into(Crash::After(1), task(contacts()));
    let open = house.store.data.stored["contacts"].pass.clone().unwrap();
    assert_eq!(open.mode, Mode::Incremental);
    house.world().delete(PARTNER, 3);
    assert_eq!(house.run(full(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
}

#[test]
fn a_crash_between_headers_and_lines_loses_no_lines() {
    for n in 1..=8 {
        for crash in [Crash::Before(n), Crash::After(n)] {
            let mut house = House::with_invoices(25);
            house.world().put(MOVE, 26, &[("state", "draft"), ("name", "draft")]);
            // Lines older than any position: they come with their header or in full.
            house.world().put_at(0, LINE, 261, &[("move_id", "26"), ("name", "line")]);
            house.run_into(crash, task(invoices()));
            house.world().tick(OVERLAP * 2);
            house.world().put(MOVE, 26, &[("state", "posted")]);
            house.world().put(MOVE, 1, &[("state", "draft")]);
            assert_eq!(house.run(task(invoices())), Outcome::Succeeded, "{crash:?}");
            house.assert_exact(&invoices());
        }
    }
}

#[test]
fn a_header_that_left_before_the_crash_is_removed_after_it() {
    let mut house = House::with_invoices(35);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    (1..=30).for_each(|id| house.world().put(MOVE, id, &[("name", "changed")]));
    house.world().put(MOVE, 3, &[("state", "draft")]);
    house.run_into(Crash::After(1), task(invoices()));
    assert_eq!(house.run(task(invoices())), Outcome::Succeeded);
    house.assert_exact(&invoices());
}

#[test]
fn a_pass_whose_pages_are_all_read_only_asks_for_its_candidates() {
    let mut house = House::with_contacts(25);
    house.run(task(contacts()));
    house.world().delete(PARTNER, 3);
    // Three pages, and the empty batch that ends the pass.
    house.run_into(Crash::Before(4), full(task(contacts())));
    assert!(house.store.data.stored["contacts"].pass.as_ref().is_some_and(|pass| pass.read));
    let before = rows_sent(&house);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(rows_sent(&house), before);
}

#[test]
fn a_mixed_state_of_full_passes_still_reads_all_lines() {
    let mut house = House::with_invoices(25);
    house.world().put(MOVE, 26, &[("state", "draft"), ("name", "draft")]);
    house.world().put_at(0, LINE, 5, &[("move_id", "26"), ("name", "behind the resume point")]);
    // The headers are done (three pages and the end), one page of lines is.
    house.run_into(Crash::After(5), task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 26, &[("state", "posted")]);
    assert_eq!(house.run(full(task(invoices()))), Outcome::Succeeded);
    house.assert_exact(&invoices());
}
