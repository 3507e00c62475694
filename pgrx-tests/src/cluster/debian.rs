//! The Debian packages that building and testing need.

use std::path::Path;
use std::process::{Command, Stdio};

use super::process::Context;
use super::server_tree::{MAJORS, Server};
use super::{Result, fail};

/// Folders in which the bindings' generator looks for libclang.
const LIBRARIES: [&str; 4] =
    ["/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"];

/// The packages that are missing here.
pub fn missing() -> Vec<String> {
    let mut packages = Vec::new();
    match Server::find() {
        Some(server) if server.has_library("pg_cron") || !server.is_debians() => {}
        Some(server) => packages.push(format!("postgresql-{}-cron", server.major)),
        None => packages.extend(server_packages(best_major())),
    }
    if !has_libclang() {
        packages.push("libclang-dev".into());
    }
    // Reads the SQL Server double, independently of the driver that the product uses.
    if !Path::new("/usr/bin/tsql").exists() {
        packages.push("freetds-bin".into());
    }
    // Fetches the servers of other majors.
    if !on_path("pip3") {
        packages.push("python3-pip".into());
    }
    packages
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// The line that installs packages.
pub fn line(packages: &[String]) -> String {
    format!("apt-get install --yes --no-install-recommends {}", packages.join(" "))
}

/// Whether everything is there; if not, an error with the line to type.
pub fn check() -> Result<()> {
    chosen_server()?;
    match missing() {
        missing if missing.is_empty() => Ok(()),
        missing => fail(format!("packages are missing; type, as root:\n\n    {}\n", line(&missing))),
    }
}

/// No package makes another server out of one that was chosen.
fn chosen_server() -> Result<()> {
    match std::env::var_os("PG_CONFIG") {
        Some(_) => Server::required().map(drop),
        None => Ok(()),
    }
}

/// Installs what is missing; returns what that was. Says what to type when it may not.
pub fn install_missing() -> Result<Vec<String>> {
    chosen_server()?;
    if missing().is_empty() {
        return Ok(Vec::new());
    }
    let become_root = become_root()?;
    // On a fresh machine apt knows no package at all before this.
    run(&become_root, "apt-get update")?;
    let packages = missing();
    run(&become_root, &line(&packages))?;
    match missing() {
        left if left.is_empty() => Ok(packages),
        left => fail(format!("apt-get has ended well, but this is still missing: {}", left.join(" "))),
    }
}

/// What to put before a command to run it as root.
fn become_root() -> Result<Vec<&'static str>> {
    let me = Command::new("id").arg("-u").output().context("id -u")?;
    if me.stdout == b"0\n" {
        return Ok(vec!["env", "DEBIAN_FRONTEND=noninteractive"]);
    }
    let sudo = Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    match sudo.is_ok_and(|status| status.success()) {
        true => Ok(vec!["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]),
        false => fail(format!(
            "packages are missing; type, then run this again:\n\n    sudo {}\n",
            line(&missing())
        )),
    }
}

/// Runs a line of words; its output goes to stderr.
fn run(prefix: &[&str], line: &str) -> Result<()> {
    let mut words = prefix.iter().copied().chain(line.split(' '));
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).stdin(Stdio::null()).stdout(std::io::stderr());
    match command.status().context(line)?.success() {
        true => Ok(()),
        false => fail(format!("\"{line}\" has failed: see its messages above")),
    }
}

fn server_packages(major: u32) -> [String; 3] {
    [
        format!("postgresql-{major}"),
        format!("postgresql-server-dev-{major}"),
        format!("postgresql-{major}-cron"),
    ]
}

/// The newest server that is installed without its headers, else the newest that apt can give whole.
fn best_major() -> u32 {
    let installed = |major: &u32| Path::new(&format!("/usr/lib/postgresql/{major}/bin/postgres")).exists();
    let offered = |major: &u32| server_packages(*major).iter().all(|package| apt_knows(package));
    let mut majors = MAJORS.into_iter();
    majors.find(installed).or_else(|| MAJORS.into_iter().find(offered)).unwrap_or(15)
}

fn apt_knows(package: &str) -> bool {
    let mut show = Command::new("apt-cache");
    show.args(["show", package]).stdout(Stdio::null()).stderr(Stdio::null());
    show.status().is_ok_and(|status| status.success())
}

fn has_libclang() -> bool {
    let llvm = super::server_tree::entries(Path::new("/usr/lib")).unwrap_or_default().into_iter();
    let llvm =
        llvm.filter(|folder| folder.to_string_lossy().contains("/llvm-")).map(|folder| folder.join("lib"));
    let chosen = std::env::var_os("LIBCLANG_PATH").map(Into::into);
    let folders = LIBRARIES.map(Into::into).into_iter().chain(llvm).chain(chosen);
    folders.filter_map(|folder| super::server_tree::entries(&folder).ok()).flatten().any(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libclang") && name.contains(".so") && !name.starts_with("libclang-cpp")
    })
}
