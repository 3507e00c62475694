//! A proxy between the extension and a remote, which counts the requests of every connection and spoils the answer
//! to the nth of them, or holds it until the test has done something.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// What happens to a request or to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Neither gets through until the test lets go.
    Hold,
    /// The connection is closed before the remote hears anything.
    Refuse,
    /// So many bytes of the request get through, then the connection is closed.
    CutRequest(usize),
    /// The connection is closed behind so many bytes of the answer.
    CutAnswer(usize),
    /// Behind so many bytes nothing comes any more; the connection stays open.
    Hole(usize),
    /// The answer comes so many milliseconds later.
    Late(u64),
    /// The answer comes in pieces of so many bytes.
    Drip(usize),
    /// What lies behind so many bytes of the answer is nothing that any protocol knows.
    Garbage(usize),
}

impl Trouble {
    /// Its name, without how much of it.
    pub fn kind(self) -> &'static str {
        match self {
            Trouble::Hold => "proxy: hold",
            Trouble::Refuse => "proxy: refuse",
            Trouble::CutRequest(_) => "proxy: cut request",
            Trouble::CutAnswer(_) => "proxy: cut answer",
            Trouble::Hole(_) => "proxy: hole",
            Trouble::Late(_) => "proxy: late",
            Trouble::Drip(_) => "proxy: drip",
            Trouble::Garbage(_) => "proxy: garbage",
        }
    }
}

/// A proxy on a port of its own. Stops when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    upstream: u16,
    state: Mutex<State>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Requests so far.
    turns: usize,
    planned: BTreeMap<usize, Trouble>,
    struck: Vec<Trouble>,
    /// The request that is held, and the last that was let go.
    held: Option<usize>,
    released: usize,
}

const GLANCE: Duration = Duration::from_millis(2);

impl Proxy {
    pub fn before(upstream: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a port has an address");
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), stopped: AtomicBool::new(false) });
        let serving = Arc::clone(&shared);
        spawn(move || serving.serve(&listener));
        Proxy { shared, address }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Counts from here; these requests meet trouble.
    pub fn plan(&self, troubles: impl IntoIterator<Item = (usize, Trouble)>) {
        let mut state = self.shared.state();
        *state = State { planned: troubles.into_iter().collect(), ..State::default() };
    }

    /// Whether a request is being held.
    pub fn holds(&self) -> bool {
        self.shared.state().held.is_some()
    }

    /// Lets go what is held.
    pub fn release(&self) {
        let mut state = self.shared.state();
        if let Some(turn) = state.held.take() {
            state.released = state.released.max(turn);
        }
    }

    /// Ends all trouble; tells which was met.
    pub fn calm(&self) -> Vec<Trouble> {
        self.release();
        let mut state = self.shared.state();
        state.planned.clear();
        std::mem::take(&mut state.struck)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection: both of its ends, and what its present request meets.
struct Line {
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
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().filter_map(Result::ok) {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let Ok(remote) = TcpStream::connect(("127.0.0.1", self.upstream)) else { continue };
            let present = Mutex::new(Present { answered: true, ..Present::default() });
            let line = Arc::new(Line { client, remote, present });
            for toward_remote in [true, false] {
                let (shared, line) = (Arc::clone(&self), Arc::clone(&line));
                spawn(move || {
                    match toward_remote {
                        true => line.asked(shared.requests(&line)),
                        false => line.told(shared.answers(&line)),
                    }
                });
            }
        }
    }

    fn requests(&self, line: &Line) -> std::io::Result<()> {
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

    fn answers(&self, line: &Line) -> std::io::Result<()> {
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
    fn asked(&self, outcome: std::io::Result<()>) {
        match outcome {
            Ok(()) => drop(self.remote.shutdown(Shutdown::Write)),
            Err(_) => self.close(),
        }
    }

    /// The remote has nothing more to tell; where that is kept from the client, so is the end.
    fn told(&self, outcome: std::io::Result<()>) {
        if outcome.is_err() || !matches!(self.present().trouble, Some(Trouble::Hole(_))) {
            self.close();
        }
    }

    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.remote.shutdown(Shutdown::Both);
    }
}
