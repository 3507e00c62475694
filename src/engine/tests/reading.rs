//! Pages, positions and the overlap.

use super::house::*;
use crate::engine::Outcome;

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
    house.run(task(contacts()));
    let counts = house.store.counts[0];
    assert_eq!((counts.fetched, counts.written.unchanged), (1, 1));
}
