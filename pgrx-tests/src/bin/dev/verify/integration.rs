//! The tests that start a server.

use erp_sync_tests::cluster::{Result, Server, Tools, Workspace, prepare_for};

use super::scripts;
use super::step::{cargo_words, step};

/// What a test has in its name that needs pg_cron: left out where it cannot be had.
const NEED_PG_CRON: [&str; 13] = [
    "a_thousand_servers_are_seen_at_once",
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

/// What says the same on every server: that the doubles of remotes behave, how each protocol is spoken, what is made of
/// a remote's values, names and changes, what a remote may do to us, and how much time and memory many rows take.
const OF_ANY_SERVER: [&str; 19] = [
    "attacks_memory",
    "attacks_remote",
    "changes",
    "conformance",
    "drift",
    "import",
    "linear",
    "million",
    "named",
    "odd_data",
    "odoo_double",
    "own",
    "plans",
    "recording",
    "reread",
    "sqlserver",
    "stock",
    "tds_double",
    "verify",
];

/// Fewer programs than the oracle plays on the usual server.
const FEW_PROGRAMS: [&str; 2] = ["--config", "env.ORACLE_SEEDS=\"20\""];

/// Runs all of them on the usual server, after a look at the scripts that are installed there.
pub fn on_the_usual(server: &Server, tools: &Tools, filter: Option<&str>) -> Result<()> {
    integration(server, tools, filter, &["test", "--package", "erp_sync_tests"])
}

/// Runs those that may turn out otherwise on another server. The tests' programs are the same for both.
pub fn on_another(server: &Server, tools: &Tools, filter: Option<&str>) -> Result<()> {
    let mut words = Vec::from(FEW_PROGRAMS);
    words.extend(["test", "--package", "erp_sync_tests"]);
    let programs = programs()?;
    let told = programs.iter().filter(|name| !OF_ANY_SERVER.contains(&name.as_str()));
    words.extend(told.flat_map(|name| ["--test", name.as_str()]));
    println!("the same on every server, and left out on PostgreSQL {}: {OF_ANY_SERVER:?}", server.major);
    integration(server, tools, filter, &words)
}

/// Names of the tests' programs.
fn programs() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(Workspace::find()?.root.join("pgrx-tests/tests"))? {
        let path = entry?.path();
        let is_program = path.join("main.rs").exists() || path.extension().is_some_and(|end| end == "rs");
        if let (true, Some(name)) = (is_program, path.file_stem()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn integration(server: &Server, tools: &Tools, filter: Option<&str>, line: &[&str]) -> Result<()> {
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
        cargo_words(server, line, &words)
    })
}
