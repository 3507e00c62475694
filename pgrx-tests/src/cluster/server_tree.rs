//! The PostgreSQL that is installed, and a private copy of it to install the extension into.
//!
//! PostgreSQL is relocatable: it finds its libraries and its `share` folder by their way
//! from its own binary. The copy holds the binaries; everything else is symbolic links
//! to what is installed, or, of a server out of a wheel, copies. Nothing is written to the system.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::process::{self, Context, make_dir};
use super::{Result, fail};

/// Major versions the extension is built for, the one we like best first.
pub const MAJORS: [u32; 4] = [18, 17, 16, 15];

/// An installed PostgreSQL with headers.
pub struct Server {
    /// Major version.
    pub major: u32,
    /// Its `pg_config`.
    pub pg_config: PathBuf,
    /// What `pg_config --version` says.
    version: String,
    bin: PathBuf,
    lib: PathBuf,
    share: PathBuf,
}

impl Server {
    /// The server of `$PG_CONFIG` when that is set, else the one that is installed.
    pub fn find() -> Option<Server> {
        match std::env::var_os("PG_CONFIG") {
            Some(pg_config) => Server::of(Path::new(&pg_config)),
            None => Server::installed(),
        }
    }

    /// The newest that is installed the Debian way, else that of the `pg_config` on the path.
    pub fn installed() -> Option<Server> {
        let debian = MAJORS.iter().map(|major| format!("/usr/lib/postgresql/{major}/bin/pg_config"));
        debian.chain(["pg_config".into()]).find_map(|path| Server::of(Path::new(&path)))
    }

    /// The server, or an error that says what is wrong.
    pub fn required() -> Result<Server> {
        match (Server::find(), std::env::var_os("PG_CONFIG")) {
            (Some(server), _) => Ok(server),
            (None, None) => fail("no PostgreSQL 15 to 18 with its headers is installed"),
            (None, Some(path)) => fail(format!(
                "PG_CONFIG is {path:?}, which is no pg_config of a PostgreSQL 15 to 18 with server and headers; \
                 unset it to use what is installed"
            )),
        }
    }

    /// Whether a library (`pg_cron`) can be loaded by this server.
    pub fn has_library(&self, name: &str) -> bool {
        self.library(name).exists()
    }

    /// Where a library of this name is, or would be.
    pub(super) fn library(&self, name: &str) -> PathBuf {
        self.lib.join(format!("{name}.so"))
    }

    /// Where control files and extension scripts are.
    pub(super) fn extension(&self) -> PathBuf {
        self.share.join("extension")
    }

    /// Whether Debian's packages, such as that of pg_cron, are for this server.
    pub(super) fn is_debians(&self) -> bool {
        self.bin.starts_with("/usr/lib/postgresql")
    }

    /// The feature of `erp_sync` that builds for this server.
    pub fn feature(&self) -> String {
        format!("pg{}", self.major)
    }

    /// The server of a `pg_config`, when it is whole and of a version that the extension is built for.
    pub(super) fn of(pg_config: &Path) -> Option<Server> {
        let ask = |what: &str| ask(pg_config, what).ok();
        let version = ask("--version")?;
        let digits = version.split_once(' ')?.1;
        let major = digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        let (bin, lib) = (PathBuf::from(ask("--bindir")?), ask("--pkglibdir")?.into());
        let headers = PathBuf::from(ask("--includedir-server")?);
        let whole = bin.join("postgres").exists() && headers.join("postgres.h").exists();
        let share = ask("--sharedir")?.into();
        let server = Server { major, pg_config: pg_config.into(), version, bin, lib, share };
        (whole && MAJORS.contains(&major)).then_some(server)
    }

    /// What its `pg_config` says, asked as in `--libdir`.
    pub(super) fn ask(&self, what: &str) -> Result<String> {
        ask(&self.pg_config, what)
    }

    /// The folder that everything of the server is in. Programs of a wheel find the libraries they were
    /// packed with by their way to the folder `PACKAGE.libs` beside the package, so it is the one above.
    fn root(&self) -> PathBuf {
        match self.packed_libraries().as_deref().and_then(Path::parent) {
            Some(above) => above.into(),
            None => common_folder(&[&self.bin, &self.lib, &self.share]),
        }
    }

    /// The libraries that a wheel brings with it.
    pub(super) fn packed_libraries(&self) -> Option<PathBuf> {
        let common = common_folder(&[&self.bin, &self.lib, &self.share]);
        let package = common.parent()?.file_name()?.to_string_lossy();
        common.join(format!("../../{package}.libs")).canonicalize().ok()
    }

