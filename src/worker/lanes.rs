//! What every worker of a run does: it takes the next server whose lane is free, works off its
//! tasks, and lets go of the lane.

use pgrx::{check_for_interrupts, pg_sys};

use super::bridge::Bridge;
use super::io::Io;
use super::signals::uncancelled;
use crate::engine;
use crate::error::{Kind, Result};
use crate::source;
use crate::store::call::Message;
use crate::store::{self, Next, Turn, Turns, session};

/// How often a worker that waits for a lane looks up, in milliseconds.
const WAIT_MS: std::ffi::c_long = 250;

/// What a worker does beside its tasks, several times a second: tells what there is to tell, and finds
/// out whether it is to go on.
pub(super) trait Aside {
    /// These tasks are about to be run by this worker.
    fn begins(&mut self, _turn: &Turn) {}

    /// What the tasks have to say.
    fn look(&mut self, news: Vec<Message>) -> Result<()>;
}

/// Works until nothing of the run is left.
pub(super) fn work(turns: &mut Turns, settings: &engine::Settings, aside: &mut dyn Aside) -> Result<()> {
    let mut locked = 0;
    loop {
        match turns.next() {
            Ok(Next::Turn(turn)) => take(turns, settings, *turn, aside)?,
            Ok(Next::Wait) => wait(aside)?,
            Ok(Next::Over) => return Ok(()),
            // Somebody has a lock on the bookkeeping, and two seconds were waited for it.
            Err(error) if error.kind == Kind::Locked && locked < settings.max_attempts => locked += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Works off a server. A further worker that cannot go on says so in its task; the leader ends the run.
fn take(turns: &Turns, settings: &engine::Settings, turn: Turn, aside: &mut dyn Aside) -> Result<()> {
    let (server, lane) = (turn.server.clone(), turn.lane.clone());
    aside.begins(&turn);
    let outcome = session::attempt(|| work_off(turn, settings.clone(), aside));
    if let (Err(error), false) = (&outcome, turns.leads()) {
        // What cannot be written here, whoever takes the lane next writes.
        let _ = uncancelled(|| store::give_up(turns.run_id(), &server, error));
    }
    outcome?;
    turns.end(&lane)
}

fn work_off(turn: Turn, settings: engine::Settings, aside: &mut dyn Aside) -> Result<()> {
    let Turn { tasks, ended, mut store, remote, server, .. } = turn;
    let patience = settings.patience.clone();
    let io = Io::start(move |desk| async move {
        let open = move |_: &str| source::open(remote.clone()?);
        engine::run(tasks, ended, settings, open, &mut Bridge(desk)).await
    })?;
    io.serve(&mut store, |store| {
        if let Some(wait) = patience.news() {
            store.waits(&server, &wait);
        }
        aside.look(store.news())
    })
}

/// Waits outside any transaction, open to every interrupt.
fn wait(aside: &mut dyn Aside) -> Result<()> {
    store::show_waiting();
    // SAFETY: waits on this process's latch.
    unsafe {
        let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, WAIT_MS, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_for_interrupts!();
    aside.look(Vec::new())
}
