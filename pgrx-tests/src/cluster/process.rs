//! Running other programs and touching files, with errors that say what was done.

use std::fmt::Display;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{Result, fail};

/// Says what was being done when an error came.
pub(super) trait Context<T> {
    fn context(self, doing: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Display) -> Result<T> {
        self.map_err(|error| format!("{doing}: {error}").into())
    }
}

/// Runs a program to its end and returns what it wrote to stdout.
pub(super) fn output(command: &mut Command, doing: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().context(format!("{doing} ({command:?})"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(stdout.into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    fail(format!("{doing} failed ({command:?}):\n{}{}", stdout, stderr.trim_end()))
}

/// Makes a folder, with those above it, that everybody can enter whatever the umask is.
pub(super) fn make_dir(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_dir(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).context(folder.display())
        }
        _ => set_mode(folder, 0o755),
    }
}

/// Sets the permission bits.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).context(path.display())
}

/// Removes a folder with all that is in it, if it is there.
pub(super) fn remove_dir(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(folder.display()),
        _ => Ok(()),
    }
}

/// Writes a file by rename, so that a process which uses the old one keeps it whole;
/// a file that holds the same bytes already is left alone. Tells whether it was written.
pub(super) fn replace(path: &Path, content: &[u8], mode: u32) -> Result<bool> {
    if std::fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = Path::new(&fresh);
    std::fs::write(fresh, content).context(fresh.display())?;
    set_mode(fresh, mode)?;
    std::fs::rename(fresh, path).context(path.display())?;
    Ok(true)
}

/// Runs a program with text on its stdin.
pub(super) fn feed(command: &mut Command, text: &str) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // A program that ends early closes its stdin: its exit code says so better than we can.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(text.as_bytes())));
        child.wait_with_output()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_by_another_one_and_only_when_it_differs() {
        let path = std::env::temp_dir().join(format!("erp_sync-replace-{}", std::process::id()));
        assert!(replace(&path, b"one", 0o644).unwrap());
        let inode = path.metadata().unwrap().ino();
        assert!(!replace(&path, b"one", 0o644).unwrap());
        assert_eq!(path.metadata().unwrap().ino(), inode);
        // Somebody who has the old file open keeps it, and its inode with it.
        let _open = std::fs::File::open(&path).unwrap();
        assert!(replace(&path, b"two", 0o644).unwrap());
        assert_ne!(path.metadata().unwrap().ino(), inode);
        std::fs::remove_file(&path).unwrap();
    }
}
