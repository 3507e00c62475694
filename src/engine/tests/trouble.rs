//! Remotes that fail, are slow, or ask for patience.

use std::time::Duration;

use super::house::*;
use crate::engine::{Outcome, Task};
use crate::error::{Error, Kind};

fn fault(kind: Kind) -> Error {
    Error::new(kind, "trouble")
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn passing_trouble_is_waited_out() {
    for kind in [Kind::Unreachable, Kind::Timeout, Kind::Throttled, Kind::Unavailable] {
        let mut house = House::with_contacts(35);
        // The layout, the watermark, and two pages.
        [1, 3, 6, 8].iter().for_each(|n| house.world().fail_call(*n, fault(kind)));
        assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
        house.assert_exact(&contacts());
    }
}

#[test]
fn a_request_is_tried_four_times_with_growing_waits() {
    let mut house = House::with_contacts(5);
    house.world().broken.insert(PARTNER.into(), fault(Kind::Unavailable));
    house.run(task(contacts()));
    assert_eq!(house.error(0).message, "trouble, tried 4 times");
    assert_eq!(house.world().calls.len(), 4);
    // 1 + 2 + 4 seconds, each lengthened by chance to at most the double.
    assert!(house.took >= seconds(7) && house.took < seconds(15), "{:?}", house.took);
}

#[test]
fn lasting_trouble_is_not_tried_again() {
    for kind in [Kind::Login, Kind::Forbidden, Kind::Remote, Kind::BadAnswer, Kind::NoField] {
        let mut house = House::with_contacts(5);
        house.world().broken.insert(PARTNER.into(), fault(kind));
        house.run(task(contacts()));
        assert_eq!(house.error(0), fault(kind));
        assert_eq!(house.world().calls.len(), 1);
    }
}

#[test]
fn retry_after_is_honoured_up_to_the_limit() {
    for (asked, least, most) in [(30, 30, 32), (3600, 120, 122)] {
        let mut house = House::with_contacts(5);
        house.world().fail_call(4, fault(Kind::Throttled).retry_after(Some(seconds(asked))));
        assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
        assert!(house.took >= seconds(least) && house.took < seconds(most), "{:?}", house.took);
        let wait = house.patience.news().unwrap();
        assert_eq!(wait.why, "trouble");
        let ahead =
            (wait.until - chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now())).num_seconds();
        assert!(ahead > least as i64 - 10 && ahead <= most as i64, "{ahead} s");
        assert_eq!(house.patience.news(), None, "it is told once");
    }
}

#[test]
fn a_local_lock_is_waited_for() {
    let mut house = House::with_contacts(35);
    house.store.locked = 3;
    assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
    house.assert_exact(&contacts());
    house.store.locked = 4;
    house.run(task(contacts()));
    assert_eq!(house.error(0).kind, Kind::Locked);
}

#[test]
fn a_page_that_is_too_large_is_halved() {
    let mut house = House::with_contacts(35);
    house.world().largest = 3;
    assert_eq!(house.run(Task { pages: (1, 100), ..task(contacts()) }), Outcome::Succeeded);
    house.assert_exact(&contacts());
    assert!(house.took < seconds(1), "asking for less needs no wait");
}

#[test]
fn a_smallest_page_that_is_too_large_fails() {
    let mut house = House::with_contacts(35);
    house.world().largest = 3;
    house.run(Task { pages: (5, 100), ..task(contacts()) });
    assert_eq!(house.error(0).kind, Kind::TooLarge);
}

#[test]
fn a_page_that_takes_too_long_is_halved_and_waited_for() {
    let mut house = House::with_contacts(300);
    house.world().fail_call(4, fault(Kind::Timeout));
    let wide = Task { pages: (1, 1000), ..task(contacts()) };
    assert_eq!(house.run(wide), Outcome::Succeeded);
    let world = house.world();
    let limits: Vec<_> = world.called("page", 0).iter().map(|c| c.ask.as_ref().map(|a| a.limit)).collect();
    assert_eq!(limits, [200, 100, 100, 100, 100].map(Some));
}

#[test]
fn pages_grow_while_they_are_quick_and_small_and_shrink_when_slow() {
    let limits = |delay: u64, row_bytes: usize| {
        let mut house = House::with_contacts(1500);
        house.world().delay = Duration::from_millis(delay);
        house.world().row_bytes = row_bytes;
        house.run(Task { pages: (50, 1000), ..task(contacts()) });
        let world = house.world();
        let asks = world.called("page", 0).into_iter().filter_map(|call| call.ask.as_ref());
        asks.map(|ask| ask.limit).take(3).collect::<Vec<_>>()
    };
    assert_eq!(limits(10, 100), [200, 400, 800]);
    assert_eq!(limits(10, 15_000), [200, 200, 200]);
    assert_eq!(limits(10, 30_000), [200, 100, 100]);
    assert_eq!(limits(1_500, 100), [200, 200, 200]);
    assert_eq!(limits(2_500, 100), [200, 100, 50]);
}

#[test]
fn a_count_that_fails_does_no_harm() {
    for (kind, warnings) in [(Kind::Timeout, 1), (Kind::Remote, 0)] {
        let mut house = House::with_contacts(5);
        house.world().fail_call(3, fault(kind));
        assert_eq!(house.run(task(contacts())), Outcome::Succeeded);
        assert_eq!(house.store.warnings.len(), warnings);
        assert!(house.store.expected.is_empty());
    }
}

#[test]
fn a_task_that_fails_in_the_middle_goes_on_in_the_next_run() {
    let mut house = House::with_contacts(35);
    house.world().fail_call(6, fault(Kind::Remote));
    house.run(task(contacts()));
    assert_eq!(house.error(0).kind, Kind::Remote);
    assert_eq!(house.store.table("contacts").len(), 20, "what was read before is written");
    house.run(task(contacts()));
    house.assert_exact(&contacts());
}
