//! Reads files of the database server's machine that options name: regular ones of bounded size.
//!
//! Whatever is wrong with a file comes out as one and the same nothing: else the answer would tell
//! which files there are and of which kind.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The content of a regular file of at most 1 MB. Never waits: a FIFO is opened without its writer.
pub(crate) fn read(path: &str) -> Option<Vec<u8>> {
    // Opening a device may do something already.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > LONGEST {
        return None;
    }
    let mut content = Vec::new();
    // It may grow meanwhile, and files of /proc tell no length.
    file.take(LONGEST + 1).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= LONGEST).then_some(content)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("erp_sync_files_{}_{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_regular_file_is_read_through_a_link_too() {
        let folder = folder("regular");
        let (file, link) = (folder.join("a"), folder.join("b"));
        fs::write(&file, "secret").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(file.to_str().unwrap()).unwrap(), b"secret");
        assert_eq!(read(link.to_str().unwrap()).unwrap(), b"secret");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn all_that_is_no_short_regular_file_is_the_same_nothing() {
        let folder = folder("others");
        let (fifo, long, exact) = (folder.join("fifo"), folder.join("long"), folder.join("exact"));
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        fs::write(&long, vec![b'x'; (1 << 20) + 1]).unwrap();
        fs::write(&exact, vec![b'x'; 1 << 20]).unwrap();
        let others = ["/dev/zero", "/dev/tty", "/proc/self/mem", "/no/such/file", "/tmp", "a\0b", ""];
        assert!(others.into_iter().all(|path| read(path).is_none()));
        assert!(read(fifo.to_str().unwrap()).is_none(), "and is not waited for");
        assert!(read(long.to_str().unwrap()).is_none());
        assert_eq!(read(exact.to_str().unwrap()).map(|content| content.len()), Some(1 << 20));
        fs::remove_dir_all(folder).unwrap();
    }
}
