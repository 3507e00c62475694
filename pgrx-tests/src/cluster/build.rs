//! Building the extension's library.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::process::Context;
use super::server_tree::Server;
use super::workspace::Workspace;
use super::{Result, fail};

/// Tells cargo to build for one server. The installed `pg_config` and not the private copy's:
/// pgrx is rebuilt whenever this variable changes.
pub fn for_server(command: &mut Command, server: &Server) {
    command.env("PGRX_PG_CONFIG_PATH", &server.pg_config);
    command.env("CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND", "1");
}

/// Builds the library in release mode and returns its path. `installed` is where the
/// library of this clone was installed the last time.
pub(super) fn library(workspace: &Workspace, server: &Server, installed: &Path) -> Result<PathBuf> {
    let (library, fresh) = build(workspace, server)?;
    let shared = !workspace.target.starts_with(&workspace.root);
    if fresh && shared && differ(&library, installed) {
        // Clones that share a target folder write the library to the same place, and cargo
        // takes the other clone's for this one's.
        forget(workspace)?;
        return Ok(build(workspace, server)?.0);
    }
    Ok(library)
}

/// Cargo, with one folder for all servers, so that what they share is built once. The library has the same name for all
/// majors: they would replace each other, and cargo would take one for the other. With this variable, by which Rust's
/// own libraries are built, cargo keeps each under a name of its own; should it ever be gone, the server refuses to load
/// the library of another major.
fn cargo(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env("__CARGO_DEFAULT_LIB_METADATA", "erp_sync");
    cargo
}

/// Runs cargo; says whether there was nothing to do.
fn build(workspace: &Workspace, server: &Server) -> Result<(PathBuf, bool)> {
    let mut cargo = cargo(workspace);
    for_server(&mut cargo, server);
    cargo.args(["build", "--release", "--lib", "--package", "erp_sync", "--no-default-features"]);
    cargo.args(["--features", &server.feature(), "--message-format", "json-render-diagnostics"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("starting cargo")?;
    if !output.status.success() {
        return fail("the extension does not build: see cargo's messages above");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    match messages.lines().find_map(library_in) {
        Some(found) => Ok(found),
        None => {
            fail("cargo has built no library: is there a [lib] with crate-type \"cdylib\" in Cargo.toml?")
        }
    }
}

fn library_in(message: &str) -> Option<(PathBuf, bool)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != "erp_sync" {
        return None;
    }
    let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    let library = files.find(|file| file.ends_with(".so"))?;
    Some((library.into(), message["fresh"] == true))
}

fn differ(one: &Path, other: &Path) -> bool {
    match (std::fs::read(one), std::fs::read(other)) {
        (Ok(one), Ok(other)) => one != other,
        _ => true,
    }
}

fn forget(workspace: &Workspace) -> Result<()> {
    let mut cargo = cargo(workspace);
    cargo.args(["clean", "--quiet", "--release", "--package", "erp_sync"]);
    super::process::output(&mut cargo, "making cargo build the library anew")?;
    Ok(())
}
