//! The server: one thread a connection, one request a connection.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::call::{self, Call};
use super::company::Company;
use super::http::{Answer, Request};
use super::jsonrpc::Rpc;
use super::log::Logged;
use super::reply::Reply;
use super::route::{Protocol, Wanted, wanted};
use super::trouble::{Rules, Verdict, What};

/// What the server's threads and the test share.
pub(super) struct Shared {
    company: Mutex<Company>,
    rules: Mutex<Rules>,
    log: Mutex<Vec<Logged>>,
    open: Mutex<Open>,
    stopped: AtomicBool,
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
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            company: Mutex::new(Company::new()),
            rules: Mutex::default(),
            log: Mutex::default(),
            open: Mutex::default(),
            stopped: AtomicBool::new(false),
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
        if let Ok(request) = Request::read(stream) {
            let _ = self.respond(&request, stream);
        }
        // The list of open connections holds the socket too, so dropping ours would not close it.
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn respond(&self, request: &Request, stream: &TcpStream) -> io::Result<()> {
        match wanted(request) {
            Wanted::Page(page) => {
                let verdict = self.rules().judge("", "", "");
                self.deliver(verdict, stream, &Protocol::Xml, || page)
            }
            Wanted::Call(protocol, rpc) => {
                let verdict = self.noted(rpc.as_ref().ok());
                let answer = || {
                    let result = rpc.and_then(|rpc| call::answer(&self.company(), &rpc));
                    protocol.answer(&result)
                };
                self.deliver(verdict, stream, &protocol, answer)
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
        let verdict = self.rules().judge(&logged.service, &logged.model, &logged.method);
        self.log().push(logged);
        verdict
    }

    /// Sends the answer as the rules want it. It is worked out after the sleep, as a slow Odoo would.
    fn deliver(
        &self,
        verdict: Verdict,
        mut stream: &TcpStream,
        protocol: &Protocol,
        answer: impl FnOnce() -> Answer,
    ) -> io::Result<()> {
        let awake_at = Instant::now() + verdict.sleep;
        self.wait(|| Instant::now() >= awake_at);
        let date = self.company().clock.http_date();
        match verdict.what {
            None | Some(What::Sleep(_)) => answer().write(stream, &date),
            Some(What::Hangup) => Ok(()),
            Some(What::Silent) => {
                let cleared = self.rules().cleared;
                self.wait(|| self.rules().cleared != cleared);
                Ok(())
            }
            Some(What::CutHead) => {
                let head = answer().head(&date);
                stream.write_all(&head.as_bytes()[..head.len() / 2])
            }
            Some(What::CutBody(bytes)) => {
                let answer = answer();
                stream.write_all(answer.head(&date).as_bytes())?;
                stream.write_all(&answer.body[..bytes.min(answer.body.len().saturating_sub(1))])
            }
            Some(What::Drip { bytes, every }) => self.drip(&answer(), stream, &date, bytes, every),
            Some(What::Status { code, headers, body }) => {
                Answer { code, headers, body: body.into_bytes() }.write(stream, &date)
            }
            Some(What::Garbage) => {
                let mut answer = answer();
                answer.body = b"\x00\xff{[<not an answer".to_vec();
                answer.write(stream, &date)
            }
            Some(What::OverLong(bytes)) => {
                protocol.answer(&Ok(Reply::Text("x".repeat(bytes)))).write(stream, &date)
            }
            Some(What::Rpc(fault)) => protocol.answer(&Err(fault)).write(stream, &date),
        }
    }

    fn drip(
        &self,
        answer: &Answer,
        mut stream: &TcpStream,
        date: &str,
        bytes: usize,
        every: Duration,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.write_all(answer.head(date).as_bytes())?;
        for piece in answer.body.chunks(bytes.max(1)) {
            stream.write_all(piece)?;
            let next_at = Instant::now() + every;
            self.wait(|| Instant::now() >= next_at);
        }
        Ok(())
    }

    fn wait(&self, is_over: impl Fn() -> bool) {
        while !is_over() && !self.is_stopped() {
            thread::sleep(GLANCE);
        }
    }
}
