//! A look at all keys finds what no incremental pass can see, and mends it.

use std::time::Duration;

use super::double::Double;
use super::house::*;
use super::world::SECOND;
use crate::engine::{Difference, Differs, Mode, Outcome, Prepared, Range, Task, diff};
use crate::error::{Error, Kind};
use crate::source::{Key, Scope};

/// What was found, as words.
fn found(house: &House) -> Vec<String> {
    told(&house.store.differences)
}

fn told(differences: &[(String, Difference)]) -> Vec<String> {
    let line = |(table, found): &(String, Difference)| {
        format!("{} {table} {}", found.differs.word(), serde_json::to_string(&found.key).unwrap())
    };
    differences.iter().map(line).collect()
}

/// Names of the contacts that are here, by id.
fn names(house: &House) -> Vec<(Key, String)> {
    let table = house.store.table("contacts");
    table.into_iter().map(|(key, row)| (key, row.values["name"].clone().unwrap_or_default())).collect()
}

fn put_late(house: &House, id: i64, name: &str) {
    let mut world = house.world();
    // Before what an incremental pass reads again, and after what was written first.
    let began = world.now_us - (5 * OVERLAP + OVERLAP / 2) * SECOND;
    world.put_at(began, PARTNER, id, &[("name", name), ("active", "true")]);
}

fn diff_of(house: &mut House, task: Task) -> crate::error::Result<Vec<(String, Difference)>> {
    house.store.rerun(vec![task.clone()]);
    let prepared: Vec<Prepared> =
        task.entity.streams.iter().map(|stream| house.store.standing(&stream.table)).collect();
    let before = house.store.data.clone();
    let mut source = Double(house.remote.clone());
    let told = on_paused_clock(diff(0, &task, &settings(), &mut source, &mut house.store, prepared));
    assert_eq!(house.store.data, before, "nothing is written");
    told
}

#[test]
fn what_was_committed_too_late_or_deleted_is_found_and_mended() {
    let mut house = House::with_contacts(35);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    put_late(&house, 5, "changed late");
    put_late(&house, 36, "new and late");
    house.world().delete(PARTNER, 20);
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    assert_eq!(house.store.keys("contacts").len(), 35, "an incremental pass sees none of it");

    assert_eq!(house.run(verify(task(contacts()))), Outcome::Succeeded);
    assert_eq!(found(&house), ["stale contacts [5]", "missing contacts [36]", "extra contacts [20]"]);
    let here = names(&house);
    assert_eq!(here.len(), 35);
    assert!(
        here.contains(&(5.into(), "changed late".into()))
            && here.contains(&(36.into(), "new and late".into()))
    );
    assert_eq!(house.store.data.removed, [("contacts".into(), 20.into(), "deleted".into())]);
    assert_eq!(house.store.data.verified["contacts"], 1);
    let [warning] = &house.store.warnings[..] else { panic!("{:?}", house.store.warnings) };
    assert!(
        warning.starts_with("3 rows differed from the remote's: 1 extra, 1 missing, 1 stale"),
        "{warning}"
    );

    assert_eq!(house.run(verify(task(contacts()))), Outcome::Succeeded);
    assert_eq!((found(&house).len(), house.store.warnings.len()), (0, 0), "it is the remote's truth now");
}

#[test]
fn keys_are_read_ten_times_as_many_at_a_time_and_no_row_twice() {
    let mut house = House::with_contacts(250);
    house.run(task(contacts()));
    let from = house.world().calls.len();
    house.run(verify(task(contacts())));
    let world = house.world();
    let pages = world.called("page", from);
    let sizes: Vec<usize> = pages.iter().map(|call| call.rows).collect();
    assert_eq!(sizes, [1, 100, 100, 50], "one changed row, and all keys");
}

#[test]
fn what_the_next_incremental_pass_brings_is_on_its_way_and_no_difference() {
    let mut house = House::with_contacts(12);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    // The pages: what changed, then the keys.
    house.world().before_call(5, |world| world.put(PARTNER, 3, &[("name", "just now"), ("active", "true")]));
    house.run(verify(task(contacts())));
    assert_eq!(found(&house), [] as [&str; 0]);
    assert!(names(&house).contains(&(3.into(), "just now".into())), "but it is read all the same");
}

