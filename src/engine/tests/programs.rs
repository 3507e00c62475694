//! Random programs of changes on the remote and runs here, cut off or not: in the end
//! the tables hold exactly what the remote shows.

use proptest::prelude::*;

use super::house::*;
use super::store::Crash;
use super::world::World;
use crate::engine::{Mode, Outcome, Task};
use crate::error::{Error, Kind};

/// What happens on the remote.
#[derive(Clone, Debug)]
enum Change {
    Tick(i64),
    /// A header with a state, in a transaction that began so many seconds ago.
    Header(i64, bool, i64),
    /// A line of a header; the header is not touched.
    Line(i64, i64, i64),
    /// A line deleted, which touches its header.
    LineGone(i64),
    /// A header deleted with its lines: leaves no trace.
    HeaderGone(i64),
    /// A right lost or given.
    Hide(i64, bool),
}

/// What happens at all.
#[derive(Clone, Debug)]
enum Step {
    Remote(Change),
    Run {
        full: bool,
        confirm: bool,
        crash: Option<Crash>,
        fault: Option<(usize, Kind)>,
        meanwhile: Vec<(usize, Change)>,
    },
}

const HEADERS: i64 = 45;

fn line_id(header: i64, line: i64) -> i64 {
    // Not in the order of their headers.
    1000 + line * 100 + (header * 37) % 100
}

fn apply(world: &mut World, change: &Change) {
    match *change {
        Change::Tick(seconds) => world.tick(seconds),
        Change::Header(id, posted, ago) => {
            let state = if posted { "posted" } else { "draft" };
            let name = format!("at {}", world.now_us);
            let began = world.now_us - ago * super::world::SECOND;
            world.put_at(began, MOVE, id, &[("state", state), ("name", &name)]);
        }
        Change::Line(header, line, ago) => {
            let name = format!("at {}", world.now_us);
            let began = world.now_us - ago * super::world::SECOND;
            let fields = [("move_id", header.to_string()), ("name", name)];
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            world.put_at(began, LINE, line_id(header, line), &fields);
        }
        Change::LineGone(header) => {
            world.delete(LINE, line_id(header, 1));
            if world.objects.get(MOVE).is_some_and(|all| all.contains_key(&header)) {
                world.put(MOVE, header, &[]);
            }
        }
        Change::HeaderGone(id) => {
            world.delete(MOVE, id);
            (0..3).for_each(|line| world.delete(LINE, line_id(id, line)));
        }
        Change::Hide(id, hidden) => world.hide(MOVE, id, hidden),
    }
    world.tick(0);
}

/// Changes that an incremental run finds.
fn traced() -> impl Strategy<Value = Change> {
    let id = || 1..=HEADERS;
    // A transaction is shorter than the overlap.
    let ago = || prop_oneof![3 => Just(0), 1 => 0..OVERLAP - 10];
    prop_oneof![
        2 => (1..OVERLAP * 2).prop_map(Change::Tick),
        6 => (id(), prop::bool::weighted(0.7), ago()).prop_map(|(id, posted, ago)| Change::Header(id, posted, ago)),
        6 => (id(), 0..3i64, ago()).prop_map(|(id, line, ago)| Change::Line(id, line, ago)),
        2 => id().prop_map(Change::LineGone),
    ]
}

/// Changes of any kind.
fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => traced(),
        1 => (1..=HEADERS).prop_map(Change::HeaderGone),
        1 => (1..=HEADERS, any::<bool>()).prop_map(|(id, hidden)| Change::Hide(id, hidden)),
    ]
}

/// The change as a remote with exact cursor values shows it: a transaction that is still open
/// holds the watermark back, so nothing is committed late.
fn at_once(change: Change) -> Change {
    match change {
        Change::Header(id, posted, _) => Change::Header(id, posted, 0),
        Change::Line(header, line, _) => Change::Line(header, line, 0),
        other => other,
    }
}

