//! Many programs, in clusters of their own: what is played, how, and what is told of one that fails.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::setup_as_superuser;

use super::ours::{Ours, TEMPLATE};
use super::play::{Wrong, play};
use super::program::Program;
use super::tally::Tally;
use super::world::World;

/// So many programs are played where nothing else is said; in so many everything that can strike has struck.
pub const USUAL: u64 = 200;
/// So many are played at the same time, each in a cluster of its own: a kill throws out everybody.
const LANES: u64 = 3;
/// After so many that failed the others are not played.
const ENOUGH: usize = 5;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// The seeds that are asked for.
pub fn seeds() -> Range<u64> {
    if let Some(seed) = number("ORACLE_SEED") {
        return seed..seed + 1;
    }
    let from = number("ORACLE_FROM").unwrap_or(1);
    from..from + number("ORACLE_SEEDS").unwrap_or(USUAL)
}

/// Plays the programs of these seeds; returns what is to be told of those that failed.
pub fn play_all(seeds: Range<u64>, tally: &Tally) -> Vec<String> {
    let (next, failures) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let lane = |lane: u64| {
        let cluster = prepared(&lane.to_string());
        while failures.lock().expect("no panic here").len() < ENOUGH {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= seeds.end {
                break;
            }
            let failed = attempt(&cluster, &Program::of(seed), tally);
            failures.lock().expect("no panic here").extend(failed);
        }
        failures.lock().expect("no panic here").extend(crashed(&cluster));
    };
    std::thread::scope(|scope| {
        for number in 0..LANES.min(seeds.end - seeds.start) {
            scope.spawn(move || lane(number));
        }
    });
    failures.into_inner().expect("no panic here")
}

/// A process of the server that died by itself; those that a program kills die by signal 9.
fn crashed(cluster: &Cluster) -> Option<String> {
    let log = cluster.log();
    let crash = log.lines().find(|line| {
        line.contains("was terminated by signal") && !line.contains("signal 9:") || line.contains("PANIC:")
    });
    crash.map(|line| format!("a process of the server crashed: {line}"))
}

/// A cluster with a database to copy.
pub fn prepared(name: &str) -> Cluster {
    let cluster = Cluster::options(&format!("oracle_{name}")).set("autovacuum", "off").start();
    let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
    cluster.create_database(TEMPLATE);
    let made = cluster.client(TEMPLATE, "postgres").batch_execute(&setup_as_superuser(TEMPLATE));
    made.unwrap_or_else(|error| panic!("setting up: {error:?}"));
    cluster
}

/// Plays one program; of one that fails, everything that a person needs to play it again.
pub fn attempt(cluster: &Cluster, program: &Program, tally: &Tally) -> Option<String> {
    tally.count("programs");
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(&program.setup);
        let mut ours = Ours::open(cluster, program, &world, tally);
        play(program, &mut ours, &mut world)
    }));
    match played {
        Ok(wrong) if wrong.is_empty() => None,
        Ok(wrong) => Some(told(program, &wrong)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let wrong = Wrong { at: "a panic".to_owned(), loss: None, text: text.unwrap_or_default() };
            Some(told(program, &[wrong]))
        }
    }
}

fn told(program: &Program, wrong: &[Wrong]) -> String {
    let line = |wrong: &Wrong| format!("{}: {}", wrong.at, wrong.text).chars().take(600).collect::<String>();
    let first: Vec<String> = wrong.iter().take(20).map(line).collect();
    let (seed, count) = (program.seed, wrong.len());
    format!(
        "seed {seed}: {count} differences; to play it alone:\n\
         ORACLE_SEED={seed} cargo test -p erp_sync_tests --test oracle\n{}\n{}",
        program.listing(),
        first.join("\n")
    )
}