#[test]
fn lines_are_compared_too_and_those_without_a_header_here_are_not_missing() {
    let mut house = House::with_invoices(6);
    house.world().put(MOVE, 90, &[("name", "draft"), ("state", "draft")]);
    house.world().put(LINE, 901, &[("move_id", "90"), ("name", "line")]);
    house.run(task(invoices()));
    house.world().tick(OVERLAP * 4);
    let began = house.world().now_us - (5 * OVERLAP + OVERLAP / 2) * SECOND;
    house.world().put_at(began, LINE, 13, &[("move_id", "1"), ("name", "late line")]);
    house.world().delete(LINE, 22);
    // Left its `keep`, too late to be seen.
    house.world().put_at(began, MOVE, 3, &[("name", "invoice 3"), ("state", "draft")]);
    assert_eq!(house.run(verify(task(invoices()))), Outcome::Succeeded);
    assert_eq!(
        found(&house),
        ["extra invoices [3]", "missing invoice_lines [13]", "extra invoice_lines [22]"]
    );
    assert!(!house.store.keys("invoices").contains(&3.into()));
    let lines = house.store.keys("invoice_lines");
    assert!(lines.contains(&13.into()) && !lines.contains(&22.into()) && !lines.contains(&31.into()));
    let from = house.store.data.clone();
    house.run(verify(task(invoices())));
    assert_eq!(found(&house), [] as [&str; 0]);
    assert_eq!(house.store.data.tables, from.tables);
}

#[test]
fn lost_rights_remove_nothing_until_it_is_confirmed() {
    let mut house = House::with_contacts(40);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    for id in 1..=20 {
        house.world().hide(PARTNER, id, true);
    }
    house.run(verify(task(contacts())));
    let error = house.error(0);
    assert_eq!((error.kind, house.store.keys("contacts").len()), (Kind::Breaker, 40));
    assert!(error.hint.unwrap().contains("mode => 'verify', confirm => true"));
    assert_eq!(house.run(Task { confirm: true, ..verify(task(contacts())) }), Outcome::Succeeded);
    assert_eq!(house.store.keys("contacts").len(), 20);
    house.world().hide_all(PARTNER, false);
    assert_eq!(house.run(verify(task(contacts()))), Outcome::Succeeded);
    assert_eq!(house.store.keys("contacts").len(), 40, "rights that come back bring the rows back");
}

#[test]
fn documents_of_before_the_first_day_are_not_missing_and_are_kept_where_they_are() {
    let mut house = House::new();
    let mut about = (*contacts()).clone();
    about.streams[0].date = Some("day".into());
    for (id, day) in [(1, "2026-01-01"), (2, "2026-09-01"), (3, "2026-01-02")] {
        house.world().put(PARTNER, id, &[("name", "n"), ("active", "true"), ("day", day)]);
        house.world().tick(OVERLAP * 4);
    }
    let range = Range { text: "90 days".into(), from: "2026-08-01".into() };
    let task = Task { range: Some(range), ..task(about.into()) };
    house.run(task.clone());
    house.world().tick(OVERLAP * 4);
    house.world().put(
        PARTNER,
        3,
        &[("name", "an old one changed"), ("active", "true"), ("day", "2026-01-02")],
    );
    house.run(task.clone());
    let ids = |ids: &[i64]| ids.iter().map(|id| Key::from(*id)).collect::<Vec<_>>();
    assert_eq!(house.store.keys("contacts"), ids(&[2, 3]));
    house.world().tick(OVERLAP * 4);
    house.world().put_at(0, PARTNER, 4, &[("name", "late"), ("active", "true"), ("day", "2026-09-02")]);
    house.run(verify(task.clone()));
    assert_eq!(found(&house), ["missing contacts [4]"]);
    assert_eq!(house.store.keys("contacts"), ids(&[2, 3, 4]));
}

#[test]
fn a_look_that_is_cut_off_leaves_whole_batches_and_the_next_one_ends_it() {
    for call in 1..=12 {
        let mut house = House::with_contacts(30);
        house.run(task(contacts()));
        house.world().tick(OVERLAP * 4);
        put_late(&house, 7, "late");
        house.world().delete(PARTNER, 11);
        house.store.crash = Some(super::store::Crash::Call(call));
        let _ = house.run_all(vec![verify(task(contacts()))]);
        house.store.dead = false;
        assert_eq!(house.run(verify(task(contacts()))), Outcome::Succeeded, "cut off at call {call}");
        assert_eq!(house.store.keys("contacts").len(), 29);
        assert!(names(&house).contains(&(7.into(), "late".into())));
        assert!(house.store.data.candidates.values().all(|keys| keys.is_empty()));
    }
}

