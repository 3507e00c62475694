//! That the extension compiles for the majors on which no test runs.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use erp_sync_tests::cluster::{Result, Server, Workspace};

use super::step::{cargo, step};

/// Stands before every call of the compiler. pgrx brings bindings of each major for the page with its
/// documentation, and this asks for them where there are no headers to make them from. They are enough to
/// compile with, not to build a library for use.
const WRAPPER: &str = "\
#!/bin/sh
rustc=$1; shift
case \" $* \" in *' --crate-name pgrx_pg_sys '*) exec \"$rustc\" \"$@\" --cfg docsrs;; esac
exec \"$rustc\" \"$@\"
";

fn line(major: u32) -> String {
    format!("check --package erp_sync --lib --no-default-features --features pg{major}")
}

/// With the server's own headers.
pub fn with_headers(server: &Server) -> Result<()> {
    let major = server.major;
    step(&format!("compiling for PostgreSQL {major}"), || cargo(server, &line(major), None))
}

/// With pgrx's own bindings; in a target folder of its own, so that nothing is ever linked with them.
pub fn without_headers(major: u32) -> Result<()> {
    step(&format!("compiling for PostgreSQL {major}, without its headers"), || {
        let workspace = Workspace::find()?;
        let target = workspace.target.join(format!("bindings-pg{major}"));
        let mut cargo = workspace.cargo();
        cargo.env("CARGO_TARGET_DIR", &target).env("RUSTC_WRAPPER", wrapper(target)?).env("DOCS_RS", "1");
        match cargo.args(line(major).split(' ')).stdin(Stdio::null()).status()?.success() {
            true => Ok(()),
            false => Err(format!("the extension does not compile for PostgreSQL {major}").into()),
        }
    })
}

fn wrapper(folder: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("rustc.sh");
    std::fs::write(&path, WRAPPER)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path)
}
