//! Too much vanished at once.

use super::house::*;
use super::store::Crash;
use crate::engine::{Outcome, Task};
use crate::error::Kind;

fn lost_rights() -> House {
    let mut house = House::with_contacts(50);
    house.run(task(contacts()));
    (1..=40).for_each(|id| house.world().hide(PARTNER, id, true));
    house
}

#[test]
fn lost_rights_remove_nothing() {
    let mut house = lost_rights();
    house.run(full(task(contacts())));
    let error = house.error(0);
    assert_eq!(error.kind, Kind::Breaker);
    assert_eq!(error.message, "40 of 50 rows of \"contacts\" vanished at once, so nothing more was removed");
    assert_eq!(
        error.detail.as_deref(),
        Some("\"contacts\": 40 of 50 rows, 40 not found any more and 0 outside keep")
    );
    let call = "select * from sync_run('contacts', 'main', mode => 'full', confirm => true)";
    assert!(error.hint_or_default().ends_with(call));
    assert_eq!(house.store.table("contacts").len(), 50);
    assert!(house.store.data.stored["contacts"].pass.is_none());
}

#[test]
fn confirmed_they_are_removed() {
    let mut house = lost_rights();
    house.run(full(task(contacts())));
    assert_eq!(house.run(confirmed(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(house.store.data.removed.len(), 40);
}

#[test]
fn confirmation_needs_no_full_pass() {
    let mut house = lost_rights();
    house.run(full(task(contacts())));
    assert_eq!(house.run(Task { confirm: true, ..task(contacts()) }), Outcome::Succeeded);
    house.assert_exact(&contacts());
}

#[test]
fn restored_rights_bring_nothing_to_harm() {
    let mut house = lost_rights();
    house.run(full(task(contacts())));
    house.world().hide_all(PARTNER, false);
    assert_eq!(house.run(confirmed(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert!(house.store.data.removed.is_empty());
    assert!(house.store.data.candidates["contacts"].is_empty());
}

#[test]
fn rights_that_are_lost_altogether_are_noticed_by_the_next_run() {
    let mut house = House::with_contacts(50);
    house.run(task(contacts()));
    house.world().hide_all(PARTNER, true);
    house.run(task(contacts()));
    assert_eq!(house.error(0).kind, Kind::Breaker);
    assert_eq!(house.store.table("contacts").len(), 50);
    house.world().hide_all(PARTNER, false);
    assert_eq!(house.run(full(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
}

#[test]
fn ten_rows_may_always_go_and_eleven_of_a_hundred_may_not() {
    for (gone, removed) in [(10, 10), (11, 0)] {
        let mut house = House::with_contacts(100);
        house.run(task(contacts()));
        (1..=gone).for_each(|id| house.world().delete(PARTNER, id));
        house.run(full(task(contacts())));
        assert_eq!(house.store.data.removed.len(), removed);
    }
}

#[test]
fn the_other_streams_are_read_all_the_same() {
    let mut house = House::with_invoices(30);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    (1..=20).for_each(|id| house.world().put(MOVE, id, &[("state", "draft")]));
    house.world().put(LINE, 301, &[("name", "changed")]);
    house.run(task(invoices()));
    let error = house.error(0);
    assert!(error.detail.is_some_and(|detail| detail.contains("20 outside keep")));
    assert_eq!(house.store.table("invoice_lines")[&301.into()].values["name"], Some("changed".into()));
    assert_eq!(house.store.table("invoices").len(), 30);
}

#[test]
fn lines_of_changed_headers_do_not_vanish_en_masse() {
    let mut house = House::with_invoices(30);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    // The right to read lines is lost, and all headers change.
    house.world().hide_all(LINE, true);
    house.world().hide(LINE, 301, false);
    house.world().put(LINE, 301, &[("name", "changed")]);
    (1..=30).for_each(|id| house.world().put(MOVE, id, &[("name", "changed")]));
    house.run(task(invoices()));
    assert_eq!(house.error(0).kind, Kind::Breaker);
    assert!(house.store.table("invoice_lines").len() >= 50);
    house.run(confirmed(task(invoices())));
    house.assert_exact(&invoices());
}

#[test]
fn lines_that_went_with_their_headers_count_too() {
    let mut house = House::with_invoices(50);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    // Nine lines of the first page's headers go at once; five of the second's are too many.
    for id in (1..=9).chain(11..=15) {
        house.world().put(MOVE, id, &[("name", "changed")]);
        house.world().delete(LINE, 10 * id + 1);
    }
    house.world().put(MOVE, 10, &[("name", "changed")]);
    house.run(task(invoices()));
    assert_eq!(
        house.error(0).message,
        "14 of 100 rows of \"invoice_lines\" vanished at once, so nothing more was removed"
    );
    assert_eq!(house.store.table("invoice_lines").len(), 91);
    house.run(Task { confirm: true, ..task(invoices()) });
    house.assert_exact(&invoices());
}

#[test]
fn a_table_that_trips_twice_in_a_run_is_told_once() {
    let mut house = House::with_invoices(50);
    house.run(task(invoices()));
    (1..=20).for_each(|id| house.world().hide(MOVE, id, true));
    // Three full pages and the empty one are written; the candidates are left to ask for.
    house.run_into(Crash::After(4), full(task(invoices())));
    assert!(house.store.data.stored["invoices"].pass.as_ref().is_some_and(|pass| pass.read));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 45, &[("state", "draft")]);
    house.run(task(invoices()));
    let detail = "\"invoices\": 21 of 50 rows, 20 not found any more and 1 outside keep";
    assert_eq!(house.error(0).detail.as_deref(), Some(detail));
}
