//! One connection after the other, each on a thread of its own.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;

use super::answer::{self, ATTENTION, COUNTED, FAILED, MORE};
use super::clock::Clock;
use super::error::{Result, SqlError};
use super::face::Face;
use super::fault::{self, Fault, What};
use super::lie::{self, Lie};
use super::login::{self, Encryption, Login};
use super::select::Answer;
use super::session::{Done, Session, Shared, Turn, lock};
use super::spoil::Spoils;
use super::transport::Transport;
use super::wire;

/// What all connections share.
pub struct House {
    pub database: Shared,
    pub name: String,
    pub clock: Clock,
    pub face: Face,
    pub encryption: Encryption,
    pub tls: Arc<ServerConfig>,
    /// Names and passwords.
    pub users: Mutex<BTreeMap<String, String>>,
    /// The error every login gets.
    pub refusal: Mutex<Option<SqlError>>,
    /// Where every login is sent on to.
    pub route: Mutex<Option<(String, u16)>>,
    /// The call that is answered wrongly, and with which answer.
    pub lie: Mutex<Option<(String, Lie)>>,
    pub told: AtomicUsize,
    pub spoils: Spoils,
    /// Every batch, and how many rows it was sent so far.
    pub served: Mutex<Vec<(String, Arc<AtomicU64>)>>,
    /// How many logins were refused.
    pub refused: AtomicUsize,
    /// Every batch that came in.
    pub batches: Mutex<Vec<String>>,
    pub logins: Mutex<Vec<Login>>,
    /// The connections that are open.
    pub open: Mutex<BTreeMap<u64, TcpStream>>,
    pub sessions: AtomicU64,
    pub stopping: AtomicBool,
}

impl House {
    /// The lie that is due; counts it.
    fn lie_about(&self, sql: &str) -> Option<Lie> {
        let lie = held(&self.lie).clone();
        let (_, lie) = lie.filter(|(about, _)| sql.contains(about))?;
        self.told.fetch_add(1, Ordering::SeqCst);
        Some(lie)
    }
}