fn a_run(change: BoxedStrategy<Change>) -> impl Strategy<Value = Step> {
    let crash = prop_oneof![
        (1..12usize).prop_map(Crash::Before),
        (1..12usize).prop_map(Crash::After),
        (1..20usize).prop_map(Crash::Call),
    ];
    let crash = prop::option::of(crash);
    let kinds = [Kind::Remote, Kind::Unreachable, Kind::Timeout, Kind::TooLarge, Kind::Throttled];
    let fault = prop::option::of((1..25usize, prop::sample::select(kinds.to_vec())));
    let meanwhile = prop::collection::vec((1..20usize, change), 0..4);
    (any::<bool>(), any::<bool>(), crash, fault, meanwhile).prop_map(
        |(full, confirm, crash, fault, meanwhile)| Step::Run { full, confirm, crash, fault, meanwhile },
    )
}

fn program(change: BoxedStrategy<Change>) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![8 => change.clone().prop_map(Step::Remote), 2 => a_run(change)];
    prop::collection::vec(step, 0..60)
}

fn play(house: &mut House, step: &Step) {
    match step {
        Step::Remote(change) => apply(&mut house.world(), change),
        Step::Run { full, confirm, crash, fault, meanwhile } => {
            for (n, change) in meanwhile.clone() {
                house.world().before_call(n, move |world| apply(world, &change));
            }
            if let Some((n, kind)) = fault {
                house.world().fail_call(*n, Error::new(*kind, "trouble"));
            }
            house.store.crash = *crash;
            let mode = if *full { Mode::Full } else { Mode::Incremental };
            let _ = house.run_all(vec![Task { mode, confirm: *confirm, ..task(invoices()) }]);
            // What did not come to pass in this run does not in the next.
            house.world().events.clear();
            house.world().faults.clear();
            house.store.dead = false;
        }
    }
}

fn assert_counters(house: &House) {
    let counts = house.store.counts[0];
    let written = counts.written;
    let sum = written.inserted + written.updated + written.unchanged + written.left_out;
    assert_eq!(counts.fetched, sum + counts.rejected + counts.duplicates);
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever happened: an open pass is finished, and one full run mends the rest.
    #[test]
    fn after_one_full_run_everything_is_exact(program in program(any_change().boxed())) {
        let mut house = House::with_invoices(12);
        program.iter().for_each(|step| play(&mut house, step));
        let _ = house.run(task(invoices()));
        prop_assert_eq!(house.run(confirmed(task(invoices()))), Outcome::Succeeded);
        house.assert_exact(&invoices());
        assert_counters(&house);
        prop_assert!(house.store.data.candidates.values().all(|left| left.is_empty()));
        let before = house.store.data.tables.clone();
        prop_assert_eq!(house.run(task(invoices())), Outcome::Succeeded);
        prop_assert_eq!(house.store.data.tables, before);
    }

    /// The same of a remote that is read in the order of its changes, without any overlap.
    #[test]
    fn an_exact_cursor_finds_every_change_that_leaves_a_trace(program in program(traced().prop_map(at_once).boxed())) {
        let mut house = House::with_invoices(12);
        house.world().exact = true;
        program.iter().for_each(|step| play(&mut house, step));
        let confirm = Task { confirm: true, ..task(invoices()) };
        prop_assert_eq!(house.run(confirm), Outcome::Succeeded);
        house.assert_exact(&invoices());
        assert_counters(&house);
    }

    /// And a full pass of such a remote goes by key, so it finds what is gone.
    #[test]
    fn a_full_run_of_a_remote_with_an_exact_cursor_mends_the_rest(
        program in program(any_change().prop_map(at_once).boxed())
    ) {
        let mut house = House::with_invoices(12);
        house.world().exact = true;
        program.iter().for_each(|step| play(&mut house, step));
        let _ = house.run(task(invoices()));
        prop_assert_eq!(house.run(confirmed(task(invoices()))), Outcome::Succeeded);
        house.assert_exact(&invoices());
        prop_assert!(house.store.data.candidates.values().all(|left| left.is_empty()));
    }

    /// Of changes that leave a trace, every run that ends finds all: no full run is needed.
    #[test]
    fn an_incremental_run_finds_every_change_that_leaves_a_trace(program in program(traced().boxed())) {
        let mut house = House::with_invoices(12);
        program.iter().for_each(|step| play(&mut house, step));
        let confirm = Task { confirm: true, ..task(invoices()) };
        prop_assert_eq!(house.run(confirm), Outcome::Succeeded);
        house.assert_exact(&invoices());
        assert_counters(&house);
    }
}
