//! pg_cron for a server that has no package of it: Debian's source, built against the server's
//! own headers, into the server's own folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{self, Context};
use super::server_tree::{Server, entries};
use super::{Result, fail};

/// Where sources lie in Debian's archive.
const POOL: &str = "pool/main/p/pg-cron";

/// Versions that build for PostgreSQL 16, with the hashes in Debian's own index, the one that stays longest
/// first: a mirror drops a version that no release of Debian has any more.
const VERSIONS: [(&str, &str); 3] = [
    ("1.6.5", "0118080f995fec67e25e58d44c66953e7b2bf5a47bb0602fd2ad147ea646d808"),
    ("1.6.7", "d950bc29155f31017567e23a31d268ff672e98276c0e9d062512fb7870351f03"),
    ("1.6.8", "60b2f2e3d0925233ba940d2bb5a32cc62140a47e236a9725d5ce7bff836c988d"),
];

/// Downloads, builds and installs it. `work` is where sources may lie.
pub(super) fn install(server: &Server, work: &Path) -> Result<()> {
    let mirrors = mirrors()?;
    let tries = mirrors.iter().flat_map(|mirror| VERSIONS.iter().map(move |version| (mirror, version)));
    let Some(source) = tries.into_iter().find_map(|(mirror, version)| download(mirror, version, work)) else {
        let versions = VERSIONS.map(|(version, _)| version);
        return fail(format!(
            "none of pg_cron's versions {versions:?} can be had from {}",
            mirrors.join(" ")
        ));
    };
    let source = unpack(&source, work)?;
    for file in entries(&source)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("pg_cron") && (name.ends_with(".sql") || name.ends_with(".control")) {
            // As its Makefile does it: the first version's script has no version in its name.
            let name = if name == "pg_cron.sql" { "pg_cron--1.0.sql".into() } else { name };
            std::fs::copy(&file, server.extension().join(&name)).context(file.display())?;
        }
    }
    // Last, because it is by the library that everybody sees whether pg_cron is there.
    build(server, &source)
}

/// The copies of Debian's archive that this machine's apt asks: the same hold the sources of every release.
fn mirrors() -> Result<Vec<String>> {
    let mut apt = Command::new("apt-get");
    let lists = process::output(apt.args(["--print-uris", "update"]), "asking apt for its mirrors")?;
    let above = |line: &str| Some(format!("{}/", line.trim_start_matches('\'').split_once("/dists/")?.0));
    let mut mirrors: Vec<String> = lists.lines().filter_map(above).collect();
    mirrors.dedup();
    Ok(mirrors)
}

/// The archive, fetched by apt's own client, which goes through whatever apt goes through.
fn download(mirror: &str, (version, hash): &(&str, &str), work: &Path) -> Option<PathBuf> {
    let archive = work.join(format!("pg_cron-{version}.tar.gz"));
    let mut apt = Command::new("/usr/lib/apt/apt-helper");
    apt.arg("download-file")
        .arg(format!("{mirror}{POOL}/pg-cron_{version}.orig.tar.gz"))
        .arg(&archive)
        .arg(format!("SHA256:{hash}"));
    process::output(&mut apt, "fetching pg_cron").ok().map(|_| archive)
}

fn unpack(archive: &Path, work: &Path) -> Result<PathBuf> {
    let source = work.join("pg_cron");
    process::remove_dir(&source)?;
    process::make_dir(&source)?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--strip-components=1", "--file"]).arg(archive).arg("--directory").arg(&source);
    process::output(&mut tar, "unpacking pg_cron")?;
    Ok(source)
}

/// The compiler alone: what the server's `Makefile.global` would add belongs to the machine it was built on.
fn build(server: &Server, source: &Path) -> Result<()> {
    let mut cc = Command::new("cc");
    cc.args([
        "-std=c99",
        "-D_GNU_SOURCE",
        "-O2",
        "-fPIC",
        "-fvisibility=hidden",
        "-shared",
        "-w",
        "-Iinclude",
    ]);
    for what in ["--includedir-server", "--includedir"] {
        cc.arg(format!("-I{}", server.ask(what)?));
    }
    let sources = entries(&source.join("src"))?;
    cc.args(sources.iter().filter(|file| file.extension().is_some_and(|end| end == "c")));
    let (libpq, way) = libpq(server)?;
    cc.arg(libpq).arg(format!("-Wl,-rpath,$ORIGIN/{way}"));
    cc.arg("-o").arg(server.library("pg_cron")).current_dir(source).stdin(Stdio::null());
    process::output(&mut cc, "building pg_cron").map(drop)
}

/// The libpq that the server was packed with, and the way to its folder from that of its libraries, which
/// is the same in every copy. Another one, once loaded, would serve the server's replication too.
fn libpq(server: &Server) -> Result<(PathBuf, String)> {
    let folder = server.packed_libraries();
    let all = folder.as_deref().map(entries).transpose()?.unwrap_or_default();
    let end = format!(".so.5.{}", server.major);
    let is_its = |name: &str| name.starts_with("libpq-") && name.ends_with(&end);
    let found =
        all.into_iter().find(|file| file.file_name().is_some_and(|name| is_its(&name.to_string_lossy())));
    let (Some(folder), Some(libpq)) = (folder, found) else {
        return fail(format!("PostgreSQL {} is not packed with a libpq", server.major));
    };
    let above = folder.parent().unwrap_or(&folder);
    let depth =
        server.library("pg_cron").parent().and_then(|lib| lib.strip_prefix(above).ok().map(Path::to_owned));
    let up = "../".repeat(depth.map_or(0, |below| below.components().count()));
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((libpq, format!("{up}{name}")))
}
