//! The password of a real Odoo: from the environment, or from the keyboard without an echo.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;

use erp_sync_tests::cluster::Result;

/// The variable that holds the password.
pub const VARIABLE: &str = "ERP_SYNC_PASSWORD";

/// The password; asks for it when the variable is not set.
pub fn get(prompt: &str) -> Result<String> {
    if let Ok(password) = std::env::var(VARIABLE) {
        return Ok(password);
    }
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let mut terminal =
        terminal.map_err(|_| format!("nobody can be asked for the password: set {VARIABLE}"))?;
    let _quiet = Quiet::new(&terminal)?;
    terminal.write_all(prompt.as_bytes())?;
    let mut line = String::new();
    BufReader::new(&terminal).read_line(&mut line)?;
    terminal.write_all(b"\n")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed as long as this value lives.
struct Quiet {
    terminal: File,
    before: libc::termios,
}

impl Quiet {
    fn new(terminal: &File) -> Result<Quiet> {
        let terminal = terminal.try_clone()?;
        // SAFETY: a termios is plain numbers, for which zero is a value.
        let mut before: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is open and `before` is a termios.
        if unsafe { libc::tcgetattr(terminal.as_raw_fd(), &mut before) } != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        let quiet = Quiet { terminal, before };
        quiet.set(libc::termios { c_lflag: before.c_lflag & !libc::ECHO, ..before });
        Ok(quiet)
    }

    fn set(&self, termios: libc::termios) {
        // SAFETY: the descriptor is open and `termios` was read from it.
        unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSAFLUSH, &termios) };
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.set(self.before);
    }
}
