//! One thing that must hold: said before, and with its time after.

use std::process::Stdio;
use std::time::Instant;

use erp_sync_tests::cluster::{Result, Server, Workspace, for_server};

/// Does one step; the error of a step that fails is the last line a person sees.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("verify: {title} ...");
    let begun = Instant::now();
    let done = work();
    let seconds = begun.elapsed().as_secs_f32();
    match done {
        Ok(value) => {
            println!("verify: {title}: ok, {seconds:.1} s");
            Ok(value)
        }
        Err(error) => {
            eprintln!("{error}");
            Err(format!("verify has failed after {seconds:.1} s at: {title}").into())
        }
    }
}

/// Runs cargo for one server on a line of words, with what it prints shown as it comes.
pub fn cargo(server: &Server, line: &str, filter: Option<&str>) -> Result<()> {
    cargo_words(server, &line.split(' ').collect::<Vec<_>>(), filter.as_slice())
}

/// The same on a line that is words already, with further ones.
pub fn cargo_words(server: &Server, line: &[&str], words: &[&str]) -> Result<()> {
    let mut cargo = Workspace::find()?.cargo();
    for_server(&mut cargo, server);
    cargo.env("PG_CONFIG", &server.pg_config);
    cargo.args(line).args(words).stdin(Stdio::null());
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err(format!("to see it again: {}cargo {}", choice(server), line.join(" ")).into()),
    }
}

/// What to type before a command for a server that would not be taken by itself.
fn choice(server: &Server) -> String {
    match Server::find().is_some_and(|found| found.pg_config == server.pg_config) {
        true => String::new(),
        false => format!("PG_CONFIG={} ", server.pg_config.display()),
    }
}
