//! One data folder and the server that runs on it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::disk;
use super::process::{self, Context};
use super::server_tree::Tree;
use super::user::User;
use super::wait::wait_for;
use super::{Result, fail};

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Clients are sent away, everything is written.
    Fast,
    /// As if the power had failed: the next start recovers.
    Immediate,
}

/// One data folder, running or not.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) tree: Tree,
    pub(super) user: User,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
    /// Megabytes of a disk of its own.
    pub(super) disk_mb: Option<u32>,
    /// Megabytes that each of the server's processes may map.
    pub(super) memory_mb: Option<u32>,
}

/// A server at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) port: u16,
}

impl Instance {
    /// One of the server's programs, as the servers' user.
    pub(super) fn program(&self, name: &str) -> Command {
        self.user.command(&self.tree.bin.join(name))
    }

    /// The same, where it and all it starts may map only so much: beyond it an allocation fails.
    fn limited(&self, name: &str, megabytes: u32) -> Command {
        let mut command = self.user.command(Path::new("/usr/bin/prlimit"));
        command.arg(format!("--as={}", u64::from(megabytes) << 20)).arg(self.tree.bin.join(name));
        command
    }

    /// Makes a new data folder. Without `durable` nothing is flushed to disk.
    pub(super) fn initdb(&self, durable: bool) -> Result<()> {
        let mut initdb = self.program("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.args(if durable { &[][..] } else { &["--no-sync"][..] }).arg("--pgdata").arg(&self.data);
        process::output(&mut initdb, "making a new cluster")?;
        let main = self.data.join("postgresql.conf");
        let mut text = std::fs::read_to_string(&main).context(main.display())?;
        text.push_str("\ninclude 'erp_sync.conf'\n");
        std::fs::write(&main, text).context(main.display())
    }

    /// Makes the data folder a copy of that of a running server, which it is going to follow.
    pub(super) fn follow(&self, port: u16) -> Result<()> {
        let mut copy = self.program("pg_basebackup");
        copy.args(["--host=127.0.0.1", "--username=postgres", "--checkpoint=fast", "--write-recovery-conf"]);
        copy.args(["--no-sync", "--port"]).arg(port.to_string()).arg("--pgdata").arg(&self.data);
        process::output(&mut copy, "copying a running cluster").map(drop)
    }

    /// Writes the settings that hold from the next start on.
    pub(super) fn configure(&self, settings: &[(String, String)]) -> Result<()> {
        let line = |(name, value): &(String, String)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        let text: String = settings.iter().map(line).collect();
        let file = self.data.join("erp_sync.conf");
        process::replace(&file, text.as_bytes(), 0o600)?;
        self.user.own(&file)
    }

    /// Starts the server on a port and waits until it takes connections.
    pub(super) fn start(&self, port: u16) -> Result<()> {
        let mut start = match (self.disk_mb, self.memory_mb) {
            (None, None) => self.program("pg_ctl"),
            (None, Some(megabytes)) => self.limited("pg_ctl", megabytes),
            (Some(megabytes), _) => disk::program(self, "pg_ctl", megabytes)?,
        };
        start.args(["start", "--silent", "--wait", "--timeout=120", "--options"]).arg(format!("-p {port}"));
        start.arg("--pgdata").arg(&self.data).arg("--log").arg(&self.log);
        match process::output(&mut start, "starting the cluster") {
            Ok(_) => Ok(()),
            Err(error) => fail(format!("{error}\nthe end of {}:\n{}", self.log.display(), self.log_tail(20))),
        }
    }

    /// Stops the server and waits until it is gone; nothing to do when it does not run.
    pub(super) fn stop(&self, how: Stop) -> Result<()> {
        if self.running().is_none() {
            return Ok(());
        }
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--wait", "--timeout=120", "--mode", mode]);
        process::output(stop.arg("--pgdata").arg(&self.data), "stopping the cluster")?;
        Ok(())
    }

    /// Stops the server at once and removes its data; what it logged stays. For places where
    /// nobody can be told of a failure but by a line on stderr.
    pub(super) fn stop_and_remove(&self) {
        let gone = self.stop(Stop::Immediate).and_then(|()| process::remove_dir(&self.data));
        gone.unwrap_or_else(|error| eprintln!("{error}"));
    }

    /// Kills one process of the server, after a look whether it is one, and waits until the
    /// server has recovered: a fast stop in the middle of that would take a minute.
    pub(super) fn kill(&self, pid: i32) -> Result<()> {
        let Some(server) = self.running().filter(|server| parent(pid) == Some(server.pid)) else {
            return fail(format!("process {pid} is none of the cluster's"));
        };
        let mut kill = self.user.command(Path::new("/usr/bin/kill"));
        process::output(kill.arg("-KILL").arg(pid.to_string()), "killing a process of the cluster")?;
        wait_for("the end of a killed process", Duration::from_secs(10), || parent(pid).is_none())?;
        let mut ready = self.program("pg_isready");
        ready
            .args(["--quiet", "--host=127.0.0.1", "--dbname=postgres", "--port"])
            .arg(server.port.to_string());
        wait_for("the cluster's recovery", Duration::from_secs(60), || {
            ready.status().is_ok_and(|status| status.success())
        })
    }

    /// Kills the first of the server's processes, which none of the others outlives, and waits for
    /// the end of those: before it no server starts on this data.
    pub(super) fn kill_first(&self) -> Result<Duration> {
        let Some(server) = self.running() else { return fail("no server runs here") };
        let mut kill = self.user.command(Path::new("/usr/bin/kill"));
        process::output(kill.arg("-KILL").arg(server.pid.to_string()), "killing a cluster's first process")?;
        let begun = Instant::now();
        wait_for("the end of the processes of a killed cluster", Duration::from_secs(20), || {
            self.processes().is_empty() && !Path::new(&format!("/proc/{}", server.pid)).exists()
        })?;
        Ok(begun.elapsed())
    }

    /// The processes that work in the data folder: those of the server.
    fn processes(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
        all.filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == self.data))
            .collect()
    }

    /// The server that runs on this data folder.
    pub(super) fn running(&self) -> Option<Running> {
        running_on(&self.data)
    }

    /// Everything the server has logged.
    pub(super) fn log_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The log behind the first `bytes`, and its length now.
    pub(super) fn log_behind(&self, bytes: u64) -> Result<(String, u64)> {
        let mut file = File::open(&self.log).context(self.log.display())?;
        file.seek(SeekFrom::Start(bytes)).context(self.log.display())?;
        let mut text = Vec::new();
        let more = file.read_to_end(&mut text).context(self.log.display())?;
        Ok((String::from_utf8_lossy(&text).into_owned(), bytes + more as u64))
    }

    /// The last lines of the log.
    pub(super) fn log_tail(&self, lines: usize) -> String {
        let text = self.log_text();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// The process that has started a process.
fn parent(pid: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state parent ...": the name may hold blanks and brackets.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// A `postmaster.pid` may be left over from a server that was killed, and its number may
/// belong to another program by now.
fn running_on(data: &Path) -> Option<Running> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let (pid, port) = (lines.first()?.parse().ok()?, lines.get(3)?.parse().ok()?);
    serves(pid, data).then_some(Running { pid, port })
}

/// Whether a process is a server on this data folder: it was started with the folder as an argument.
fn serves(pid: u32, data: &Path) -> bool {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).any(|argument| argument == data.as_os_str().as_encoded_bytes())
}

/// A port of 127.0.0.1 that nobody listens on, the first of those that follow `wish`.
/// They lie below the ports that the kernel gives to outgoing connections.
pub(super) fn free_port(wish: u16) -> Result<u16> {
    let ports = (0..12_000).map(|step| 20_000 + (wish % 12_000 + step) % 12_000);
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().ok_or_else(|| "no free port between 20000 and 31999 on 127.0.0.1".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_belongs_to_another_program_by_now_is_no_server() {
        let data = std::env::temp_dir().join(format!("erp_sync-instance-{}", std::process::id()));
        std::fs::create_dir(&data).unwrap();
        let file = format!("{}\n{}\n1700000000\n20000\n\n127.0.0.1\n", std::process::id(), data.display());
        std::fs::write(data.join("postmaster.pid"), file).unwrap();
        assert!(!serves(std::process::id(), &data));
        assert_eq!(running_on(&data), None);
        std::fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_not_free() {
        let port = free_port(4711).unwrap();
        let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert_ne!(free_port(port - 20_000).unwrap(), port);
    }
}