    /// What tells one state of the installation from another.
    fn stamp(&self) -> String {
        let changed =
            |path: &Path| path.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let extension = self.share.join("extension");
        let folders = [&self.bin, &self.lib, &self.share, &extension];
        format!("{} {:?}\n{:?}\n", self.version, self.bin, folders.map(|folder| changed(folder)))
    }
}

/// A private copy of a server.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Its programs.
    pub(super) bin: PathBuf,
    /// Major version.
    pub(super) major: u32,
    /// Where it looks for libraries.
    pub(super) lib: PathBuf,
    /// Where it looks for control files and extension scripts.
    pub(super) extension: PathBuf,
    /// Full version as one word, for names of files.
    pub(super) version: String,
}

impl Tree {
    /// The copy of a server under `ground`; made anew when the installed server has changed.
    pub(super) fn of(server: &Server, ground: &Path) -> Result<Tree> {
        let top = top(server, ground);
        if std::fs::read_to_string(top.join("stamp")).is_ok_and(|stamp| stamp == server.stamp()) {
            return Tree::at(server, &top);
        }
        let fresh = ground.join(format!("server-{}.new", server.major));
        process::remove_dir(&fresh)?;
        let tree = Tree::at(server, &fresh)?;
        tree.fill(server, &fresh)?;
        process::replace(&fresh.join("stamp"), server.stamp().as_bytes(), 0o644)?;
        process::remove_dir(&top)?;
        std::fs::rename(&fresh, &top).context(top.display())?;
        Tree::at(server, &top)
    }

    /// Where the copy is, or would be.
    pub(super) fn place(server: &Server, ground: &Path) -> Result<Tree> {
        Tree::at(server, &top(server, ground))
    }

    /// The same way from `postgres` to its folders as in the installed server.
    fn at(server: &Server, top: &Path) -> Result<Tree> {
        let root = server.root();
        let place = |folder: &Path| Ok::<_, super::Error>(top.join(folder.strip_prefix(&root)?));
        let version = server.version.split(' ').nth(1).unwrap_or_default().to_owned();
        let extension = place(&server.share)?.join("extension");
        let (bin, lib) = (place(&server.bin)?, place(&server.lib)?);
        Ok(Tree { bin, major: server.major, lib, extension, version })
    }

    fn fill(&self, server: &Server, top: &Path) -> Result<()> {
        make_dir(&self.bin)?;
        for program in entries(&server.bin)? {
            let to = self.bin.join(program.file_name().unwrap_or_default());
            std::fs::copy(&program, &to).context(program.display())?;
        }
        let share = self.extension.parent().unwrap_or(&self.extension);
        let Some(libraries) = server.packed_libraries() else {
            link_entries(&server.lib, &self.lib)?;
            link_entries(&server.extension(), &self.extension)?;
            return link_entries(&server.share, share);
        };
        // A wheel is under the target folder, where the servers' user may not be able to go.
        copy_dir(&server.lib, &self.lib)?;
        copy_dir(&server.share, share)?;
        copy_dir(&libraries, &top.join(libraries.file_name().unwrap_or_default()))
    }
}

fn ask(pg_config: &Path, what: &str) -> Result<String> {
    let answer = process::output(Command::new(pg_config).arg(what), "asking pg_config")?;
    Ok(answer.trim().to_owned())
}

fn top(server: &Server, ground: &Path) -> PathBuf {
    ground.join(format!("server-{}", server.major))
}

fn common_folder(folders: &[&Path]) -> PathBuf {
    let first = folders.first().copied().unwrap_or(Path::new("/"));
    let all_below = |ancestor: &&Path| folders.iter().all(|folder| folder.starts_with(ancestor));
    first.ancestors().find(all_below).unwrap_or(Path::new("/")).to_owned()
}

/// Links everything in a folder but an `erp_sync` that is installed there, and but what is there already.
fn link_entries(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    for entry in entries(from)? {
        let name = entry.file_name().unwrap_or_default();
        let link = to.join(name);
        if !name.to_string_lossy().starts_with("erp_sync") && !link.exists() {
            symlink(&entry, &link).context(link.display())?;
        }
    }
    Ok(())
}

/// Copies a folder with all that is in it.
fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    let mut cp = Command::new("cp");
    cp.args(["--recursive", "--no-target-directory"]).arg(from).arg(to);
    process::output(&mut cp, "copying a server").map(drop)
}

/// The files and folders in a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).context(folder.display())?;
    entries.map(|entry| Ok(entry.context(folder.display())?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_the_way_from_the_programs_to_the_libraries() {
        let folders =
            ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/15/lib", "/usr/share/postgresql/15"];
        assert_eq!(common_folder(&folders.map(Path::new)), Path::new("/usr"));
        let folders = ["/opt/pg/bin", "/opt/pg/lib", "/opt/pg/share"];
        assert_eq!(common_folder(&folders.map(Path::new)), Path::new("/opt/pg"));
    }
}
