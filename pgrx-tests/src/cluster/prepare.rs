//! What every cluster needs before it can start: the server tree with the extension in it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::process::Context;
use super::server_tree::{Server, Tree};
use super::user::User;
use super::workspace::Workspace;
use super::{Result, build, debian, install, slot};

/// A server tree with the extension installed.
pub struct Prepared {
    pub(super) ground: PathBuf,
    pub(super) tree: Tree,
    pub(super) user: User,
    /// How many files had to be installed or replaced.
    pub installed: usize,
}

/// Builds the extension and installs it into this clone's server tree, once per process.
/// Needs all of [`debian::missing`]. Processes that do this at the same time wait for each other.
pub fn prepare() -> Result<&'static Prepared> {
    static PREPARED: OnceLock<Result<Prepared, String>> = OnceLock::new();
    let prepared = PREPARED.get_or_init(|| new().map_err(|error| error.to_string()));
    prepared.as_ref().map_err(|error| error.clone().into())
}

impl Prepared {
    /// What is there already: nothing is built, copied or installed.
    pub(super) fn as_it_is() -> Result<Prepared> {
        debian::check()?;
        let server = Server::required()?;
        let user = User::of_servers()?;
        let ground = Workspace::find()?.ground(&user)?;
        let tree = Tree::place(&server, &ground)?;
        Ok(Prepared { ground, tree, user, installed: 0 })
    }
}

fn new() -> Result<Prepared> {
    debian::check()?;
    let server = Server::required()?;
    let workspace = Workspace::find()?;
    let user = User::of_servers()?;
    let ground = workspace.ground(&user)?;
    let _lock = lock(&ground)?;
    let tree = Tree::of(&server, &ground)?;
    let library = build::library(&workspace, &server, &install::library_in(&tree))?;
    let installed = install::install(&workspace, &library, &tree)?;
    slot::sweep(&ground, &tree, &user)?;
    Ok(Prepared { ground, tree, user, installed })
}

/// Held until it is dropped.
pub(super) fn lock(ground: &std::path::Path) -> Result<File> {
    let path = ground.join("lock");
    let file = File::create(&path).context(path.display())?;
    file.lock().context(path.display())?;
    Ok(file)
}
