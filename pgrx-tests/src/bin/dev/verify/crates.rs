//! The crates that are built in: what `deny.toml` says of licences, versions and origins, and no known weakness.

use std::path::PathBuf;
use std::process::{Command, Output};

use erp_sync_tests::cluster::{Result, Tools};

/// Needs no network once the crates are there, but for the advisories.
pub fn are_allowed(tools: &Tools) -> Result<()> {
    let mut deny = tools.cargo_deny();
    deny.args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    match deny.status().map_err(|error| format!("starting cargo-deny: {error}"))?.success() {
        true => have_no_advisories(tools),
        false => Err("cargo-deny refuses a crate: see its messages above, and deny.toml".into()),
    }
}

/// The database of advisories is a repository that not every machine reaches: where it cannot be brought up to date,
/// the copy that is here counts, and where there is none, that is said and nothing fails.
fn have_no_advisories(tools: &Tools) -> Result<()> {
    let mut fetch = tools.cargo_deny();
    let fetched = run(fetch.args(["fetch", "db"]))?.status.success();
    if !fetched && !has_database() {
        println!("verify: advisories: not checked here, the database cannot be fetched");
        return Ok(());
    }
    if !fetched {
        println!(
            "verify: advisories: checked with the copy of the database that is here, it cannot be fetched"
        );
    }
    // Offline: else it would be fetched once more, and not to reach it would look like an advisory.
    let mut check = tools.cargo_deny();
    let checked = run(check.args(["--offline", "check", "--hide-inclusion-graph", "advisories"]))?;
    match checked.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&checked.stderr).into_owned().into()),
    }
}

fn run(deny: &mut Command) -> Result<Output> {
    deny.output().map_err(|error| format!("starting cargo-deny: {error}").into())
}

/// Looks for a database that was fetched before into the folder where every cargo-deny looks.
fn has_database() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let databases = home.and_then(|home| home.join("advisory-dbs").read_dir().ok());
    databases
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("advisory-db-"))
}
