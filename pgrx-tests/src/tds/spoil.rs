//! Trouble behind so many rows of whatever is asked about something, however many queries they take.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::answer;
use super::error::SqlError;
use super::server::held;
use super::transport::Transport;

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoilt {
    /// So much time passes.
    Late(Duration),
    /// A few bytes come at a time.
    Drip,
    /// Nothing comes until [`Spoils::end`].
    Held,
    /// The connection closes between two rows.
    Closed,
    /// The connection closes in the middle of a row.
    Cut,
    /// Bytes come that are no answer.
    Garbage,
    /// Notes come without end.
    OverLong,
    /// An error of this number; the connection stays.
    Error(i32),
}

/// The trouble that is due, for all connections.
#[derive(Debug, Default)]
pub struct Spoils(Mutex<Option<Spoil>>);

#[derive(Debug)]
struct Spoil {
    about: String,
    /// How many rows are sent before it.
    rows: u64,
    /// So often it happens.
    times: u64,
    what: Spoilt,
    over: Arc<AtomicBool>,
}

impl Spoils {
    /// Begins to count the rows of queries that hold this text.
    pub fn begin(&self, about: &str, rows: u64, times: u64, what: Spoilt) {
        let spoil = Spoil { about: about.into(), rows, times, what, over: Arc::default() };
        *held(&self.0) = Some(spoil);
    }

    /// Nothing goes wrong any more, and what is held goes on.
    pub fn end(&self) {
        if let Some(spoil) = held(&self.0).take() {
            spoil.over.store(true, Ordering::SeqCst);
        }
    }

    /// Lets it happen in front of a row of this query, where it is due.
    pub fn strike(&self, transport: &mut Transport, sql: &str) -> io::Result<Option<SqlError>> {
        let Some((what, over)) = self.due(sql) else { return Ok(None) };
        match what {
            Spoilt::Late(time) => {
                transport.flush()?;
                thread::sleep(time);
            }
            Spoilt::Held => {
                transport.flush()?;
                while !over.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            Spoilt::Closed => {
                transport.flush()?;
                transport.hang_up();
                return Err(io::Error::other("closed"));
            }
            Spoilt::Cut => {
                transport.flush()?;
                transport.out.extend_from_slice(&[0xD1; 200]);
                transport.cut();
                return Err(io::Error::other("cut"));
            }
            Spoilt::Garbage => {
                transport.out.extend((0..600u32).map(|at| (at * 31 % 251) as u8));
                transport.finish()?;
                transport.hang_up();
                return Err(io::Error::other("garbage"));
            }
            Spoilt::Drip => drip(transport)?,
            Spoilt::OverLong => loop {
                answer::message(transport, answer::INFO, &SqlError::new(50_000, 0, "x".repeat(2000)));
                transport.pump()?;
            },
            Spoilt::Error(number) => return Ok(Some(SqlError::new(number, 16, "The service is busy."))),
        }
        Ok(None)
    }

    fn due(&self, sql: &str) -> Option<(Spoilt, Arc<AtomicBool>)> {
        let mut held = held(&self.0);
        // The question for rights asks for no row.
        let wants_rows = !sql.contains("1 = 0") && !sql.contains("top (0)");
        let is_meant = |spoil: &&mut Spoil| wants_rows && sql.contains(&spoil.about) && spoil.times > 0;
        let spoil = held.as_mut().filter(is_meant)?;
        if spoil.rows > 0 {
            spoil.rows -= 1;
            return None;
        }
        spoil.times -= 1;
        Some((spoil.what, spoil.over.clone()))
    }
}

/// A note that takes for ever to arrive.
fn drip(transport: &mut Transport) -> io::Result<()> {
    transport.flush()?;
    answer::message(transport, answer::INFO, &SqlError::new(50_000, 0, "x".repeat(2000)));
    let note = std::mem::take(&mut transport.out);
    for bytes in note.chunks(3) {
        transport.out.extend_from_slice(bytes);
        transport.flush()?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
