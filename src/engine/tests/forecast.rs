//! What `sync_plan()` tells, without writing anything.

use super::double::Double;
use super::house::*;
use crate::engine::{Forecast, Prepared, Task, forecast};
use crate::error::{Error, Kind};

/// What is told of a task; nothing is written.
pub fn told(house: &mut House, task: Task) -> Vec<Forecast> {
    let prepared: Vec<Prepared> =
        task.entity.streams.iter().map(|stream| house.store.standing(&stream.table)).collect();
    let before = house.store.data.clone();
    let mut source = Double(house.remote.clone());
    let told = on_paused_clock(forecast(&task, &settings(), &mut source, prepared)).unwrap();
    assert_eq!(house.store.data, before, "nothing is written");
    told
}

#[test]
fn what_was_never_read_is_read_in_full_with_as_many_requests_as_pages() {
    let mut house = House::with_contacts(35);
    let [all] = &told(&mut house, task(contacts()))[..] else { panic!("one stream") };
    assert_eq!((all.mode, all.rows, all.requests), ("full", 35, 4));
    assert_eq!(all.reason, "never read to the end");
    assert!(all.takes.as_millis() >= 3, "{:?}", all.takes);
}

#[test]
fn what_was_read_is_read_from_its_position_on_and_lines_go_with_their_headers() {
    let mut house = House::with_invoices(5);
    house.run(task(invoices()));
    let told_all = told(&mut house, task(invoices()));
    let modes: Vec<_> = told_all.iter().map(|f| (f.stream.as_deref(), f.mode, f.rows)).collect();
    assert_eq!(modes, [(Some("invoices"), "incremental", 1), (Some("invoice_lines"), "incremental", 2)]);
    assert!(told_all[0].reason.starts_with("what changed since "), "{}", told_all[0].reason);
    assert_eq!(told_all[0].requests, 2, "the headers and their lines");
    assert_eq!(told(&mut house, full(task(invoices())))[0].rows, 5);
}

#[test]
fn what_the_server_cannot_give_is_told_as_skipped() {
    let mut house = House::with_contacts(1);
    let error = Error::new(Kind::NoObject, "no such object");
    house.world().broken.insert(PARTNER.into(), error);
    let told = told(&mut house, Task { named: false, ..task(contacts()) });
    assert_eq!(told, [Forecast::skipped("no such object".into())]);
}
