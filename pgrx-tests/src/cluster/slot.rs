//! A place for one cluster: a data folder with a log and a lock file beside it. Whoever
//! holds the lock owns the data; a killed process holds nothing, so what it left is found.

use std::fs::File;
use std::path::Path;

use super::instance::{Instance, Stop};
use super::process::{self, Context};
use super::server_tree::{Tree, entries};
use super::user::User;
use super::{Prepared, Result};

/// Folder of the clusters that live as long as a test.
pub(super) const TESTS: &str = "tests";
/// Folder of the clusters that stay.
pub(super) const LASTING: &str = "lasting";

/// A place that is ours as long as this value lives.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    _lock: File,
}

impl Slot {
    /// Takes the first of `name`, `name-2`, `name-3` ... that nobody uses.
    pub(super) fn take_first(prepared: &Prepared, folder: &str, name: &str) -> Result<Slot> {
        let further = (2..).map(|n| format!("{name}-{n}"));
        for name in std::iter::once(name.to_owned()).chain(further) {
            if let Some(slot) = Slot::take(prepared, folder, &name)? {
                return Ok(slot);
            }
        }
        unreachable!("there are more numbers than clusters")
    }

    /// Takes a place, unless another process or thread has it.
    pub(super) fn take(prepared: &Prepared, folder: &str, name: &str) -> Result<Option<Slot>> {
        let folder = prepared.ground.join(folder);
        process::make_dir(&folder)?;
        prepared.user.own(&folder)?;
        take(&folder.join(format!("{name}.lock")), name)
    }
}

fn take(path: &Path, name: &str) -> Result<Option<Slot>> {
    let file = File::options().create(true).append(true).open(path).context(path.display())?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Slot { name: name.into(), _lock: file })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(error) => Err(error).context(path.display()),
    }
}

/// The instance of a place.
pub(super) fn instance(ground: &Path, folder: &str, name: &str, tree: &Tree, user: &User) -> Instance {
    let folder = ground.join(folder);
    let (data, log) = (folder.join(name), folder.join(format!("{name}.log")));
    Instance { tree: tree.clone(), user: *user, data, log, disk_mb: None, memory_mb: None }
}

/// Stops and removes the clusters of tests whose process is gone.
pub(super) fn sweep(ground: &Path, tree: &Tree, user: &User) -> Result<()> {
    let folder = ground.join(TESTS);
    let places = if folder.is_dir() { entries(&folder)? } else { Vec::new() };
    for path in places.iter().filter(|path| path.is_dir()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(_slot) = take(&folder.join(format!("{name}.lock")), &name)? {
            let left_over = instance(ground, TESTS, &name, tree, user);
            left_over.stop(Stop::Immediate)?;
            process::remove_dir(path)?;
        }
    }
    Ok(())
}
