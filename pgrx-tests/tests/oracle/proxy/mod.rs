//! A proxy between the extension and a remote, which counts the requests of every connection and spoils the answer
//! to the nth of them, or holds it until the test has done something.

mod line;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::spawn;
use std::time::Duration;

use line::Line;

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

    /// The request that is being held.
    pub fn held(&self) -> Option<usize> {
        self.shared.state().held
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
            let _ = (client.set_nodelay(true), remote.set_nodelay(true));
            let line = Arc::new(Line::between(client, remote));
            for toward_remote in [true, false] {
                let (shared, line) = (Arc::clone(&self), Arc::clone(&line));
                spawn(move || match toward_remote {
                    true => line.asked(shared.requests(&line)),
                    false => line.told(shared.answers(&line)),
                });
            }
        }
    }
}
