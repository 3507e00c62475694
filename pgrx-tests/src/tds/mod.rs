//! A server that speaks TDS 7.4 and understands as much Transact-SQL as the product sends, over
//! rows in memory: SQL Server as a test needs it, with faults on demand.
//!
//! Made after MS-TDS and what real servers were seen to do. What it does not understand it refuses
//! with the real one's error, so that a test notices.

mod answer;
mod ast;
mod calendar;
mod catalog;
mod clock;
mod codepage;
mod database;
mod error;
mod eval;
mod expression;
mod face;
mod fault;
mod functions;
mod kind;
mod lexer;
mod lie;
mod login;
mod parser;
mod select;
mod server;
mod session;
mod spoil;
mod sys;
mod transport;
mod value;
mod wire;

use std::io::Cursor;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use clock::Clock;
pub use error::SqlError;
pub use face::Face;
pub use lie::Lie;
pub use login::Encryption;
pub use session::{Done, Session};
pub use spoil::Spoilt;
pub use value::Value;

use server::{House, held};
use session::{Shared, lock};

/// The login that is there from the beginning, and its password.
pub const USER: &str = "reader";
/// Its password.
pub const PASSWORD: &str = "reader's pässword; 1";
/// The database.
pub const DATABASE: &str = "shop";

/// For the address 127.0.0.1, signed by [`authority`].
const CERTIFICATE: &[u8] = include_bytes!("../../../src/source/http/samples/right.pem");
const KEY: &[u8] = include_bytes!("../../../src/source/http/samples/right.key");

/// A running double. Stops when it is dropped.
pub struct Tds {
    house: Arc<House>,
    port: u16,
}

impl Tds {
    /// On a free port, encrypting as the client wishes.
    pub fn start() -> Self {
        Tds::encrypting(Encryption::Offered)
    }

    /// As a server of this kind and version.
    pub fn start_as(face: Face) -> Self {
        Tds::of(face, Encryption::Offered)
    }

    /// On a free port, encrypting so much.
    pub fn encrypting(encryption: Encryption) -> Self {
        Tds::of(Face::default(), encryption)
    }

    fn of(face: Face, encryption: Encryption) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("no port is free");
        let port = listener.local_addr().expect("a port without an address").port();
        let house = Arc::new(House {
            database: Shared::default(),
            name: DATABASE.into(),
            clock: Clock::default(),
            face,
            encryption,
            tls: tls(),
            users: Mutex::new([(USER.to_string(), PASSWORD.to_string())].into()),
            refusal: Mutex::default(),
            route: Mutex::default(),
            lie: Mutex::default(),
            batches: Mutex::default(),
            logins: Mutex::default(),
            open: Mutex::default(),
            told: 0.into(),
            spoils: Default::default(),
            served: Mutex::default(),
            refused: 0.into(),
            sessions: 1.into(),
            stopping: false.into(),
        });
        let tds = Tds { house: house.clone(), port };
        tds.execute(fault::TABLE);
        thread::spawn(move || server::listen(&listener, &house));
        tds
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements as the owner, each for itself.
    pub fn execute(&self, sql: &str) {
        self.session().execute(sql);
    }

    /// A session of the owner: for transactions that stay open.
    pub fn session(&self) -> Session {
        let number = self.house.sessions.fetch_add(1, Ordering::Relaxed);
        Session::new(&self.house, number, "owner".into(), DATABASE.into())
    }

    /// Puts rows into a table without any SQL: for as many as a machine holds. Keys are not checked, and the
    /// values are taken as they are; a rowversion is given.
    pub fn fill(&self, table: &str, rows: impl IntoIterator<Item = Vec<Value>>) {
        lock(&self.house.database).fill(table, rows);
    }