/// Whoever panicked while holding it was a test that fails anyway.
pub fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes connections until the house is stopped.
pub fn listen(listener: &TcpListener, house: &Arc<House>) {
    for stream in listener.incoming().flatten() {
        if house.stopping.load(Ordering::Relaxed) {
            return;
        }
        let number = house.sessions.fetch_add(1, Ordering::Relaxed);
        if let Ok(copy) = stream.try_clone() {
            held(&house.open).insert(number, copy);
        }
        let house = house.clone();
        thread::spawn(move || {
            // However it ended: the client sees it.
            let _ = serve(&house, stream, number);
            if let Some(stream) = held(&house.open).remove(&number) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}

fn serve(house: &House, stream: TcpStream, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut transport = Transport::new(stream);
    let login_only = login::prelogin(&mut transport, house.encryption, house.tls.clone())?;
    let login = login::receive(&mut transport)?;
    if login_only {
        transport.unsecure();
    }
    held(&house.logins).push(login.clone());
    let errors = refusal(house, &login);
    if !errors.is_empty() {
        house.refused.fetch_add(1, Ordering::SeqCst);
        return login::refuse(&mut transport, &errors);
    }
    let route = held(&house.route).clone();
    let mut session = Session::new(house, number, login.user.clone(), login.database.clone());
    if let Some(lie) = house.lie_about("login") {
        return lie::tell(&mut transport, &mut session, "", lie);
    }
    login::accept(&mut transport, &login, route)?;
    loop {
        let (kind, message) = match transport.receive() {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            received => received?,
        };
        let headers = message.get(..4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
        match kind {
            1 => {
                let sql = answer::text(message.get(headers..).unwrap_or_default());
                run(house, &mut transport, &mut session, &sql)?;
            }
            6 => {
                answer::done(&mut transport, ATTENTION, 0);
                transport.finish()?;
            }
            other => return Err(io::Error::other(format!("packets of type {other} are not served"))),
        }
    }
}

fn refusal(house: &House, login: &Login) -> Vec<SqlError> {
    if let Some(error) = held(&house.refusal).clone() {
        return vec![error];
    }
    let failed = SqlError::new(18456, 14, format!("Login failed for user '{}'.", login.user));
    if held(&house.users).get(&login.user) != Some(&login.password) {
        return vec![failed];
    }
    if !login.database.eq_ignore_ascii_case(&house.name) && !login.database.is_empty() {
        let message =
            format!("Cannot open database \"{}\" requested by the login. The login failed.", login.database);
        return vec![SqlError::new(4060, 11, message), failed];
    }
    Vec::new()
}

fn run(house: &House, transport: &mut Transport, session: &mut Session, sql: &str) -> io::Result<()> {
    held(&house.batches).push(sql.to_string());
    if let Some(lie) = house.lie_about(sql) {
        return lie::tell(transport, session, sql, lie);
    }
    let fault = fault::take(&mut lock(&house.database), sql);
    let served = Arc::new(AtomicU64::new(0));
    held(&house.served).push((sql.to_string(), served.clone()));
    let mut before = |transport: &mut Transport, rows: u64| {
        served.store(rows, Ordering::SeqCst);
        match house.spoils.strike(transport, sql)? {
            Some(error) => Ok(Some(error)),
            None => strike(transport, fault.as_ref(), rows),
        }
    };
    match session.run(sql) {
        Ok(all) => {
            let last = all.len();
            if all.is_empty() {
                answer::done(transport, 0, 0);
            }
            for (at, done) in all.into_iter().enumerate() {
                let more = if at + 1 < last { MORE } else { 0 };
                tell(transport, session.textsize, done, more, &mut before)?;
            }
        }
        Err(error) => {
            answer::message(transport, answer::ERROR, &error);
            answer::done(transport, FAILED, 0);
        }
    }
    transport.finish()
}

/// What a fault does before the next row, or after the last one; it is given how many rows were sent.
type Before<'a> = dyn FnMut(&mut Transport, u64) -> io::Result<Option<SqlError>> + 'a;

fn tell(
    transport: &mut Transport,
    textsize: usize,
    done: Done,
    more: u16,
    before: &mut Before<'_>,
) -> io::Result<()> {
    match done {
        Done::Well => answer::done(transport, more, 0),
        Done::Changed(rows) => answer::done(transport, more | COUNTED, rows),
        Done::Transaction(turn) => {
            answer::transaction(
                transport,
                match turn {
                    Turn::Begun => 8,
                    Turn::Committed => 9,
                    Turn::RolledBack => 10,
                },
            );
            answer::done(transport, more, 0);
        }
        Done::Rows(rows) => match send(transport, textsize, rows, before)? {
            Ok(count) => answer::done(transport, more | COUNTED, count),
            Err(error) => {
                let fatal = error.class >= 20;
                answer::message(transport, answer::ERROR, &error);
                answer::done(transport, more | FAILED, 0);
                if fatal {
                    transport.finish()?;
                    transport.hang_up();
                    return Err(io::Error::other("a severe error"));
                }
            }
        },
    }
    Ok(())
}

/// Sends columns and rows; returns how many these were, or the error that ended them.
fn send(
    transport: &mut Transport,
    textsize: usize,
    rows: Answer,
    before: &mut Before<'_>,
) -> io::Result<Result<u64>> {
    let kinds: Vec<_> = rows.columns.iter().map(|(_, kind)| kind.clone()).collect();
    wire::columns(&mut transport.out, &rows.columns);
    let mut count = 0;
    for row in rows.rows {
        if let Some(error) = before(transport, count)? {
            return Ok(Err(error));
        }
        let row = match row {
            Ok(row) => row,
            Err(error) => return Ok(Err(error)),
        };
        transport.out.push(0xD1);
        for (kind, value) in kinds.iter().zip(&row) {
            wire::value(&mut transport.out, kind, value, textsize);
        }
        count += 1;
        transport.pump()?;
    }
    let error = before(transport, count)?;
    Ok(error.map_or(Ok(count), Err))
}

/// Lets the fault happen, if it is due behind so many rows.
fn strike(transport: &mut Transport, fault: Option<&Fault>, rows: u64) -> io::Result<Option<SqlError>> {
    let Some(fault) = fault else { return Ok(None) };
    if let What::Slow(ms) = fault.what {
        transport.flush()?;
        thread::sleep(Duration::from_millis(ms));
        return Ok(None);
    }
    if fault.after != rows {
        return Ok(None);
    }
    match fault.what {
        What::Error(number) => return Ok(Some(fault::error(number, 16))),
        What::Severe(number) => return Ok(Some(fault::error(number, 20))),
        What::Stall(ms) => {
            transport.flush()?;
            thread::sleep(Duration::from_millis(ms));
        }
        What::Cut => {
            transport.out.extend_from_slice(&[0xD1; 200]);
            transport.cut();
            return Err(io::Error::other("cut"));
        }
        What::Garbage => {
            transport.out.extend((0..600u32).map(|at| (at * 31 % 251) as u8));
            transport.finish()?;
            transport.hang_up();
            return Err(io::Error::other("garbage"));
        }
        What::Endless => endless(transport)?,
        What::Slow(_) => {}
    }
    Ok(None)
}

/// Every first column of a `max` type would read this as the beginning of its value.
fn endless(transport: &mut Transport) -> io::Result<()> {
    transport.out.push(0xD1);
    transport.out.extend_from_slice(&0x7fff_fffeu64.to_le_bytes());
    transport.out.extend_from_slice(&0x7fff_fffeu32.to_le_bytes());
    loop {
        transport.out.extend_from_slice(&[0x41; 32_768]);
        transport.pump()?;
    }
}
