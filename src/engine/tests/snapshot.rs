//! Streams that are read as a whole and replace what is here at once.

use std::sync::Arc;

use super::house::*;
use super::store::Crash;
use super::world::Broken;
use crate::engine::Outcome;
use crate::entity::Entity;
use crate::error::Kind;

fn quants() -> Arc<Entity> {
    let mut entity = (*contacts()).clone();
    entity.streams[0].snapshot = true;
    Arc::new(entity)
}

#[test]
fn every_run_reads_all_and_what_is_gone_goes_without_being_kept() {
    let mut house = House::with_contacts(35);
    assert_eq!(house.run(task(quants())), Outcome::Succeeded);
    house.assert_exact(&quants());
    house.world().delete(PARTNER, 14);
    house.world().put_silently(PARTNER, 3, &[("name", "counted again")]);
    assert_eq!(house.run(task(quants())), Outcome::Succeeded);
    house.assert_exact(&quants());
    assert_eq!(house.store.data.removed, []);
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    let mut house = House::with_contacts(35);
    // Layout, watermark, count and watermark of the first look, then page after page: the
    // goods move from a row that was read to one that was not.
    house.world().before_call(6, |world| {
        world.tick(1);
        world.put(PARTNER, 1, &[("name", "one less")]);
        world.put(PARTNER, 34, &[("name", "one more")]);
    });
    assert_eq!(house.run(task(quants())), Outcome::Succeeded);
    house.assert_exact(&quants());
    assert_eq!(house.world().called("page", 0).len(), 8, "four pages, twice");
    assert_eq!(house.store.warnings, [""; 0]);
}

#[test]
fn what_never_rests_is_taken_as_it_is_with_a_warning() {
    let mut house = House::with_contacts(5);
    for call in 1..40 {
        house.world().before_call(call, |world| {
            world.tick(1);
            world.put(PARTNER, 2, &[("name", "moving")]);
        });
    }
    assert_eq!(house.run(task(quants())), Outcome::Succeeded);
    assert!(house.store.warnings[0].contains("changed each time it was read"), "{:?}", house.store.warnings);
}

#[test]
fn when_too_much_vanished_nothing_is_removed_until_somebody_confirms_it() {
    let mut house = House::with_contacts(40);
    house.run(task(quants()));
    (1..=20).for_each(|id| house.world().delete(PARTNER, id));
    assert!(matches!(house.run(task(quants())), Outcome::Failed(error) if error.kind == Kind::Breaker));
    assert_eq!(house.store.table("contacts").len(), 40);
    assert_eq!(house.run(confirmed(task(quants()))), Outcome::Succeeded);
    house.assert_exact(&quants());
}

#[test]
fn a_rejected_row_is_not_gone() {
    let mut house = House::with_contacts(5);
    house.run(task(quants()));
    house.world().spoil(PARTNER, 2, Broken::Keyed);
    house.run(task(quants()));
    assert_eq!(house.store.table("contacts").len(), 5);
    // Without a key it could be any of those that are missing.
    house.world().spoil(PARTNER, 2, Broken::Keyless);
    house.world().delete(PARTNER, 3);
    house.run(task(quants()));
    assert_eq!(house.store.table("contacts").len(), 5);
}

#[test]
fn a_run_that_is_cut_off_leaves_what_was_here() {
    let mut house = House::with_contacts(35);
    house.run(task(quants()));
    let before = house.store.table("contacts");
    house.world().tick(1);
    house.world().put(PARTNER, 30, &[("name", "changed")]);
    house.run_into(Crash::Call(2), task(quants()));
    assert_eq!(house.store.table("contacts"), before);
    assert_eq!(house.run(task(quants())), Outcome::Succeeded);
    house.assert_exact(&quants());
}
