//! A small disk of a server's own: memory that is mounted where only the server sees it. Needs no
//! root: an ordinary user mounts it in a namespace of users of his own.

use std::path::PathBuf;
use std::process::Command;

use super::Result;
use super::instance::Instance;
use super::process;

/// Mounts a disk and becomes the program behind the first four arguments: its size, its place, and whose it is.
const AS_ROOT: &str = r#"mount -t tmpfs -o "size=$1m,mode=700,uid=$3,gid=$4" tmpfs "$2" || exit
uid=$3 gid=$4; shift 4; exec setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@""#;
const AS_USER: &str = r#"mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$2" || exit
shift 4; exec "$@""#;

/// Where the disk is seen. PostgreSQL warns of a tablespace inside the data folder, and then makes it.
pub(super) fn folder(instance: &Instance) -> PathBuf {
    instance.data.join("disk")
}

/// One of the server's programs, which sees the disk, as do all it starts. A disk lives as long as they do.
pub(super) fn program(instance: &Instance, name: &str, megabytes: u32) -> Result<Command> {
    let folder = folder(instance);
    process::make_dir(&folder)?;
    instance.user.own(&folder)?;
    let mut command = instance.user.private(AS_ROOT, AS_USER);
    command.arg(megabytes.to_string()).arg(&folder).args(instance.user.ids().map(|id| id.to_string()));
    command.arg(instance.tree.bin.join(name));
    Ok(command)
}
