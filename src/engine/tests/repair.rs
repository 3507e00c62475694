//! Rows that somebody changed locally are found, distinguished from late commits, and repaired.

use super::house::*;
use super::store::Crash;
use crate::engine::{Cause, Differs, Mode, Outcome};
use crate::source::Key;

/// What was listed: how, the key, why.
fn listed(house: &House) -> Vec<(Differs, Key, Option<Cause>)> {
    let found = house.store.differences.iter();
    found.map(|(_, found)| (found.differs, found.key.clone(), found.cause)).collect()
}

/// Changes the name of a row here, and leaves its time.
fn rename(house: &mut House, id: i64) {
    let rows = house.store.data.tables.get_mut("contacts").unwrap();
    let row = rows.get_mut(&id.into()).unwrap();
    row.values.insert("name".into(), Some("changed here".into()));
}

#[test]
fn what_somebody_else_wrote_is_read_again_by_a_look_at_all_keys_and_nothing_else() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    rename(&mut house, 5);
    // Written again as it was.
    house.store.touched = [5.into(), 6.into()].into();
    let from = house.world().calls.len();
    assert_eq!(house.run(verify(task(contacts()))), Outcome::Succeeded);
    assert_eq!(listed(&house), [(Differs::Altered, 5.into(), Some(Cause::ChangedHere))]);
    house.assert_exact(&contacts());
    let sizes: Vec<usize> = house.world().called("page", from).iter().map(|call| call.rows).collect();
    assert_eq!(sizes, [1, 35, 2], "what changed, all keys, two rows");
    let [warning] = &house.store.warnings[..] else { panic!("{:?}", house.store.warnings) };
    assert_eq!(
        warning,
        "1 row differed from the remote's: 1 altered (listed in erp_sync.differences); of these 1 changed here"
    );
}

#[test]
fn a_repair_reads_everything_and_lists_what_it_changed() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    rename(&mut house, 5);
    house.world().put_silently(PARTNER, 7, &[("name", "no new time"), ("active", "true")]);
    house.world().delete(PARTNER, 20);
    let rows = house.store.data.tables.get_mut("contacts").unwrap();
    rows.remove(&9.into());
    let here = rows[&1.into()].clone();
    rows.insert(900.into(), here);
    house.store.touched = [5.into()].into();
    assert_eq!(house.run(repair(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(
        listed(&house),
        [
            (Differs::Altered, 5.into(), Some(Cause::ChangedHere)),
            (Differs::Altered, 7.into(), Some(Cause::NoNewTime)),
            (Differs::Missing, 9.into(), None),
            (Differs::Extra, 20.into(), None),
            (Differs::Extra, 900.into(), None),
        ]
    );
    assert_eq!(house.run(repair(task(contacts()))), Outcome::Succeeded);
    assert_eq!(listed(&house), []);
    assert_eq!(Mode::Repair.word(), "repair");
}

#[test]
fn a_repair_begins_anew_and_a_run_after_it_goes_on_where_it_was_cut_off() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.store.crash = Some(Crash::After(2));
    let _ = house.run_all(vec![repair(task(contacts()))]);
    house.store.dead = false;
    assert!(house.store.data.stored["contacts"].pass.as_ref().is_some_and(|pass| pass.after.is_some()));
    rename(&mut house, 3);
    assert_eq!(house.run(repair(task(contacts()))), Outcome::Succeeded);
    assert_eq!(listed(&house), [(Differs::Altered, 3.into(), Some(Cause::NoNewTime))]);
    house.assert_exact(&contacts());
}

#[test]
fn of_a_table_that_was_emptied_nothing_is_listed() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.store.data.tables.clear();
    assert_eq!(house.run(repair(task(contacts()))), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert_eq!(listed(&house), []);
}

#[test]
fn a_repair_of_what_is_read_as_a_whole_lists_it_too() {
    let mut house = House::with_contacts(35);
    let mut quants = (*contacts()).clone();
    quants.streams[0].snapshot = true;
    house.run(task(quants.clone().into()));
    rename(&mut house, 5);
    let rows = house.store.data.tables.get_mut("contacts").unwrap();
    rows.remove(&9.into());
    let here = rows[&1.into()].clone();
    rows.insert(900.into(), here);
    assert_eq!(house.run(repair(task(quants.clone().into()))), Outcome::Succeeded);
    house.assert_exact(&quants);
    let found: Vec<(Differs, Key)> = listed(&house).into_iter().map(|(how, key, _)| (how, key)).collect();
    assert_eq!(
        found,
        [(Differs::Altered, 5.into()), (Differs::Missing, 9.into()), (Differs::Extra, 900.into())]
    );
}
