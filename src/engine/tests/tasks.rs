//! Several tasks of one run.

use std::sync::Arc;

use super::double::Double;
use super::house::*;
use crate::engine::{Ended, Outcome, Subject, Task, check};
use crate::entity::Entity;
use crate::error::{Error, Kind};

fn skipped(reason: &str) -> Outcome {
    Outcome::Skipped(reason.into())
}

fn house() -> House {
    let house = House::with_invoices(5);
    (1..=40).for_each(|id| house.world().put(PARTNER, id, &[("name", "contact")]));
    house
}

#[test]
fn tasks_run_in_their_order_with_one_source() {
    let mut house = house();
    house.run_all(vec![task(contacts()), task(invoices())]).unwrap();
    assert_eq!((house.outcome(0), house.outcome(1)), (Outcome::Succeeded, Outcome::Succeeded));
    assert_eq!((house.opened, house.store.begun.clone()), (1, vec![0, 1]));
    house.assert_exact(&contacts());
    house.assert_exact(&invoices());
}

#[test]
fn what_comes_after_a_failed_task_is_skipped() {
    let mut house = house();
    house.world().broken.insert(PARTNER.into(), Error::new(Kind::Remote, "internal error"));
    house.run_all(vec![task(contacts()), task(invoices())]).unwrap();
    assert_eq!(house.outcome(1), skipped("after \"contacts\", which failed"));
}

#[test]
fn a_task_of_another_server_is_not_concerned() {
    let mut house = house();
    house.world().broken.insert(PARTNER.into(), Error::new(Kind::Remote, "internal error"));
    let elsewhere = Task { server: "other".into(), ..task(invoices()) };
    house.run_all(vec![task(contacts()), elsewhere]).unwrap();
    assert_eq!(house.outcome(1), Outcome::Succeeded);
    assert_eq!(house.opened, 2);
}

#[test]
fn what_comes_after_a_task_stopped_by_the_breaker_runs() {
    let mut house = house();
    house.run(task(contacts()));
    (1..=30).for_each(|id| house.world().delete(PARTNER, id));
    house.run_all(vec![full(task(contacts())), task(invoices())]).unwrap();
    assert_eq!(house.error(0).kind, Kind::Breaker);
    assert_eq!(house.outcome(1), Outcome::Succeeded);
}

#[test]
fn what_the_remote_cannot_give_is_skipped_unless_it_was_named() {
    for kind in [Kind::NoObject, Kind::Forbidden] {
        let mut house = house();
        house.world().broken.insert(PARTNER.into(), Error::new(kind, "no such thing"));
        let unnamed = Task { named: false, ..task(contacts()) };
        house.run_all(vec![unnamed, task(invoices())]).unwrap();
        assert_eq!(house.outcome(0), skipped("no such thing"));
        assert_eq!(house.outcome(1), skipped("after \"contacts\", which was skipped"));
        house.run(task(contacts()));
        assert_eq!(house.error(0).kind, kind);
    }
}

/// Contacts, and with them invoices where the remote has some.
fn with_an_optional_stream() -> Arc<Entity> {
    let mut entity = (*contacts()).clone();
    entity.streams.insert(0, invoices().streams[0].clone());
    entity.streams[0].optional = true;
    entity.into()
}

#[test]
fn an_optional_stream_that_is_not_there_leaves_the_others_alone() {
    let entity = with_an_optional_stream();
    for (kind, warnings) in [(Kind::NoObject, 0), (Kind::Forbidden, 1)] {
        for named in [true, false] {
            let mut house = house();
            house.world().broken.insert(MOVE.into(), Error::new(kind, "no such thing"));
            assert_eq!(house.run(Task { named, ..task(entity.clone()) }), Outcome::Succeeded);
            house.assert_exact(&contacts());
            assert_eq!(house.store.warnings, vec!["not read: \"invoices\" (no such thing)"; warnings]);
            // Once it is there, everything is read.
            house.world().broken.clear();
            assert_eq!(house.run(task(entity.clone())), Outcome::Succeeded);
            house.assert_exact(&entity);
        }
    }
}

