//! Whose turn it is: the servers of a run that still have queued tasks, each worked off by one
//! worker at a time. The lock of a lane is the only sign that somebody works there: who gets it
//! and finds a task `running` knows that its worker is gone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pgrx::datum::DatumWithOid;

use super::identity::as_owner;
use super::lock::Lock;
use super::session::transaction;
use super::sql::{Row, execute, query, value};
use super::{Plan, Store};
use crate::engine::{Ended, Outcome, Task};
use crate::entity::Entity;
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::source::Remote;

/// A run as one of its workers sees it.
pub struct Turns {
    run_id: i64,
    settings: Settings,
    /// By server and entity.
    tasks: HashMap<(String, String), Task>,
    remotes: HashMap<String, Result<Remote>>,
    entities: Arc<[Entity]>,
    /// Whether it sees the run to its end.
    leads: bool,
}

/// What a worker does next.
pub enum Next {
    /// Work off a server.
    Turn(Box<Turn>),
    /// Wait: others are at work on all that is left.
    Wait,
    /// Nothing is left.
    Over,
}

/// A server that is this worker's until [`Turns::end`].
pub struct Turn {
    /// Name of the server.
    pub server: String,
    /// Its lane.
    pub lane: String,
    /// Its queued tasks, in order.
    pub tasks: Vec<Task>,
    /// What its tasks that ended mean for these.
    pub ended: Ended,
    /// The store of these tasks.
    pub store: Store,
    /// The remote.
    pub remote: Result<Remote>,
}

/// A server of the run that is not finished.
struct Open {
    server: String,
    lane: String,
    is_queued: bool,
}

const OPEN: &str = "
select t.server, t.lane, bool_or(t.state = 'queued')
from erp_sync.task t
where t.run_id = $1 and t.state in ('queued', 'running')
group by 1, 2 order by min(t.ordinal)";

impl Turns {
    /// What a worker knows of a run by planning it. `leads`: others may not know all of it.
    pub fn new(run_id: i64, settings: Settings, plan: Plan, leads: bool) -> Self {
        let skipped = plan.skipped.into_iter().map(|(task, _)| task);
        let tasks = plan.tasks.into_iter().chain(skipped);
        let tasks = tasks.map(|task| ((task.server.clone(), task.entity.name.clone()), task)).collect();
        Turns { run_id, settings, tasks, remotes: plan.remotes, entities: plan.entities.into(), leads }
    }

    /// The run.
    pub fn run_id(&self) -> i64 {
        self.run_id
    }

    /// Whether this is the run's first worker.
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Takes the next server in the run's order whose lane is free.
    pub fn next(&mut self) -> Result<Next> {
        let open = self.open()?;
        if !open.iter().any(|open| self.leads || open.is_queued) {
            return Ok(Next::Over);
        }
        let mut taken = HashSet::new();
        for Open { server, lane, .. } in open {
            if taken.contains(&lane) || !lock(&lane)? {
                taken.insert(lane);
                continue;
            }
            // In a transaction that begins now, and so sees what was done in this lane before.
            let turn = transaction(|| self.take(server, lane))?;
            if !turn.tasks.is_empty() {
                return Ok(Next::Turn(Box::new(turn)));
            }
            self.end(&turn.lane)?;
        }
        Ok(Next::Wait)
    }

    /// Lets go of a lane.
    pub fn end(&self, lane: &str) -> Result<()> {
        transaction(|| Lock::named(&named(lane)))?.let_go();
        Ok(())
    }

    /// The servers that are not finished, in order. A further worker passes over those that
    /// it did not plan, because they were made or dropped meanwhile.
    fn open(&self) -> Result<Vec<Open>> {
        let row =
            |row: &Row<'_>| Ok(Open { server: row.text(1)?, lane: row.text(2)?, is_queued: row.flag(3)? });
        let mut open = transaction(|| as_owner(|| query(OPEN, &[value(self.run_id)], row)))?;
        open.retain(|open| self.remotes.contains_key(&open.server));
        Ok(open)
    }

    /// In the current transaction, under the lock of the lane.
    fn take(&self, server: String, lane: String) -> Result<Turn> {
        let (tasks, ended) = as_owner(|| {
            execute(INTERRUPTED, &self.about(&server))?;
            Ok((self.queued(&server)?, self.ended(&server)?))
        })?;
        let missing =
            || Err(Error::new(Kind::Internal, format!("there is no remote of server \"{server}\"")));
        let remote = self.remotes.get(&server).cloned().unwrap_or_else(missing);
        let store = Store::new(self.run_id, self.settings.clone(), &tasks, self.entities.clone());
        Ok(Turn { server, lane, tasks, ended, store, remote })
    }

    fn about<'a>(&self, server: &str) -> [DatumWithOid<'a>; 2] {
        [value(self.run_id), value(server.to_string())]
    }

    /// The queued tasks of a server as planned here, in the mode that the first worker chose.
    fn queued(&self, server: &str) -> Result<Vec<Task>> {
        let tasks = query(QUEUED, &self.about(server), |row| {
            let Some(task) = self.tasks.get(&(server.to_string(), row.text(1)?)) else { return Ok(None) };
            let mode = serde_json::from_value(row.text(2)?.into())
                .map_err(|e| Error::new(Kind::Internal, format!("a task's mode cannot be read: {e}")))?;
            Ok(Some(Task { mode, ..task.clone() }))
        })?;
        Ok(tasks.into_iter().flatten().collect())
    }

    fn ended(&self, server: &str) -> Result<Ended> {
        let mut ended = Ended::default();
        query(ENDED, &self.about(server), |row| {
            let (state, kind) = (row.text(2)?, Kind::from_name(&row.text(3)?));
            let outcome = match state.as_str() {
                "skipped" => Outcome::Skipped(row.text(4)?),
                "cancelled" => Outcome::Failed(Error::new(Kind::Cancelled, row.text(4)?)),
                _ => Outcome::Failed(Error {
                    detail: row.get(5)?,
                    hint: row.get(6)?,
                    ..Error::new(kind.unwrap_or(Kind::Local), row.text(4)?)
                }),
            };
            ended.note(server, &row.text(1)?, &outcome);
            Ok(())
        })?;
        Ok(ended)
    }
}

/// Tries to take a lane.
fn lock(lane: &str) -> Result<bool> {
    Ok(transaction(|| Lock::named(&named(lane)))?.take())
}

/// What the lock of a lane is called.
fn named(lane: &str) -> String {
    format!("lane {lane}")
}

const INTERRUPTED: &str = "
update erp_sync.task
set state = 'failed', error_kind = 'interrupted', error = 'interrupted',
    detail = 'its worker ended without a word: terminated, or it could not go on',
    hint = 'run again: what was committed stays, and the next run goes on from there',
    finished_at = clock_timestamp()
where run_id = $1 and server = $2 and state = 'running'";

const QUEUED: &str = "
select t.entity, t.mode from erp_sync.task t
where t.run_id = $1 and t.server = $2 and t.state = 'queued' order by t.ordinal";

/// Tasks that this run left undone. What was skipped when it was planned is none of them: another run
/// has it in hand.
const ENDED: &str = "
select t.entity, t.state, t.error_kind, t.error, t.detail, t.hint from erp_sync.task t
where t.run_id = $1 and t.server = $2
  and (t.state in ('failed', 'cancelled')
       or t.state = 'skipped' and (t.started_at is not null or t.error like 'after \"%'))
order by t.ordinal";
