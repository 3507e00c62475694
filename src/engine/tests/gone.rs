//! Rows that are gone, archived, or outside `keep`.

use super::house::*;
use super::world::Broken;
use crate::engine::Outcome;
use crate::error::{Error, Kind};
use crate::source::{Key, Scope};

fn removed(house: &House) -> Vec<(Key, &str)> {
    house.store.data.removed.iter().map(|(_, key, reason)| (key.clone(), reason.as_str())).collect()
}

#[test]
fn a_deletion_is_found_by_a_full_pass_only() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    // The first of a page, one within, one at the end, and the last of all but the newest.
    [1, 14, 20, 34].iter().for_each(|id| house.world().delete(PARTNER, *id));
    house.run(task(contacts()));
    assert_eq!(house.store.table("contacts").len(), 35);
    assert_eq!(house.run(full(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
    let gone: [(Key, &str); 4] = [1, 14, 20, 34].map(|id| (id.into(), "deleted"));
    assert_eq!(removed(&house), gone);
}

#[test]
fn an_archived_record_stays() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().tick(1);
    house.world().put(PARTNER, 3, &[("active", "false")]);
    house.run(task(contacts()));
    house.run(full(task(contacts())));
    house.assert_exact(&contacts());
    assert_eq!(house.store.table("contacts")[&3.into()].values["active"], Some("false".into()));
}

#[test]
fn a_record_that_leaves_keep_is_removed_with_its_lines_and_comes_back_with_them() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 2, &[("state", "draft")]);
    assert_eq!(house.run(task(invoices())), Outcome::Succeeded);
    house.assert_exact(&invoices());
    let gone = [(2.into(), "left keep"), (21.into(), "header removed"), (22.into(), "header removed")];
    assert_eq!(removed(&house), gone);
    house.world().tick(OVERLAP * 2);
    house.world().put(MOVE, 2, &[("state", "posted")]);
    house.run(task(invoices()));
    house.assert_exact(&invoices());
    assert_eq!(house.store.table("invoice_lines").len(), 10);
}

#[test]
fn a_record_that_is_back_when_it_is_asked_for_again_stays() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().hide(PARTNER, 3, true);
    // layout, watermark, count, page, then the candidates.
    house.world().before_call(5, |world| world.hide(PARTNER, 3, false));
    house.run(full(task(contacts())));
    assert_eq!(house.store.table("contacts").len(), 5);
    assert!(house.store.data.candidates["contacts"].is_empty());
}

#[test]
fn a_row_that_referred_to_a_removed_one_is_read_again_though_nothing_marks_it_as_changed() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().put_silently(PARTNER, 2, &[("name", "bent")]);
    house.run(task(contacts()));
    assert_ne!(house.store.table("contacts")[&2.into()].values["name"], Some("bent".into()));
    house.store.data.rereads.insert("contacts".into(), [2.into(), 99.into()].into());
    house.run(task(contacts()));
    house.assert_exact(&contacts());
    assert!(house.store.data.rereads["contacts"].is_empty());
}

#[test]
fn a_failure_to_ask_again_is_never_absence() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().delete(PARTNER, 3);
    house.world().fail_call(5, Error::new(Kind::Remote, "internal error"));
    house.run(full(task(contacts())));
    assert_eq!(house.error(0).kind, Kind::Remote);
    assert_eq!(house.store.table("contacts").len(), 5);
    // The pass is read and only waits for this answer.
    house.run(task(contacts()));
    house.assert_exact(&contacts());
}

#[test]
fn a_rejected_record_is_not_gone() {
    let mut house = House::with_contacts(12);
    house.run(task(contacts()));
    house.world().spoil(PARTNER, 3, Broken::Keyed);
    house.run(full(task(contacts())));
    house.world().spoil(PARTNER, 12, Broken::Keyless);
    house.run(full(task(contacts())));
    assert_eq!(house.store.table("contacts").len(), 12);
}

#[test]
fn a_rejected_record_without_a_key_leaves_the_candidates_in_doubt() {
    let mut house = House::with_contacts(5);
    house.run(task(contacts()));
    house.world().delete(PARTNER, 2);
    house.world().hide(PARTNER, 3, true);
    house.world().before_call(5, |world| {
        world.hide(PARTNER, 3, false);
        world.spoil(PARTNER, 3, Broken::Keyless);
    });
    house.run(full(task(contacts())));
    assert_eq!(house.store.table("contacts").len(), 5);
    house.world().spoil(PARTNER, 3, Broken::No);
    house.run(full(task(contacts())));
    house.assert_exact(&contacts());
}

#[test]
fn candidates_are_not_asked_for_at_each_run_when_none_are_new() {
    let mut house = House::with_contacts(40);
    house.run(task(contacts()));
    (2..=39).for_each(|id| house.world().hide(PARTNER, id, true));
    house.run(full(task(contacts())));
    assert_eq!(house.error(0).kind, Kind::Breaker);
    let before = house.world().calls.len();
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    let world = house.world();
    let by_key = |ask: &crate::source::Ask| matches!(ask.scope, Scope::Keys(_));
    assert!(!world.called("page", before).iter().any(|call| call.ask.as_ref().is_some_and(by_key)));
}