#[test]
fn a_first_pass_needs_no_look_at_keys_behind_it() {
    let mut house = House::with_contacts(12);
    house.run(verify(task(contacts())));
    assert!(house.store.data.stored["contacts"].complete);
    assert!(!house.store.data.verified.contains_key("contacts"));
    let world = house.world();
    assert!(world.called("page", 0).iter().all(|call| call.ask.as_ref().unwrap().scope == Scope::All));
    assert_eq!(world.called("page", 0).len(), 2);
}

#[test]
fn exact_cursors_are_compared_by_their_keys() {
    let mut house = House::with_contacts(12);
    house.world().exact = true;
    house.run(task(contacts()));
    house.world().tick(60);
    house.world().delete(PARTNER, 4);
    house.run(verify(task(contacts())));
    assert_eq!(found(&house), ["extra contacts [4]"]);
    assert_eq!(house.store.warnings, [] as [&str; 0], "that a row is deleted is nothing to wonder at");
    assert_eq!(house.store.keys("contacts").len(), 11);
}

#[test]
fn late_rows_propose_an_overlap_that_covers_them() {
    let mut house = House::with_contacts(3);
    house.run(task(contacts()));
    house.world().tick(OVERLAP * 4);
    put_late(&house, 2, "late");
    house.store.late = Some(25 * 60);
    house.run(verify(task(contacts())));
    let warning = house.store.warnings.concat();
    assert!(warning.contains("committed more than 25 min after they were written"), "{warning}");
    assert!(warning.contains(r#"sync_configure('contacts', '{"overlap": "1 hour"}', 'main')"#), "{warning}");
    // One that the overlap covers was missed for another reason.
    put_late(&house, 1, "late");
    house.store.late = Some(60);
    house.run(Task { overlap: Duration::from_secs(600), ..verify(task(contacts())) });
    assert!(!house.store.warnings.concat().contains("overlap"));
}

#[test]
fn a_difference_is_shown_without_mending_it() {
    let mut house = House::with_invoices(6);
    let error = diff_of(&mut house, task(invoices())).unwrap_err();
    assert_eq!(error.kind, Kind::NotReady, "nothing was read yet");
    let unnamed = Task { named: false, ..task(invoices()) };
    assert_eq!(diff_of(&mut house, unnamed).unwrap(), []);

    house.run(task(invoices()));
    assert_eq!(diff_of(&mut house, task(invoices())).unwrap(), []);
    house.world().tick(OVERLAP * 4);
    let began = house.world().now_us - (5 * OVERLAP + OVERLAP / 2) * SECOND;
    house.world().put_at(began, MOVE, 2, &[("name", "changed late"), ("state", "posted")]);
    house.world().put_at(began, LINE, 33, &[("move_id", "3"), ("name", "late")]);
    house.world().delete(LINE, 41);
    house.world().put(MOVE, 5, &[("name", "comes with the next run"), ("state", "posted")]);
    let found = told(&diff_of(&mut house, task(invoices())).unwrap());
    assert_eq!(found, ["stale invoices [2]", "missing invoice_lines [33]", "extra invoice_lines [41]"]);
    let differs: Vec<Differs> =
        diff_of(&mut house, task(invoices())).unwrap().iter().map(|(_, d)| d.differs).collect();
    assert_eq!(differs, [Differs::Stale, Differs::Missing, Differs::Extra]);
    house.world().fail_call(3, Error::new(Kind::Login, "wrong password"));
    assert_eq!(diff_of(&mut house, task(invoices())).unwrap_err().kind, Kind::Login);
}

#[test]
fn it_is_told_beforehand_what_a_look_takes() {
    let mut house = House::with_contacts(30);
    house.run(task(contacts()));
    let told = super::forecast::told(&mut house, verify(task(contacts())));
    let [told] = &told[..] else { panic!("one stream") };
    assert_eq!((told.mode, told.rows, told.requests), ("verify", 31, 2));
    assert_eq!(Mode::Verify.word(), "verify");
}
