//! `cargo cluster`: a private cluster for people who develop or measure.

use std::process::ExitCode;

use erp_sync_tests::cluster::{Cluster, Error, Options, Result, Stop, debian, prepare};

const NAME: &str = "cluster";

/// Runs `cargo cluster ...`.
pub fn run(arguments: &[&str]) -> Result<ExitCode> {
    match arguments {
        ["start"] => start(),
        ["stop"] => stop(),
        ["psql", rest @ ..] => psql(rest),
        ["url"] => url(),
        _ => {
            Err("say one of: cargo cluster start, cargo cluster psql, cargo cluster url, cargo cluster stop"
                .into())
        }
    }
}

fn start() -> Result<ExitCode> {
    debian::install_missing()?;
    eprintln!("building the extension ...");
    let installed = prepare()?.installed;
    let mut cluster = Options::lasting(NAME).start()?;
    cluster.leave();
    match installed {
        0 => eprintln!("the extension is installed already"),
        files => {
            eprintln!("the extension is installed ({files} files are new); open sessions keep the old one")
        }
    }
    eprintln!("the cluster runs at {}\nnext: cargo cluster psql", cluster.url("postgres", "postgres"));
    Ok(ExitCode::SUCCESS)
}

fn stop() -> Result<ExitCode> {
    match Cluster::find(NAME)? {
        Some(cluster) => cluster.end(Stop::Fast)?,
        None => eprintln!("the cluster does not run"),
    }
    Ok(ExitCode::SUCCESS)
}

fn psql(arguments: &[&str]) -> Result<ExitCode> {
    let status = running()?.psql_command("postgres", "postgres").args(arguments).status()?;
    Ok(ExitCode::from(status.code().unwrap_or(1) as u8))
}

fn url() -> Result<ExitCode> {
    println!("{}", running()?.url("postgres", "postgres"));
    Ok(ExitCode::SUCCESS)
}

fn running() -> Result<Cluster> {
    Cluster::find(NAME)?
        .ok_or_else(|| Error::from("the cluster does not run; start it with: cargo cluster start"))
}