    /// The values a query gives.
    pub fn query(&self, sql: &str) -> Vec<Vec<Value>> {
        let done = self.session().run(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let rows = done.into_iter().filter_map(|done| match done {
            Done::Rows(answer) => Some(answer.rows),
            _ => None,
        });
        rows.flatten().map(|row| row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))).collect()
    }

    /// The next queries that hold this text meet a fault behind so many rows; see `fault.rs`.
    pub fn fault(&self, about: &str, what: &str, after: u64, argument: i64, times: u64) {
        let about = about.replace('\'', "''");
        self.execute(&format!(
            "insert into _faults values ('{about}', '{what}', {after}, {argument}, {times})"
        ));
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.execute("delete from _faults");
    }

    /// The password that a user's login takes from now on.
    pub fn set_password(&self, user: &str, password: &str) {
        held(&self.house.users).insert(user.into(), password.into());
        self.house.refused.store(0, Ordering::SeqCst);
    }

    /// Every login gets this error.
    pub fn refuse(&self, error: Option<SqlError>) {
        *held(&self.house.refusal) = error;
    }

    /// Every login is sent on to another port of this machine, as gateways do.
    pub fn route_to(&self, port: u16) {
        self.route_to_host("127.0.0.1", port);
    }

    /// Every login is sent on to another host.
    pub fn route_to_host(&self, host: &str, port: u16) {
        *held(&self.house.route) = Some((host.into(), port));
    }

    /// From now on lies to every batch that holds this text; to every login when it is `login`.
    pub fn lie(&self, about: &str, lie: Lie) {
        *held(&self.house.lie) = Some((about.into(), lie));
        self.house.told.store(0, Ordering::SeqCst);
    }

    /// Tells the truth again.
    pub fn tell_the_truth(&self) {
        *held(&self.house.lie) = None;
    }

    /// How often it lied since it was asked to.
    pub fn lies_told(&self) -> usize {
        self.house.told.load(Ordering::SeqCst)
    }

    /// Nobody may read the object, or one column of it.
    pub fn deny(&self, object: &str, column: Option<&str>) {
        let column = column.map(str::to_lowercase);
        lock(&self.house.database).denied.insert((object.to_lowercase(), column));
    }

    /// Everybody may read the object again.
    pub fn allow(&self, object: &str) {
        lock(&self.house.database).denied.retain(|(denied, _)| *denied != object.to_lowercase());
    }

    /// The catalog lacks a view, or a column of one, from now on: `sys.indexes`, `sys.indexes.is_primary_key`.
    pub fn hide(&self, view: &str) {
        lock(&self.house.database).hidden.insert(view.to_lowercase());
    }

    /// Spoils the answers about something behind so many rows of them, so often; see [`Spoilt`].
    pub fn spoil(&self, about: &str, rows: u64, times: u64, what: Spoilt) {
        self.house.spoils.begin(about, rows, times, what);
    }

    /// Ends what [`Tds::spoil`] began.
    pub fn end_spoiling(&self) {
        self.house.spoils.end();
    }

    /// Every batch so far, with how many rows it was sent.
    pub fn served(&self) -> Vec<(String, u64)> {
        let served = held(&self.house.served);
        served.iter().map(|(sql, rows)| (sql.clone(), rows.load(Ordering::SeqCst))).collect()
    }

    /// How many logins were refused since [`Tds::set_password`] was called last.
    pub fn logins_refused(&self) -> usize {
        self.house.refused.load(Ordering::SeqCst)
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.house.clock
    }

    /// Every batch that was sent since the last time.
    pub fn batches(&self) -> Vec<String> {
        std::mem::take(&mut held(&self.house.batches))
    }

    /// Names under which applications logged in.
    pub fn applications(&self) -> Vec<String> {
        held(&self.house.logins).iter().map(|login| login.application.clone()).collect()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        held(&self.house.open).len()
    }

    /// Closes all connections, as a restart does.
    pub fn kill_connections(&self) {
        for stream in held(&self.house.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Tds {
    fn drop(&mut self) {
        self.house.stopping.store(true, Ordering::Relaxed);
        self.house.spoils.end();
        self.kill_connections();
        // Wakes who waits for connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The authority that signed the double's certificate, as PEM.
pub fn authority() -> &'static str {
    include_str!("../../../src/source/http/samples/ca.pem")
}

/// TLS 1.2, as most servers that are in use.
fn tls() -> Arc<ServerConfig> {
    let certificate =
        CertificateDer::pem_reader_iter(Cursor::new(CERTIFICATE)).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("the key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("TLS 1.2")
        .with_no_client_auth()
        .with_single_cert(certificate.expect("the certificate"), key);
    Arc::new(config.expect("certificate and key"))
}
