//! The server: one thread a connection.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::call::{self, Call};
use super::company::Company;
use super::delivery::Delivery;
use super::face::Face;
use super::http::Request;
use super::json2::NamedCall;
use super::jsonrpc::Rpc;
use super::log::{Heard, Logged};
use super::route::{Protocol, Wanted, wanted};
use super::trouble::{Rules, Verdict};

/// What the server's threads and the test share.
pub(super) struct Shared {
    company: Mutex<Company>,
    rules: Mutex<Rules>,
    log: Mutex<Vec<Logged>>,
    heard: Mutex<Vec<Heard>>,
    open: Mutex<Open>,
    stopped: AtomicBool,
    /// The version it pretends to be.
    pub(super) face: Face,
    /// Whether a reverse proxy stands in front.
    pub(super) is_behind_proxy: bool,
}

/// The connections being answered, by number.
#[derive(Default)]
struct Open {
    last: u64,
    streams: BTreeMap<u64, TcpStream>,
}

/// How often a waiting connection looks whether it may go on.
const GLANCE: Duration = Duration::from_millis(5);
/// A client that does not finish its request within this is dropped.
const PATIENCE: Duration = Duration::from_secs(30);

impl Shared {
    pub(super) fn new(is_behind_proxy: bool, face: Face) -> Arc<Self> {
        Arc::new(Self {
            company: Mutex::new(Company::new(face)),
            rules: Mutex::default(),
            log: Mutex::default(),
            heard: Mutex::default(),
            open: Mutex::default(),
            stopped: AtomicBool::new(false),
            face,
            is_behind_proxy,
        })
    }

    /// A test that fails while it holds a lock must not hide why: poisoning is passed over.
    pub(super) fn company(&self) -> MutexGuard<'_, Company> {
        self.company.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Vec<Logged>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers connections until stopped.
    pub(super) fn serve(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().filter_map(Result::ok) {
            if self.is_stopped() {
                return;
            }
            let shared = Arc::clone(&self);
            let number = self.opened(&stream);
            thread::spawn(move || {
                shared.connection(&stream);
                shared.open().streams.remove(&number);
            });
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, stream: &TcpStream) -> u64 {
        let mut open = self.open();
        open.last += 1;
        let number = open.last;
        open.streams.extend(stream.try_clone().map(|stream| (number, stream)));
        number
    }

    /// How many there have been.
    pub(super) fn connections(&self) -> u64 {
        self.open().last
    }

    /// Cuts what is open; whoever waits notices.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for stream in self.open().streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn connection(&self, stream: &TcpStream) {
        // A broken connection is the client's to notice.
        let _ = stream.set_read_timeout(Some(PATIENCE));
        // An answer is written in pieces; on a kept connection each would wait for the client's word that it has the
        // one before.
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Ok(request) = Request::read(&mut reader) {
            let is_whole = self.respond(&request, stream).unwrap_or(false);
            if !is_whole || !self.is_behind_proxy || request.closes {
                break;
            }
        }
        // The list of open connections holds the socket too, so dropping ours would not close it.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Answers one request; tells whether the client got a whole answer.
    fn respond(&self, request: &Request, stream: &TcpStream) -> io::Result<bool> {
        let delivery = Delivery { shared: self, stream, request };
        self.heard().push(Heard::of(request));
        let wanted = wanted(request, &self.company());
        match wanted {
            Wanted::Page(page) => {
                let verdict = self.rules().judge("", "", "");
                delivery.send(verdict, &Protocol::Xml, || page)
            }
            Wanted::Call(protocol, rpc) => {
                let verdict = self.noted(rpc.as_ref().ok());
                let answer = || {
                    let result = rpc.and_then(|rpc| call::answer(&self.company(), &rpc));
                    protocol.answer(self.face, &result)
                };
                delivery.send(verdict, &protocol, answer)
            }
            Wanted::NamedCall(call) => {
                let verdict = self.noted_by_name(&call);
                let answer = || Protocol::Json2.answer(self.face, &call.answer(&self.company()));
                delivery.send(verdict, &Protocol::Json2, answer)
            }
        }
    }

    /// Writes the call into the log and asks the rules about it.
    fn noted(&self, rpc: Option<&Rpc>) -> Verdict {
        let mut logged = Logged::new();
        if let Some(rpc) = rpc {
            logged.service.clone_from(&rpc.service);
            logged.method.clone_from(&rpc.method);
            logged.args = Value::Array(rpc.args.clone());
            if let (true, Ok(call)) = (rpc.service == "object", Call::read(rpc)) {
                (logged.model, logged.method) = (call.model, call.method);
                (logged.args, logged.kwargs) = (Value::Array(call.args), Value::Object(call.kwargs));
            }
        }
        self.judged(logged)
    }

    /// The same for a call by name, which counts as one of the service `object`.
    fn noted_by_name(&self, call: &NamedCall) -> Verdict {
        let mut logged = Logged::new();
        logged.service = "object".to_owned();
        (logged.model, logged.method) = (call.model.clone(), call.method.clone());
        logged.kwargs = Value::Object(call.named().unwrap_or_default());
        self.judged(logged)
    }

    fn judged(&self, logged: Logged) -> Verdict {
        let verdict = self.rules().judge(&logged.service, &logged.model, &logged.method);
        self.log().push(logged);
        verdict
    }

    /// Waits; a server that is being stopped does not.
    pub(super) fn wait(&self, is_over: impl Fn() -> bool) {
        while !is_over() && !self.is_stopped() {
            thread::sleep(GLANCE);
        }
    }
}
