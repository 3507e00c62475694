//! FreeTDS's command line client.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use erp_sync_tests::tds::{DATABASE, PASSWORD, Tds, USER};

/// How a client comes in.
pub struct Login<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub database: &'a str,
    /// `off`, `request` or `require`.
    pub encryption: &'a str,
}

pub const READER: Login<'static> =
    Login { user: USER, password: PASSWORD, database: DATABASE, encryption: "off" };

/// What it says: rows with a bar between their columns, and messages.
pub struct Said {
    pub rows: Vec<String>,
    pub messages: String,
}

/// Runs statements as the reader.
pub fn tsql(tds: &Tds, sql: &str) -> Said {
    tsql_as(tds, &READER, sql)
}

/// Runs statements.
pub fn tsql_as(tds: &Tds, login: &Login<'_>, sql: &str) -> Said {
    let settings = settings(login.encryption);
    let mut child = Command::new("tsql")
        .args(["-H", "127.0.0.1", "-p", &tds.port().to_string(), "-D", login.database])
        .args(["-U", login.user, "-P", login.password, "-o", "qfh", "-t", "|"])
        .env("FREETDSCONF", &settings)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tsql of the Debian package freetds-bin");
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{sql}\ngo\nexit\n").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let _ = std::fs::remove_file(settings);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().filter(|line| !line.starts_with("locale ") && !line.is_empty());
    Said {
        rows: rows.map(str::to_string).collect(),
        messages: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn settings(encryption: &str) -> std::path::PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("freetds-{}-{number}.conf", std::process::id()));
    let settings = format!(
        "[global]\ntds version = 7.4\nclient charset = UTF-8\nencryption = {encryption}\ntext size = \
         2147483647\n"
    );
    std::fs::write(&path, settings).unwrap();
    path
}
