//! Whom servers run as. PostgreSQL refuses to run as root, so root's servers run
//! as the user `postgres`; everybody else's run as themselves.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::Result;
use super::process::{self, Context};

/// The user that servers run as.
#[derive(Clone, Copy, Debug)]
pub struct User {
    uid: u32,
    gid: u32,
    /// Whether that is somebody else than ourselves.
    other: bool,
}

impl User {
    /// `postgres` when we are root, else ourselves.
    pub fn of_servers() -> Result<User> {
        let me = std::fs::metadata("/proc/self").context("/proc/self")?;
        if me.uid() != 0 {
            return Ok(User { uid: me.uid(), gid: me.gid(), other: false });
        }
        Ok(User { uid: id("-u")?, gid: id("-g")?, other: true })
    }

    /// A program run as this user, in a folder that it can enter and with nothing of our
    /// environment: no `PG...` variable and no proxy may change what a server does.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// A shell with mounts of its own, for root or for anybody else.
    pub(super) fn private(&self, as_root: &str, as_user: &str) -> Command {
        let mut command = User { other: false, ..*self }.command(Path::new("/usr/bin/unshare"));
        match self.other {
            true => command.args(["--mount", "sh", "-c", as_root]),
            false => {
                command.args(["--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c", as_user])
            }
        };
        command.arg("sh");
        command
    }

    /// User and group by number.
    pub(super) fn ids(&self) -> [u32; 2] {
        [self.uid, self.gid]
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        match self.other {
            true => chown(path, Some(self.uid), Some(self.gid)).context(path.display()),
            false => Ok(()),
        }
    }

    /// Whether this user can reach what lies in a folder.
    pub(super) fn can_enter(&self, folder: &Path) -> bool {
        let mut test = self.command(Path::new("/usr/bin/test"));
        test.arg("-x").arg(folder).status().is_ok_and(|status| status.success())
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }
}

fn id(which: &str) -> Result<u32> {
    let id = process::output(
        Command::new("id").args([which, "postgres"]),
        "looking for the user postgres, as whom root runs servers",
    )?;
    id.trim().parse().context("reading the id of the user postgres")
}
