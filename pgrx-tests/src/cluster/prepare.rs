//! What every cluster needs before it can start: the server tree with the extension in it.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;

use super::process::Context;
use super::server_tree::{Server, Tree};
use super::user::User;
use super::workspace::Workspace;
use super::{Result, build, debian, install, slot};

/// A server tree with the extension installed.
#[derive(Debug)]
pub struct Prepared {
    pub(super) ground: PathBuf,
    pub(super) tree: Tree,
    pub(super) user: User,
    /// Whether pg_cron can be loaded.
    pub has_pg_cron: bool,
    /// How many files had to be installed or replaced.
    pub installed: usize,
}

/// Builds the extension and installs it into this clone's server tree, once per process.
/// Needs all of [`debian::missing`]. Processes that do this at the same time wait for each other.
pub fn prepare() -> Result<&'static Prepared> {
    debian::check()?;
    prepare_for(&Server::required()?)
}

/// The same for another server than the one that the tests are for.
pub fn prepare_for(server: &Server) -> Result<&'static Prepared> {
    static PREPARED: Mutex<Option<HashMap<PathBuf, Result<&'static Prepared, String>>>> = Mutex::new(None);
    let mut prepared = PREPARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let prepared = prepared.get_or_insert_default().entry(server.pg_config.clone());
    prepared
        .or_insert_with(|| new(server).map(leaked).map_err(|error| error.to_string()))
        .clone()
        .map_err(Into::into)
}

/// Needed as long as the process lives.
fn leaked(prepared: Prepared) -> &'static Prepared {
    Box::leak(Box::new(prepared))
}

impl Prepared {
    /// Major version of the server.
    pub fn major(&self) -> u32 {
        self.tree.major
    }

    /// The scripts of `create extension` and `alter extension` that were installed: the generated one, upgrades, and
    /// those of older versions.
    pub fn scripts(&self) -> Result<Vec<PathBuf>> {
        install::scripts_in(&self.tree)
    }

    /// What is there already: nothing is built, copied or installed.
    pub(super) fn as_it_is() -> Result<Prepared> {
        debian::check()?;
        let server = Server::required()?;
        let user = User::of_servers()?;
        let ground = Workspace::find()?.ground(&user)?;
        let tree = Tree::place(&server, &ground)?;
        Ok(Prepared { ground, tree, user, has_pg_cron: server.has_library("pg_cron"), installed: 0 })
    }
}

fn new(server: &Server) -> Result<Prepared> {
    let workspace = Workspace::find()?;
    let user = User::of_servers()?;
    let ground = workspace.ground(&user)?;
    let _lock = lock(&ground)?;
    let tree = Tree::of(server, &ground)?;
    let library = build::library(&workspace, server, &install::library_in(&tree))?;
    let installed = install::install(&workspace, &library, &tree)?;
    slot::sweep(&ground, &tree, &user)?;
    Ok(Prepared { ground, tree, user, has_pg_cron: server.has_library("pg_cron"), installed })
}

/// Held until it is dropped.
pub(super) fn lock(ground: &std::path::Path) -> Result<File> {
    let path = ground.join("lock");
    let file = File::create(&path).context(path.display())?;
    file.lock().context(path.display())?;
    Ok(file)
}