#[test]
fn an_entity_with_nothing_but_absent_streams_cannot_be_read() {
    let mut house = house();
    let mut entity = (*with_an_optional_stream()).clone();
    entity.streams.truncate(1);
    house.world().broken.insert(MOVE.into(), Error::new(Kind::NoObject, "no such thing"));
    house.run(task(entity.into()));
    assert_eq!(house.error(0).kind, Kind::NoObject);
}

/// What a check finds of an entity with these tables here, while its first object fails like this.
fn looked(kind: Option<Kind>, rows: &[(&str, u64)]) -> (&'static str, String) {
    let house = house();
    house.world().broken.extend(kind.map(|kind| (MOVE.into(), Error::new(kind, "no such thing"))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut source = Double(house.remote.clone());
    let rows = rows.iter().map(|(table, rows)| (table.to_string(), *rows)).collect();
    let subject = Subject { entity: with_an_optional_stream(), rows };
    let found = runtime.block_on(check("odoo_main", &mut source, &[subject]));
    let last = found.last().unwrap().clone();
    (last.status, last.detail)
}

#[test]
fn a_check_tells_an_optional_stream_that_is_not_there_from_one_that_may_not_be_read() {
    assert_eq!(looked(None, &[]), ("ok", "readable: 5 invoices, 40 contacts".into()));
    assert_eq!(
        looked(Some(Kind::NoObject), &[]),
        ("ok", "readable: 40 contacts; not there: invoices".into())
    );
    assert_eq!(
        looked(Some(Kind::Forbidden), &[]),
        ("warn", "readable: 40 contacts; not read: invoices (no such thing)".into())
    );
    assert_eq!(looked(Some(Kind::Remote), &[]).0, "fail");
}

#[test]
fn a_check_notices_that_the_remote_shows_fewer_rows_than_are_here() {
    let all = "readable: 5 invoices, 40 contacts";
    assert_eq!(looked(None, &[("invoices", 15), ("contacts", 44)]), ("ok", all.into()));
    let lost = looked(None, &[("invoices", 16), ("contacts", 51)]);
    assert_eq!(lost, ("warn", format!("{all}; but stored here: 16 invoices, 51 contacts")));
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mut house = house();
    let mut alone = (*invoices()).clone();
    alone.after.clear();
    for object in [PARTNER, MOVE] {
        house.world().broken.insert(object.into(), Error::new(Kind::Login, "password refused"));
    }
    house.run_all(vec![task(contacts()), task(alone.into())]).unwrap();
    assert_eq!(house.world().calls.len(), 1);
    assert_eq!((house.error(0).kind, house.error(1)), (Kind::Login, house.error(0)));
}

#[test]
fn an_unreachable_server_is_not_knocked_at_for_each_task() {
    let mut house = house();
    house.world().broken.insert(PARTNER.into(), Error::new(Kind::Unreachable, "refused"));
    house.run_all(vec![task(contacts()), task(invoices())]).unwrap();
    assert_eq!(house.world().calls.len(), 4);
    assert_eq!(house.error(1).message, "refused, tried 4 times");
}

#[test]
fn what_comes_after_a_task_that_another_worker_left_undone_is_skipped() {
    for (kind, how) in [(Kind::Local, "failed"), (Kind::Cancelled, "was cancelled")] {
        let (mut house, mut before) = (house(), Ended::default());
        before.note("main", "contacts", &Outcome::Failed(Error::new(kind, "interrupted")));
        house.run_after(before, vec![task(invoices())]).unwrap();
        assert_eq!(house.outcome(0), skipped(&format!("after \"contacts\", which {how}")));
    }
}

#[test]
fn a_wrong_password_that_another_worker_met_is_not_tried_again() {
    let (mut house, mut before) = (house(), Ended::default());
    let refused = Error::new(Kind::Login, "password refused");
    before.note("main", "employees", &Outcome::Failed(refused.clone()));
    house.run_after(before, vec![task(contacts())]).unwrap();
    assert_eq!(house.error(0), refused);
    assert!(house.world().calls.is_empty());
}

#[test]
fn a_task_that_runs_elsewhere_is_skipped_with_the_reason() {
    let mut house = house();
    house.store.already_running = Some("already running".into());
    assert_eq!(house.run(task(contacts())), skipped("already running"));
    assert!(house.world().calls.is_empty());
}
