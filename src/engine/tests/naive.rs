//! Test of the tests: readers as they are found elsewhere, put in place of ours, lose rows
//! on the same remote.

use std::collections::BTreeMap;

use super::house::*;
use super::world::{SECOND, World};

/// Everything newer than the newest seen, by offset, without overlap.
#[derive(Default)]
struct Naive {
    last_seen: Option<i64>,
    rows: BTreeMap<i64, String>,
}

impl Naive {
    /// Reads with pages of ten; `meanwhile` happens after the first page.
    fn read(&mut self, world: &mut World, meanwhile: impl Fn(&mut World)) {
        let since = self.last_seen;
        let mut offset = 0;
        loop {
            let new = world.visible(PARTNER).filter(|(_, r)| since.is_none_or(|s| r.write_us / SECOND > s));
            let page: Vec<_> = new.skip(offset).take(10).map(|(id, r)| (id, r.clone())).collect();
            for (id, record) in &page {
                self.rows.insert(*id, record.fields["name"].clone());
                self.last_seen = self.last_seen.max(Some(record.write_us / SECOND));
            }
            if page.len() < 10 {
                return;
            }
            if offset == 0 {
                meanwhile(world);
            }
            offset += page.len();
        }
    }

    fn ids(&self) -> Vec<i64> {
        self.rows.keys().copied().collect()
    }
}

#[test]
fn newer_than_the_last_seen_misses_a_late_commit() {
    let house = House::with_contacts(0);
    let (mut world, mut naive) = (house.world(), Naive::default());
    let began = world.now_us;
    world.tick(30);
    world.put(PARTNER, 2, &[("name", "quick")]);
    naive.read(&mut world, |_| {});
    world.put_at(began, PARTNER, 1, &[("name", "slow")]);
    naive.read(&mut world, |_| {});
    assert_eq!(naive.ids(), [2]);
}

#[test]
fn newer_than_the_last_seen_misses_what_follows_in_the_same_second() {
    let house = House::with_contacts(1);
    let (mut world, mut naive) = (house.world(), Naive::default());
    naive.read(&mut world, |_| {});
    world.now_us += 1;
    world.put(PARTNER, 2, &[("name", "same second")]);
    naive.read(&mut world, |_| {});
    assert_eq!(naive.ids(), [1]);
}

#[test]
fn an_offset_skips_a_row_when_one_before_it_goes() {
    let house = House::with_contacts(25);
    let (mut world, mut naive) = (house.world(), Naive::default());
    naive.read(&mut world, |world| world.delete(PARTNER, 3));
    assert!(!naive.ids().contains(&11));
}

#[test]
fn ours_reads_all_of_these() {
    let mut house = House::with_contacts(25);
    // layout, watermark, count, page, page: the first page is past.
    house.world().before_call(5, |world| world.delete(PARTNER, 3));
    house.run(task(contacts()));
    assert!(house.store.keys("contacts").contains(&11.into()));
    house.world().now_us += 1;
    house.world().put(PARTNER, 26, &[("name", "same second")]);
    house.run(task(contacts()));
    assert!(house.store.keys("contacts").contains(&26.into()));
}
