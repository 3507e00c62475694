//! The Odoo double: a real HTTP server that behaves like a recorded Odoo 17 or 18, or as a 19 with the records of 18.
//!
//! It serves `/jsonrpc`, `/xmlrpc/2/...` and, as 19, `/json/2/...` on 127.0.0.1 from the recordings in `fixtures`. Tests
//! change its data with hooks, spoil its answers with faults, and read what it was asked from its log.

mod arguments;
mod bound;
mod call;
mod circumstances;
mod clock;
mod company;
mod condition;
mod delivery;
mod domain;
mod face;
mod fault;
mod field;
mod group;
mod hooks;
mod http;
mod json2;
mod jsonrpc;
mod leaf;
mod like;
mod log;
mod models;
mod order;
mod proxy;
mod query;
mod recording;
mod relation;
mod renamed;
mod reply;
mod route;
mod server;
mod tls;
mod trouble;
mod user;
mod xmlrpc;

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::{Map, Value};

pub use call::DATABASE;
pub use fault::RpcFault;
pub use log::{Heard, Logged};
pub use tls::{Certificate, Tls};
pub use trouble::{What, When};
pub use user::{ADMIN_KEY, BUYER_KEY, PLAIN_KEY};

use company::Company;
use face::Face;
use field::Kind;
use server::Shared;

/// A running double. Dropping it closes its port and cuts its connections.
pub struct Odoo {
    shared: Arc<Shared>,
    port: u16,
    servers: Mutex<Vec<(Ipv4Addr, JoinHandle<()>)>>,
}

impl Odoo {
    /// Starts with the recorded company on a free port: database `odoo17`, login `admin` with password `admin`
    /// (uid 2, with the recorded API key), `plain` and `buyer` with their names as passwords.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start() -> Self {
        Self::start_on(0).expect("a free port on 127.0.0.1")
    }

    /// Starts on a given port, as an Odoo that comes back does.
    pub fn start_on(port: u16) -> io::Result<Self> {
        Self::launch(port, false, Face(17))
    }

    /// Starts as Odoo 17, 18 or 19, with a database named after it. 17 and 18 have each its own recorded company; 19
    /// has its own fields, and in them what was recorded of 18. Any other says its own version, and is else as the
    /// nearest of these.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start_as(version: u32) -> Self {
        Self::launch(0, false, Face(version)).expect("a free port on 127.0.0.1")
    }

    /// Starts with a reverse proxy in front, which keeps connections and compresses.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn behind_proxy() -> Self {
        Self::behind_proxy_as(17)
    }

    /// The same as Odoo 17, 18 or 19.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn behind_proxy_as(version: u32) -> Self {
        Self::launch(0, true, Face(version)).expect("a free port on 127.0.0.1")
    }

    /// How many connections it has taken so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections()
    }

    fn launch(port: u16, is_behind_proxy: bool, face: Face) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let shared = Shared::new(is_behind_proxy, face);
        let odoo = Self { shared, port, servers: Mutex::default() };
        odoo.serve(Ipv4Addr::LOCALHOST, listener);
        Ok(odoo)
    }

    fn serve(&self, address: Ipv4Addr, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let server = thread::spawn(move || shared.serve(&listener));
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push((address, server));
    }

    /// Answers at another address of this machine too, and returns its URL: to a client that is another
    /// host.
    ///
    /// # Panics
    /// When the address is none of 127.0.0.0/8, or its port is taken.
    pub fn also_at(&self, address: Ipv4Addr) -> String {
        assert!(address.is_loopback(), "{address} may be reached from elsewhere");
        let listener = TcpListener::bind((address, self.port)).expect("the same port at another address");
        self.serve(address, listener);
        format!("http://{address}:{}", self.port)
    }

    /// The address a user would give: without a path and without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The name of its database.
    pub fn database(&self) -> String {
        self.shared.face.database()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Spoils the answers to the calls that `when` describes. Rules add up; the oldest that fits wins.
    pub fn fault(&self, when: When, what: What) {
        self.shared.rules().add(when, what);
    }

    /// Forgets all faults, and lets go of the connections that got no answer.
    pub fn clear_faults(&self) {
        self.shared.rules().clear();
    }

    /// Everything asked so far, oldest first.
    pub fn calls(&self) -> Vec<Logged> {
        self.shared.log().clone()
    }

    /// How many calls there were so far.
    pub fn count_all(&self) -> usize {
        self.shared.log().len()
    }

    /// How many calls of a method on a model there were.
    pub fn count_calls(&self, model: &str, method: &str) -> usize {
        self.shared.log().iter().filter(|call| call.model == model && call.method == method).count()
    }

    /// Every request so far as it came over the wire, oldest first: pages too, and what could not be read.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard().clone()
    }

    /// Empties the log.
    pub fn forget_calls(&self) {
        self.shared.log().clear();
        self.shared.heard().clear();
    }

    /// All records of a model by id, archived and hidden ones too, with the fields the recording has: as RPC shows
    /// them with `load=''`, so a many2one is its bare id and datetimes have whole seconds.
    pub fn records(&self, model: &str) -> Vec<Value> {
        let fields = {
            let company = self.company();
            company.models.get(model).map(|model| model.recorded.clone()).unwrap_or_default()
        };
        self.records_with(model, &fields.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// As `records`, with the named fields and `id`.
    ///
    /// # Panics
    /// When the model does not exist.
    pub fn records_with(&self, model: &str, fields: &[&str]) -> Vec<Value> {
        let company = self.company();
        let model = company.models.get(model).unwrap_or_else(|| panic!("the double has no model {model}"));
        let wanted: BTreeSet<_> = fields.iter().copied().chain(["id"]).collect();
        let fields = model.fields.iter().filter(|(name, field)| {
            wanted.contains(name.as_str()) && (field.kind != Kind::Other || model.recorded.contains(*name))
        });
        let fields: Vec<_> = fields.collect();
        let show = |row: &company::Row| {
            let members = fields
                .iter()
                .map(|(name, field)| ((*name).clone(), field.shown(row.get(name.as_str())).into_value()));
            Value::Object(members.collect::<Map<_, _>>())
        };
        model.rows.values().map(show).collect()
    }

    fn company(&self) -> MutexGuard<'_, Company> {
        self.shared.company()
    }
}

impl Drop for Odoo {
    fn drop(&mut self) {
        self.shared.stop();
        let servers = std::mem::take(&mut *self.servers.lock().unwrap_or_else(PoisonError::into_inner));
        for (address, server) in servers {
            // Wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect((address, self.port));
            let _ = server.join();
        }
    }
}
