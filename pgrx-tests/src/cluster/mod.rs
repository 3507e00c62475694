//! Private PostgreSQL clusters with the extension installed, for tests and for people.
//!
//! ```no_run
//! let cluster = erp_sync_tests::cluster::Cluster::start("example");
//! let mut client = cluster.client("postgres", "postgres");
//! client.batch_execute("create extension erp_sync").unwrap();
//! ```
//!
//! Everything lies under cargo's target folder: a copy of the installed server with the
//! extension in it, and the data folders. Servers listen on 127.0.0.1 alone and trust
//! whoever connects, so a test can be any role.

mod build;
pub mod debian;
mod disk;
mod install;
mod instance;
mod options;
mod pg_cron;
mod prepare;
mod process;
pub mod pypi;
mod server_tree;
mod shared;
mod slot;
mod tools;
mod upgrade;
mod user;
mod wait;
mod workspace;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use instance::Instance;
use slot::Slot;

pub use build::for_server;
pub use instance::Stop;
pub use options::Options;
pub use prepare::{Prepared, prepare, prepare_for};
pub use server_tree::Server;
pub use tools::Tools;
pub use wait::wait_for;
pub use workspace::Workspace;

/// What can go wrong here, for a person to read.
pub type Error = Box<dyn std::error::Error>;

/// Result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(message.into().into())
}

/// A running cluster. Its functions panic with a message when something fails: they are for tests.
#[derive(Debug)]
pub struct Cluster {
    instance: Instance,
    port: u16,
    at_drop: AtDrop,
    /// Keeps others from using the same data folder.
    _slot: Option<Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtDrop {
    /// Stop the server and remove its data.
    Remove,
    /// Leave everything as it is.
    Leave,
}

impl Cluster {
    /// A new cluster with the extension as the sources are now, stopped and removed when it
    /// is dropped. The name is that of its data folder and its log file.
    pub fn start(name: &str) -> Cluster {
        Cluster::options(name).start().unwrap_or_else(|error| panic!("cluster \"{name}\": {error}"))
    }

    /// The same with a choice of settings.
    pub fn options(name: &str) -> Options {
        Options::new(name)
    }

    /// One cluster for all tests of a test binary, stopped when the process ends.
    pub fn shared() -> &'static Cluster {
        shared::cluster()
    }

    /// A connection URL. A role needs no password.
    pub fn url(&self, database: &str, user: &str) -> String {
        format!("postgresql://{}@127.0.0.1:{}/{}", encode(user), self.port, encode(database))
    }

    /// The port on 127.0.0.1, the same through every restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything the server has logged so far.
    pub fn log(&self) -> String {
        self.instance.log_text()
    }

    /// The log behind the first `bytes`, and its length now: for who looks often.
    pub fn log_behind(&self, bytes: u64) -> (String, u64) {
        self.instance.log_behind(bytes).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A client.
    pub fn client(&self, database: &str, user: &str) -> postgres::Client {
        postgres::Client::connect(&self.url(database, user), postgres::NoTls)
            .unwrap_or_else(|error| panic!("connecting as {user} to {database}: {error:?}"))
    }

    /// Stops this cluster and makes a new one of it on another server, with pg_upgrade; both keep their
    /// data as long as their values live. The settings are those of a test cluster.
    pub fn upgrade(&self, server: &'static Prepared) -> Result<Cluster> {
        upgrade::upgrade(self, server)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) {
        let quoted = name.replace('"', "\"\"");
        let made =
            self.client("postgres", "postgres").batch_execute(&format!("create database \"{quoted}\""));
        made.unwrap_or_else(|error| panic!("creating database \"{name}\": {error:?}"));
    }

    /// Runs SQL through the real psql, statement by statement, up to the first error.
    pub fn psql(&self, database: &str, user: &str, sql: &str) -> Output {
        let mut psql = self.psql_command(database, user);
        psql.args(["--no-psqlrc", "--set=ON_ERROR_STOP=1"]);
        process::feed(psql.stdout(Stdio::piped()).stderr(Stdio::piped()), sql)
            .unwrap_or_else(|error| panic!("running psql: {error}"))
    }

    /// psql with a connection to this cluster, for further arguments.
    pub fn psql_command(&self, database: &str, user: &str) -> Command {
        let mut psql = self.command("psql");
        psql.arg("--dbname").arg(self.url(database, user));
        psql
    }

    /// The output of `pg_dump`, run as a user on a database. Panics when it fails.
    pub fn dump(&self, database: &str, user: &str, arguments: &[&str]) -> String {
        let mut dump = self.command("pg_dump");
        dump.arg("--dbname").arg(self.url(database, user)).args(arguments);
        let dump =
            dump.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("running pg_dump: {error}"));
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        String::from_utf8_lossy(&dump.stdout).into_owned()
    }

    /// A program of this cluster's PostgreSQL, such as `pg_dump`, without settings from outside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.instance.tree.bin.join(program));
        let inherited = std::env::vars_os().map(|(name, _)| name);
        inherited.filter(|name| name.to_string_lossy().starts_with("PG")).for_each(|name| {
            command.env_remove(name);
        });
        command
    }

    /// Stops the cluster in an orderly way and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Stops the cluster in an orderly way.
    pub fn stop(&self) {
        self.instance.stop(Stop::Fast).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops the cluster as if the power had failed.
    pub fn stop_immediate(&self) {
        self.instance.stop(Stop::Immediate).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Starts a cluster that was stopped, on the same port.
    pub fn start_again(&self) {
        self.instance.start(self.port).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Kills one of the cluster's processes as the kernel does when memory runs out. The
    /// cluster then throws out everybody and recovers; returns when it takes connections again.
    pub fn kill_backend(&self, pid: i32) {
        self.instance.kill(pid).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Kills the cluster's first process, the postmaster, and waits until the others have ended by
    /// themselves. Returns how long that took.
    pub fn kill_postmaster(&self) -> Duration {
        self.instance.kill_first().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The small disk of a cluster that has one ([`Options::with_disk`]).
    pub fn disk(&self) -> PathBuf {
        disk::folder(&self.instance)
    }

    /// The lasting cluster of a name ([`Options::lasting`]), if it runs.
    pub fn find(name: &str) -> Result<Option<Cluster>> {
        Options::lasting(name).find()
    }

    /// Leaves the server running when this value is dropped.
    pub fn leave(&mut self) {
        self.at_drop = AtDrop::Leave;
    }

    /// Stops the server and removes its data when this value is dropped.
    pub fn remove(&mut self) {
        self.at_drop = AtDrop::Remove;
    }

    /// Stops a lasting cluster; its data stays.
    pub fn end(&self, how: Stop) -> Result<()> {
        self.instance.stop(how)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.at_drop == AtDrop::Leave {
            return;
        }
        if std::thread::panicking() {
            eprintln!("the end of {}:\n{}", self.instance.log.display(), self.instance.log_tail(100));
        }
        self.instance.stop_and_remove();
    }
}

/// Percent-encodes what has a meaning of its own in a URL.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
