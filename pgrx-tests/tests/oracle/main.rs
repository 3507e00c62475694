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
mod differing;
mod documents;
mod excuse;
mod expected;
mod lanes;
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

use std::io::Write;
use std::time::Instant;

use dice::Dice;
use lanes::{USUAL, attempt, play_all, prepared, seeds};
use program::Program;
use setup::Setup;
use tally::Tally;

#[test]
fn after_any_program_of_changes_faults_and_kills_every_table_equals_its_remote() {
    let (tally, begun) = (Tally::default(), Instant::now());
    let failures = play_all(seeds(), &tally);
    // Past what keeps the output of tests that succeed to itself.
    let took = begun.elapsed().as_secs_f32();
    writeln!(std::io::stdout(), "\n{tally}{} programs in {took:.0} s", tally.of("programs"))
        .expect("it is shown");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let never: Vec<String> = strike::kinds().into_iter().filter(|kind| tally.of(kind) == 0).collect();
    assert!(tally.of("programs") < USUAL || never.is_empty(), "these never struck: {never:?}");
}

/// The oracle's own test: with an overlap that is shorter than transactions may take, the extension loses rows.
#[test]
fn with_too_short_an_overlap_rows_are_lost_within_forty_programs() {
    let (cluster, tally) = (prepared("short"), Tally::default());
    let short = |dice: &mut Dice| Setup { overlap: "1 minute", ..Setup::draw(dice) };
    let lost = (1..=40).find_map(|seed| attempt(&cluster, &Program::about(seed, short), &tally));
    let lost = lost.expect("nothing was lost");
    assert!(lost.contains("after the last incremental run: Missing") || lost.contains(": Stale"), "{lost}");
}
