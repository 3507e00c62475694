//! Background workers: everything that needs the network runs in one, as the role that called.

use std::time::{Duration, Instant};

use pgrx::prelude::*;
use pgrx::{check_for_interrupts, pg_sys};

use crate::error::Result;
use crate::guc;
use crate::store::call::{Call, Message, Order};
use crate::store::{self, session};

mod add;
mod ask;
mod bridge;
mod client;
mod complete;
mod hands;
mod io;
mod lanes;
mod process;
mod run;
mod segment;
mod signals;
mod start;

pub use start::{admitted, has_place, ready, ready_to_run, start, wait_as, wait_for};

use process::Ticket;
use segment::Outbox;

/// How often a waiting caller hears something.
const BEAT: Duration = Duration::from_millis(500);

/// Entry point of a worker; PostgreSQL calls it by name.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn erp_sync_worker_main(_argument: pg_sys::Datum) {
    signals::install();
    let Some(ticket) = Ticket::parse(pgrx::bgworkers::BackgroundWorker::get_extra()) else { return };
    // SAFETY: at the start of the worker; a database or role that is gone ends it with FATAL.
    unsafe {
        let (database, login) = (pg_sys::Oid::from(ticket.database), pg_sys::Oid::from(ticket.login));
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, login, 0);
    }
    match &ticket {
        Ticket { leader: 1.., .. } => run::help(&ticket),
        Ticket { segment: 1.., .. } => answer(&ticket),
        _ => unattended(&ticket),
    }
    hand_over();
}

/// Pins the session's settings, becomes the caller's role, and takes one of its places for workers; an error where all
/// are taken.
fn begin(ticket: &Ticket) -> Result<()> {
    session::pin(pg_sys::Oid::from(ticket.role))?;
    match store::take_place(guc::max_workers_per_role())? {
        true => Ok(()),
        false => Err(start::no_place()),
    }
}

/// The place of this worker is for the run of its role that waits for one. A worker that found no place leaves that to
/// those that have one.
fn hand_over() {
    let next = session::attempt(|| match store::leave_place() {
        true => store::waiting_run(),
        false => Ok(None),
    });
    if let Ok(Some(run_id)) = next {
        // Where no worker is free either, the next one that ends tries again.
        let outcome = session::attempt(|| hands::register(&Ticket::like_this(run_id)).map(drop));
        if let Err(error) = outcome {
            pgrx::log!("erp_sync: run {run_id} still waits: {error}");
        }
    }
}

/// Works for a caller that waits.
fn answer(ticket: &Ticket) {
    let (order, mut outbox) = match Outbox::open(ticket.segment) {
        Ok(opened) => opened,
        Err(error) => return pgrx::log!("erp_sync: {error}"),
    };
    let outcome = session::attempt(|| {
        begin(ticket)?;
        perform(order, None, &mut Listener::new(&mut |message| outbox.send(message)))
    });
    let last = outcome.map_or_else(Message::from, |()| Message::Done);
    // A caller that is gone needs no last word.
    let _ = session::attempt(|| outbox.send(&last));
}

/// Waits, outside any transaction, for the end of the one that queued the run, which was about to commit. Whether
/// it did is told by the run itself, since a savepoint may be rolled back.
fn await_end(transaction: u32) {
    // SAFETY: reads shared memory and waits on this process's latch.
    unsafe {
        while pg_sys::TransactionIdIsInProgress(transaction.into()) {
            let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
            pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, 50, pg_sys::PG_WAIT_EXTENSION);
            pg_sys::ResetLatch(pg_sys::MyLatch);
            check_for_interrupts!();
        }
    }
}

/// Works off a run that nobody waits for.
fn unattended(ticket: &Ticket) {
    let run_id = ticket.run_id;
    let outcome = session::attempt(|| {
        session::pin(pg_sys::Oid::from(ticket.role))?;
        // Before the run can be seen, so that nobody takes it for one whose worker is gone.
        store::hold(run_id)?;
        let has_place = store::take_place(guc::max_workers_per_role())?;
        await_end(ticket.transaction);
        // Those that had the places may have ended meanwhile, and would not come back for this run.
        if !has_place {
            store::wait_for_place(run_id)?;
            if !store::take_place(guc::max_workers_per_role())? {
                return Ok(());
            }
        }
        match store::claim(run_id)? {
            Some(order) => perform(order, Some(run_id), &mut Listener::new(&mut log)),
            None => Ok(()),
        }
    });
    if let Err(error) = outcome {
        let _ = signals::uncancelled(|| store::fail(run_id, &error));
        let hint = error.hint_or_default().to_string();
        pgrx::log!("erp_sync: run {run_id}: {error} ({hint})");
    }
}

/// What a worker that nobody waits for does with its messages.
fn log(message: &Message) -> Result<()> {
    if let Message::Warning(text) = message {
        pgrx::log!("erp_sync: {text}");
    }
    Ok(())
}

/// Who is told how far the worker is.
struct Listener<'a> {
    tell: &'a mut dyn FnMut(&Message) -> Result<()>,
    told_at: Instant,
}

impl<'a> Listener<'a> {
    fn new(tell: &'a mut dyn FnMut(&Message) -> Result<()>) -> Self {
        Listener { tell, told_at: Instant::now() }
    }

    fn tell(&mut self, message: &Message) -> Result<()> {
        self.told_at = Instant::now();
        (self.tell)(message)
    }

    /// Tells that the worker is alive, which fails when the caller is gone: it may have
    /// been terminated, and nobody would ever read what the run brings.
    fn beat(&mut self) -> Result<()> {
        match self.told_at.elapsed() < BEAT {
            true => Ok(()),
            false => self.tell(&Message::Alive),
        }
    }
}

fn perform(order: Order, queued: Option<i64>, listener: &mut Listener) -> Result<()> {
    match order.call.clone() {
        Call::Run(wanted) => run::lead(&order, &wanted, queued, listener),
        Call::Check { server } => ask::check(&order, server.as_deref(), listener),
        Call::Plan(wanted) => ask::plan(&order, &wanted, listener),
        Call::Diff(wanted) => ask::diff(&order, &wanted, listener),
        Call::Discover { server, object } => ask::discover(&order, &server, object, listener),
        Call::Complete(manifest) => complete::complete(&order, &manifest, listener),
        Call::Add(addition) => add::add(&order, addition, listener),
    }
}
