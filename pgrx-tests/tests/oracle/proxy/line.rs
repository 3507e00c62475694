//! One connection through the proxy.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use super::{GLANCE, Shared, Trouble};

/// One connection: both of its ends, and what its present request meets.
pub struct Line {
    client: TcpStream,
    remote: TcpStream,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    /// Bytes of the answer have come, so what the client sends next is another request.
    answered: bool,
    trouble: Option<Trouble>,
    bytes: usize,
}

impl Shared {
    pub fn requests(&self, line: &Line) -> std::io::Result<()> {
        let mut buffer = [0; 16384];
        loop {
            let read = (&line.client).read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            let trouble = self.meets(line);
            match trouble {
                Some(Trouble::Refuse) => return Err(std::io::ErrorKind::ConnectionAborted.into()),
                Some(Trouble::CutRequest(bytes)) => {
                    (&line.remote).write_all(&buffer[..bytes.min(read.saturating_sub(1))])?;
                    return Err(std::io::ErrorKind::ConnectionAborted.into());
                }
                _ => (&line.remote).write_all(&buffer[..read])?,
            }
        }
    }

    /// What the request meets of which bytes have come just now; waits while it is held.
    fn meets(&self, line: &Line) -> Option<Trouble> {
        let mut present = line.present();
        if !present.answered {
            return present.trouble;
        }
        let mut state = self.state();
        state.turns += 1;
        let turn = state.turns;
        let trouble = state.planned.remove(&turn);
        state.struck.extend(trouble);
        *present = Present { answered: false, trouble, bytes: 0 };
        drop(present);
        if trouble == Some(Trouble::Hold) {
            state.held = Some(turn);
            drop(state);
            while self.state().released < turn && !self.stopped.load(Ordering::SeqCst) {
                sleep(GLANCE);
            }
        }
        trouble
    }

    pub fn answers(&self, line: &Line) -> std::io::Result<()> {
        let mut buffer = [0; 16384];
        loop {
            let read = (&line.remote).read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            let (trouble, before) = line.answered(read);
            let part = &mut buffer[..read];
            match trouble {
                Some(Trouble::CutAnswer(bytes)) if before + read > bytes => {
                    (&line.client).write_all(&part[..bytes.saturating_sub(before)])?;
                    return Err(std::io::ErrorKind::ConnectionAborted.into());
                }
                Some(Trouble::Hole(bytes)) if before + read > bytes => {
                    (&line.client).write_all(&part[..bytes.saturating_sub(before)])?;
                }
                Some(Trouble::Garbage(bytes)) if before + read > bytes => {
                    part[bytes.saturating_sub(before)..].fill(0xff);
                    (&line.client).write_all(part)?;
                }
                Some(Trouble::Late(time)) if before == 0 => {
                    sleep(Duration::from_millis(time));
                    (&line.client).write_all(part)?;
                }
                Some(Trouble::Drip(bytes)) => {
                    part.chunks(bytes).try_for_each(|piece| (&line.client).write_all(piece))?;
                }
                _ => (&line.client).write_all(part)?,
            }
        }
    }
}

impl Line {
    pub fn between(client: TcpStream, remote: TcpStream) -> Line {
        let present = Mutex::new(Present { answered: true, ..Present::default() });
        Line { client, remote, present }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the answer have come: what it meets, and how many came before.
    fn answered(&self, bytes: usize) -> (Option<Trouble>, usize) {
        let mut present = self.present();
        present.answered = true;
        present.bytes += bytes;
        (present.trouble, present.bytes - bytes)
    }

    /// The client has nothing more to ask, or asked in vain.
    pub fn asked(&self, outcome: std::io::Result<()>) {
        match outcome {
            Ok(()) => drop(self.remote.shutdown(Shutdown::Write)),
            Err(_) => self.close(),
        }
    }

    /// The remote has nothing more to tell; where that is kept from the client, so is the end.
    pub fn told(&self, outcome: std::io::Result<()>) {
        if outcome.is_err() || !matches!(self.present().trouble, Some(Trouble::Hole(_))) {
            self.close();
        }
    }

    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.remote.shutdown(Shutdown::Both);
    }
}
