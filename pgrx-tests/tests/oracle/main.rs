//! The oracle: seeded programs of changes on both remotes, runs, faults and kills, after which every table equals its
//! remote.
//!
//! `ORACLE_SEED=17` replays one program alone; `ORACLE_SEEDS=1000` plays so many instead of 200; `ORACLE_FROM=500`
//! begins with another than the first.

mod befall;
mod books;
mod change;
mod circumstances;
mod company;
mod compare;
#[path = "../recording/decimal.rs"]
mod decimal;
mod derived;
mod dice;
mod documents;
mod excuse;
mod expected;
mod naive;
mod ours;
mod play;
mod program;
mod proxy;
mod reader;
#[path = "../stock/recomputed.rs"]
mod recomputed;
mod remains;
mod settle;
mod setup;
mod stock;
mod stops;
mod strike;
mod tally;
mod till;
mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::setup_as_superuser;

use ours::{Ours, TEMPLATE};
use play::Wrong;
use program::Program;
use tally::Tally;
use world::World;

/// So many programs are played where nothing else is said; in so many everything that can strike has struck.
const USUAL: u64 = 200;
/// So many programs are played at the same time, each of them in a cluster of its own: a kill throws out everybody.
const LANES: usize = 2;
/// After so many programs that failed the others are not played.
const ENOUGH: usize = 12;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn seeds() -> Range<u64> {
    match number("ORACLE_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("ORACLE_FROM").unwrap_or(1);
            from..from + number("ORACLE_SEEDS").unwrap_or(USUAL)
        }
    }
}

#[test]
fn after_any_program_of_changes_faults_and_kills_every_table_equals_its_remote() {
    let (seeds, begun, tally) = (seeds(), Instant::now(), Tally::default());
    let (next, failures) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for lane in 0..LANES.min((seeds.end - seeds.start) as usize) {
            let (next, failures, tally, end) = (&next, &failures, &tally, seeds.end);
            scope.spawn(move || {
                let cluster = prepared(lane);
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= end || failures.lock().expect("no panic here").len() >= ENOUGH {
                        return;
                    }
                    let wrong = attempt(&cluster, seed, tally);
                    failures.lock().expect("no panic here").extend(wrong);
                }
            });
        }
    });
    println!("{tally}{} programs in {:.0} s", tally.of("programs"), begun.elapsed().as_secs_f32());
    let failures = failures.into_inner().expect("no panic here");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let never = strike::kinds().into_iter().filter(|kind| tally.of(kind) == 0).collect::<Vec<_>>();
    assert!(tally.of("programs") < USUAL || never.is_empty(), "these never struck: {never:?}");
}

/// A cluster with a database to copy.
fn prepared(lane: usize) -> Cluster {
    let cluster = Cluster::options(&format!("oracle_{lane}")).set("autovacuum", "off").start();
    let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
    cluster.create_database(TEMPLATE);
    let made = cluster.client(TEMPLATE, "postgres").batch_execute(&setup_as_superuser(TEMPLATE));
    made.unwrap_or_else(|error| panic!("setting up: {error:?}"));
    cluster
}

/// Plays one program; of one that fails, everything that a person needs to play it again.
fn attempt(cluster: &Cluster, seed: u64, tally: &Tally) -> Option<String> {
    let program = Program::of(seed);
    tally.count("programs");
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(&program.setup);
        let mut ours = Ours::open(cluster, &program, &world, tally);
        play::play(&program, &mut ours, &mut world)
    }));
    let wrong = match played {
        Ok(wrong) if wrong.is_empty() => return None,
        Ok(wrong) => wrong,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            vec![Wrong { at: "a panic".to_owned(), loss: None, text }]
        }
    };
    let first: Vec<String> = wrong
        .iter()
        .take(20)
        .map(|wrong| format!("{}: {}", wrong.at, wrong.text))
        .map(|line| line.chars().take(600).collect())
        .collect();
    Some(format!(
        "seed {seed}: {} differences; to play it alone: ORACLE_SEED={seed} cargo test -p erp_sync_tests --test oracle\n{}\n{}",
        wrong.len(),
        program.listing(),
        first.join("\n")
    ))
}
