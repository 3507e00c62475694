//! `cargo demo`: the extension at work, step by step, on a cluster of its own that is
//! thrown away afterwards.

mod arguments;
mod interrupt;
mod password;
mod steps;

use std::io::Write;
use std::process::{ExitCode, Stdio};
use std::sync::Mutex;

use arguments::{Arguments, Remote};
use erp_sync_tests::cluster::{Cluster, Options, Result, debian, prepare};
use steps::{STEPS, Step};

pub use arguments::USAGE;

const NAME: &str = "demo";

/// The end of the walk and an interrupt may come together.
static CLEANING_UP: Mutex<()> = Mutex::new(());

/// Runs `cargo demo ...`.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    let arguments = Arguments::parse(arguments)?;
    if arguments.stop {
        return throw_away();
    }
    let remote = arguments.remote()?;
    debian::install_missing()?;
    interrupt::clean_up_with(|| {
        let _alone = CLEANING_UP.lock();
        throw_away().map(drop)
    });
    eprintln!("building the extension ...");
    prepare()?;
    let mut cluster = Options::lasting(NAME).anew().start()?;
    let walked = walk(&cluster, remote.as_ref());
    let _alone = CLEANING_UP.lock();
    if arguments.keep {
        cluster.leave();
        eprintln!("the cluster runs on at {}", cluster.url("postgres", "postgres"));
        eprintln!("to stop and remove it: cargo demo --stop");
    }
    drop(cluster);
    walked
}

/// Stops a cluster that was kept and removes its data.
fn throw_away() -> Result<ExitCode> {
    if let Some(mut cluster) = Cluster::find(NAME)? {
        cluster.remove();
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes every step until one fails.
fn walk(cluster: &Cluster, remote: Option<&Remote>) -> Result<ExitCode> {
    for (index, step) in STEPS.iter().enumerate() {
        println!("\n{}. {}\n", index + 1, step.title);
        take(cluster, remote, step)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the statements of a step and lets psql run them.
fn take(cluster: &Cluster, remote: Option<&Remote>, step: &Step) -> Result<()> {
    for line in step.sql.trim().lines() {
        println!("{}=> {}", step.role, line.trim());
    }
    let mut psql = cluster.psql_command("postgres", step.role);
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--pset=pager=off"]);
    let mut script = String::new();
    if let Some(remote) = remote {
        psql.args(remote.variables()).env(password::VARIABLE, &remote.password);
        // Read from the environment: what is an argument, everybody on this machine can see.
        script = format!("\\getenv odoo_password {}\n", password::VARIABLE);
    }
    script.push_str(step.sql);
    let mut child = psql.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A psql that ends early has said why.
        let _ = stdin.write_all(script.as_bytes());
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(format!("the demo has failed at step \"{}\"", step.title).into()),
    }
}
