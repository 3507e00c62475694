//! The tests that start a server.

use erp_sync_tests::cluster::{Result, Server, Tools, prepare_for};

use super::scripts;
use super::step::{cargo_with, step};

/// What a test has in its name that needs pg_cron: left out where it cannot be had.
const NEED_PG_CRON: [&str; 12] = [
    "auto::",
    "contracts::",
    "copies::a_copy_of_a_database",
    "copies::a_database_moved",
    "job::",
    "tick::",
    "pg_cron",
    "the_walk",
    "the_manual_is_true",
    "calls_that_cannot_be_right",
    "a_demo_that_fails",
    "a_server_without_a_free_worker",
];

/// Runs all of them on this server, after a look at the scripts that are installed there. The tests' programs are the
/// same for every server.
pub fn integration(server: &Server, tools: &Tools, filter: Option<&str>) -> Result<()> {
    let major = server.major;
    let prepared =
        step(&format!("release build and installation for PostgreSQL {major}"), || prepare_for(server))?;
    step(&format!("pgspot on the scripts for PostgreSQL {major}"), || {
        scripts::are_clean(tools, &prepared.scripts()?)
    })?;
    step(&format!("integration tests on PostgreSQL {major}"), || {
        let mut words: Vec<&str> = filter.into_iter().collect();
        if !server.has_library("pg_cron") {
            println!(
                "left out on PostgreSQL {major}, for which there is no pg_cron, and counted as filtered out: tests named {NEED_PG_CRON:?}"
            );
            words.push("--");
            words.extend(NEED_PG_CRON.iter().flat_map(|name| ["--skip", *name]));
        }
        cargo_with(server, "test --package erp_sync_tests", &words)
    })
}
