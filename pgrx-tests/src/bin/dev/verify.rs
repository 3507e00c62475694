//! `cargo verify`: everything that must hold before a change is shared, in the order in
//! which mistakes are found soonest. Needs nobody at the keyboard.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use erp_sync_tests::cluster::{Result, Server, Workspace, debian, for_server, prepare};

/// Runs `cargo verify [TEST]`: with an argument only the tests whose name contains it.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let filter = match arguments {
        [] => None,
        [test] if !test.starts_with('-') => Some(*test),
        _ => return Err("say: cargo verify, or with a part of a test's name: cargo verify NAME".into()),
    };
    let begun = Instant::now();
    step("Debian packages", packages)?;
    let server = Server::required()?;
    let feature = server.feature();
    let cargo = |line: &str| cargo(&server, line, filter);

    step("format", || cargo("fmt --all --check"))?;
    step("clippy, the half without PostgreSQL", || {
        cargo("clippy --package erp_sync --no-default-features --lib --tests -- -D warnings")
    })?;
    step(&format!("clippy, the half with PostgreSQL {}", server.major), || {
        cargo(&format!(
            "clippy --package erp_sync --no-default-features --features {feature} --lib -- -D warnings"
        ))
    })?;
    step("clippy, tests and commands", || {
        cargo("clippy --package erp_sync_tests --all-targets -- -D warnings")
    })?;
    step("unit tests", || cargo("test --package erp_sync --no-default-features --lib"))?;
    step("release build and installation", || prepare().map(drop))?;
    step("integration tests", || cargo("test --package erp_sync_tests"))?;
    println!("verify: all is well after {:.1} s", begun.elapsed().as_secs_f32());
    Ok(ExitCode::SUCCESS)
}

fn packages() -> Result<()> {
    let installed = debian::install_missing()?;
    if !installed.is_empty() {
        println!("installed: {}", installed.join(" "));
    }
    Ok(())
}

/// Does one step; the error of a step that fails is the last line a person sees.
fn step(title: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("verify: {title} ...");
    let begun = Instant::now();
    let done = work();
    let seconds = begun.elapsed().as_secs_f32();
    match done {
        Ok(()) => println!("verify: {title}: ok, {seconds:.1} s"),
        Err(error) => {
            eprintln!("{error}");
            return Err(format!("verify has failed after {seconds:.1} s at: {title}").into());
        }
    }
    Ok(())
}

/// Runs cargo on a line of words, with what it prints shown as it comes.
fn cargo(server: &Server, line: &str, filter: Option<&str>) -> Result<()> {
    let mut cargo: Command = Workspace::find()?.cargo();
    for_server(&mut cargo, server);
    cargo.args(line.split(' ')).stdin(Stdio::null());
    if line.starts_with("test ") {
        cargo.args(filter);
    }
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err(format!("to see it again: cargo {line}").into()),
    }
}
