//! Where the clone is, where cargo builds, and where clusters may live.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::process::{self, Context};
use super::user::User;
use super::{Result, fail};

/// The clone this program was built from, as cargo sees it.
pub struct Workspace {
    /// Folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Version of the package `erp_sync`.
    pub version: String,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Workspace> {
        let answer = process::output(
            cargo(root()).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]),
            "asking cargo for the workspace",
        )?;
        let answer: Value = serde_json::from_str(&answer).context("reading cargo's metadata")?;
        let package = answer["packages"].as_array().into_iter().flatten().find(|p| p["name"] == "erp_sync");
        match (answer["target_directory"].as_str(), package.and_then(|p| p["version"].as_str())) {
            (Some(target), Some(version)) => {
                Ok(Workspace { root: root().into(), target: target.into(), version: version.into() })
            }
            _ => fail(format!("cargo knows no package \"erp_sync\" in {}", root().display())),
        }
    }

    /// Cargo, at the root of the workspace.
    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// The folder for server trees and clusters of this clone, made when missing: under the
    /// target folder, or, where the servers' user cannot get there, under the system's temporary folder.
    pub(super) fn ground(&self, user: &User) -> Result<PathBuf> {
        let id = self.id();
        process::make_dir(&self.target)?;
        if user.can_enter(&self.target) {
            let ground = self.target.join("clusters").join(id);
            process::make_dir(&ground)?;
            return Ok(ground);
        }
        let ground = std::env::temp_dir().join(format!("erp_sync-{id}"));
        make_private(&ground, user)?;
        Ok(ground)
    }

    /// Short name of this clone: several may share one target folder.
    fn id(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.root.hash(&mut hasher);
        format!("{:08x}", hasher.finish() as u32)
    }
}

fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Cargo without what the cargo that started this program has set for it.
fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if own.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Makes a folder that only the servers' user (and root) can enter. Anybody may write to
/// the temporary folder, so one that is there already must be ours.
fn make_private(folder: &Path, user: &User) -> Result<()> {
    if std::fs::DirBuilder::new().mode(0o700).create(folder).is_ok() {
        return user.own(folder);
    }
    let seen = folder.symlink_metadata().context(folder.display())?;
    match seen.is_dir() && seen.uid() == user.uid() && seen.mode() & 0o077 == 0 {
        true => Ok(()),
        false => fail(format!("{} is not ours; remove it and try again", folder.display())),
    }
}
