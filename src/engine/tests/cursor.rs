//! A remote that is read in the order of its changes, up to a watermark: a rowversion.

use super::house::*;
use super::store::Crash;
use super::world::World;
use crate::engine::{Mode, Outcome};
use crate::source::{Scalar, Scope};

fn house(contacts: i64) -> House {
    let mut house = House::with_contacts(contacts);
    house.world().exact = true;
    house.world().tick(1);
    house.run(task(super::house::contacts()));
    house
}

fn change(world: &mut World, ids: impl IntoIterator<Item = i64>, name: &str) {
    for id in ids {
        world.put(PARTNER, id, &[("name", name)]);
        world.tick(0);
    }
}

#[test]
fn nothing_is_read_again_when_nothing_changed() {
    let mut house = house(35);
    house.run(task(contacts()));
    assert_eq!(house.store.counts[0].fetched, 0);
}

#[test]
fn changes_come_in_the_order_they_were_made_and_not_by_key() {
    let mut house = house(35);
    change(&mut house.world(), (1..=25).rev(), "changed");
    house.run(task(contacts()));
    let first = house.store.batches.first().unwrap();
    assert_eq!(first.rows.keys.first(), Some(&25.into()));
    house.assert_exact(&contacts());
    assert_eq!(house.store.counts[0].fetched, 25);
}

#[test]
fn a_row_whose_cursor_value_is_the_watermark_comes_with_the_next_pass() {
    let mut house = house(5);
    change(&mut house.world(), [1], "first");
    // layout, watermark, count, page: the write behind the watermark gets the very value of it.
    house.world().before_call(3, |world| world.put(PARTNER, 2, &[("name", "at the watermark")]));
    house.run(task(contacts()));
    assert_eq!(house.store.counts[0].fetched, 1);
    house.world().tick(0);
    house.run(task(contacts()));
    assert_eq!(house.store.counts[0].fetched, 1);
    house.assert_exact(&contacts());
}

#[test]
fn a_run_that_was_cut_off_is_resumed_behind_the_last_committed_change() {
    let mut house = house(40);
    change(&mut house.world(), (1..=40).rev(), "changed");
    house.run_into(Crash::After(2), task(contacts()));
    let pass = house.store.data.stored["contacts"].pass.clone().unwrap();
    assert_eq!(pass.mode, Mode::Incremental);
    assert!(matches!(pass.after.unwrap().0[..], [Scalar::Text(_), Scalar::Int(21)]));
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    assert_eq!(house.store.counts[0].fetched, 20);
    house.assert_exact(&contacts());
}

#[test]
fn a_full_pass_goes_by_key_and_finds_what_is_gone() {
    let mut house = house(35);
    change(&mut house.world(), [30, 3], "changed");
    [1, 14, 35].iter().for_each(|id| house.world().delete(PARTNER, *id));
    assert_eq!(house.run(full(task(contacts()))), Outcome::Succeeded);
    let scopes: Vec<_> =
        house.world().called("page", 0).iter().map(|call| call.ask.clone().unwrap()).collect();
    assert!(scopes.iter().any(|ask| ask.scope == Scope::All && ask.after == Some(11.into())));
    house.assert_exact(&contacts());
}
