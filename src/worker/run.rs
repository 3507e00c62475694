//! A run: the first worker plans it, has others help with it, and tells how it ended.

use std::collections::HashSet;

use pgrx::pg_sys;

use super::Listener;
use super::hands::{self, Hands};
use super::lanes::{self, Aside};
use super::process::Ticket;
use super::signals::uncancelled;
use crate::error::{Error, Kind, Result};
use crate::guc;
use crate::store::call::{Call, Message, Order, Wanted, WantedMode};
use crate::store::{self, Others, Plan, Turn, Turns, session};

/// Plans a run, goes through it, and tells how each task ended.
pub(super) fn lead(
    order: &Order,
    wanted: &Wanted,
    queued: Option<i64>,
    listener: &mut Listener,
) -> Result<()> {
    let plan = store::plan(order, wanted, queued)?;
    let run_id = store::open(order, wanted, &plan, queued)?;
    let outcome = session::attempt(|| with_hands(run_id, order, plan, listener));
    let rows = uncancelled(|| store::close(run_id, &order.settings, outcome.as_ref().err()))?;
    outcome?;
    rows.into_iter().try_for_each(|row| listener.tell(&Message::Task(row)))?;
    match wanted.mode {
        WantedMode::Repair => {
            store::differences(run_id)?.into_iter().try_for_each(|row| listener.tell(&Message::Diff(row)))
        }
        _ => Ok(()),
    }
}

/// Goes through a run with as many workers as it has lanes, as far as they can be had.
fn with_hands(run_id: i64, order: &Order, plan: Plan, listener: &mut Listener) -> Result<()> {
    let lanes: HashSet<&str> = plan.tasks.iter().map(|task| task.lane.as_str()).collect();
    let workers = match lanes.len().min(order.settings.max_workers) {
        several @ 2.. => several.min(free_places()?),
        one => one,
    };
    let hands = Hands::start(run_id, workers.saturating_sub(1));
    let mut turns = Turns::new(run_id, order.settings.clone(), plan, true);
    let others = (hands.len() > 0).then(|| Others::new(run_id));
    let mut leader = Leader { listener, others };
    let outcome = session::attempt(|| {
        if hands.missing > 0 {
            leader.warn(run_id, &fewer(workers, hands.missing))?;
        }
        lanes::work(&mut turns, &order.settings.engine(), &mut leader)
    });
    match outcome {
        Ok(()) => hands.dismiss(),
        Err(_) => hands.cancel(),
    }
    outcome?;
    leader.last_words()
}

/// How many workers the role may have at this run, with this one.
fn free_places() -> Result<usize> {
    let others = session::transaction(store::places_taken)?.saturating_sub(1);
    Ok(guc::max_workers_per_role().saturating_sub(others).max(1))
}

/// What a person should know when workers are lacking.
fn fewer(workers: usize, missing: usize) -> String {
    // SAFETY: a plain read.
    let there = unsafe { pg_sys::max_worker_processes };
    let needed = usize::try_from(there).unwrap_or_default() + missing;
    format!(
        "only {} of {workers} workers could be had for this run, because max_worker_processes ({there}) is used \
         up: alter system set max_worker_processes = {needed}, then restart the server",
        workers - missing
    )
}

/// The first worker, who has the caller's ear.
struct Leader<'a, 'b> {
    listener: &'a mut Listener<'b>,
    others: Option<Others>,
}

impl Leader<'_, '_> {
    fn warn(&mut self, run_id: i64, text: &str) -> Result<()> {
        store::warn(run_id, text)?;
        self.listener.tell(&Message::Warning(text.into()))
    }

    /// What the others had to say until the end.
    fn last_words(&mut self) -> Result<()> {
        let news = self.others.as_mut().map(Others::look).transpose()?.unwrap_or_default();
        news.iter().try_for_each(|message| self.listener.tell(message))
    }
}

impl Aside for Leader<'_, '_> {
    fn begins(&mut self, turn: &Turn) {
        if let Some(others) = &mut self.others {
            others.leave_out(&turn.tasks);
        }
    }

    fn look(&mut self, news: Vec<Message>) -> Result<()> {
        news.iter().try_for_each(|message| self.listener.tell(message))?;
        let news = self.others.as_mut().map(Others::news).transpose()?.unwrap_or_default();
        news.iter().try_for_each(|message| self.listener.tell(message))?;
        self.listener.beat()
    }
}

/// A further worker, which ends with the leader.
struct Hand {
    leader: pg_sys::pid_t,
}

impl Aside for Hand {
    fn look(&mut self, _news: Vec<Message>) -> Result<()> {
        match hands::is_there(self.leader) {
            true => Ok(()),
            false => Err(Error::new(Kind::Cancelled, "the run's first worker is gone")),
        }
    }
}

/// Helps with a run until nothing of it is left to begin.
pub(super) fn help(ticket: &Ticket) {
    let outcome = session::attempt(|| {
        super::begin(ticket)?;
        store::hold(ticket.run_id)?;
        match store::underway(ticket.run_id)? {
            Some(order) if hands::is_there(ticket.leader) => take_part(ticket, order),
            _ => Ok(()),
        }
    });
    match outcome {
        // The role has as many workers as it may: the run goes on with those.
        Err(error) if error.kind == Kind::NoWorker => {}
        Err(error) if error.kind != Kind::Cancelled => ended_early(ticket.run_id, &error),
        _ => {}
    }
}

/// A worker that could not go on: the others do.
fn ended_early(run_id: i64, error: &Error) {
    pgrx::log!("erp_sync: a worker of run {run_id} ended early: {error}");
    let _ = store::warn(run_id, &format!("a worker ended early: {error}"));
}

/// Plans the run again, so that no password goes through shared memory or a table. Which tasks
/// there are and how they are read was decided by the leader.
fn take_part(ticket: &Ticket, order: Order) -> Result<()> {
    let Call::Run(wanted) = &order.call else { return Ok(()) };
    let wanted = Wanted { mode: WantedMode::Incremental, ..wanted.clone() };
    let plan = store::look(&order, &wanted)?;
    let mut turns = Turns::new(ticket.run_id, order.settings.clone(), plan, false);
    lanes::work(&mut turns, &order.settings.engine(), &mut Hand { leader: ticket.leader })
}
