//! Runs and tasks: opened, begun, ended, and closed for those whose worker died.

use std::collections::HashMap;

use pgrx::datum::DatumWithOid;

use super::identity::{as_owner, role};
use super::object_id::object_id;
use super::servers;
use super::session::transaction;
use super::sql::{Row, change, execute, first, query, value};
use super::{Plan, Store, derive, leftover, queue, syscache};
use crate::engine::{Outcome, Task};
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::store::call::{Call, Message, Order, TaskRow, Wanted, WantedMode};

const BUSY: &str = "
select t.entity, min(t.run_id) from erp_sync.task t
where t.link = $1 and t.link <> 0 and t.state in ('queued', 'running') group by 1";

/// The entities of a link that runs have in hand, each with its run. In the current transaction.
pub fn busy(link: i64) -> Result<HashMap<String, i64>> {
    let read = |row: &Row<'_>| Ok((row.text(1)?, row.int(2)?));
    Ok(as_owner(|| query(BUSY, &[value(link)], read))?.into_iter().collect())
}

const INSERT_RUN: &str = "
insert into erp_sync.run (entity, server, mode, confirm, role, settings, state, worker_pid, started_at, role_id,
  waits_for_worker)
values ($1, $2, $3, $4, $5::name, $6::jsonb, $7, case when $7 = 'running' then pg_backend_pid() end,
        case when $7 = 'running' then clock_timestamp() end, $8, $9)
returning id";

/// Stores a run in the current transaction. Returns its id.
pub(super) fn insert(order: &Order, wanted: &Wanted, state: &str, waits_for_worker: bool) -> Result<i64> {
    let name = servers::role_name()?;
    let settings = serde_json::to_string(&order.settings)
        .map_err(|error| Error::new(Kind::Internal, format!("settings cannot be written: {error}")))?;
    let arguments = [
        value(wanted.entity.clone()),
        value(wanted.server.clone()),
        value(wanted.mode.word()),
        value(wanted.confirm),
        value(name),
        value(settings),
        value(state.to_string()),
        value(object_id(role())),
        value(waits_for_worker),
    ];
    let id = as_owner(|| change(INSERT_RUN, &arguments, |row| row.int(1)))?.pop();
    id.ok_or_else(|| Error::new(Kind::Internal, "the run was not stored"))
}

const UNDERWAY: &str = "
select entity, server, mode, confirm, settings::text from erp_sync.run where id = $1 and state = 'running'";

/// What a run that goes on is about, for a further worker of it; `None` when it has ended.
pub fn underway(run_id: i64) -> Result<Option<Order>> {
    transaction(|| as_owner(|| first(UNDERWAY, &[value(run_id)], order)))
}

pub(super) fn order(row: &Row<'_>) -> Result<Order> {
    let unreadable = |e| Error::new(Kind::Internal, format!("the run cannot be read: {e}"));
    let mode: WantedMode = serde_json::from_value(row.text(3)?.into()).map_err(unreadable)?;
    let wanted = Wanted { entity: row.text(1)?, server: row.get(2)?, mode, confirm: row.flag(4)? };
    let settings = serde_json::from_str(&row.text(5)?).map_err(unreadable)?;
    Ok(Order { call: Call::Run(wanted), settings })
}

/// Something a person should know of the run as a whole; it goes on.
pub fn warn(run_id: i64, text: &str) -> Result<()> {
    let sql = "update erp_sync.run set warnings = warnings || $2::text where id = $1";
    transaction(|| as_owner(|| execute(sql, &[value(run_id), value(text.to_string())])).map(drop))
}

/// The run could not even be planned.
pub fn fail(run_id: i64, error: &Error) -> Result<()> {
    let sql = "update erp_sync.run set state = $2, error = $3, finished_at = clock_timestamp()
               where id = $1 and state in ('queued', 'running')";
    let state = if error.kind == Kind::Cancelled { "cancelled" } else { "failed" };
    transaction(|| {
        as_owner(|| execute(sql, &[value(run_id), value(state), value(error.message.clone())]))?;
        notify(run_id)
    })
}

/// Tells whoever listens that a run has ended: its number and nothing else. In the current transaction.
fn notify(run_id: i64) -> Result<()> {
    first("select pg_notify('erp_sync', $1::text)", &[value(run_id)], |_| Ok(())).map(drop)
}

const INSERT_TASK: &str = "
insert into erp_sync.task (run_id, server, entity, ordinal, lane, tenant, mode, state, error, finished_at, link)
values ($1, $2, $3, $4, $9, $5, $6, $7, $8, case when $7 = 'skipped' then clock_timestamp() end, $10)";

/// Stores the run with its tasks, and shares its lock until the worker ends. Returns its id.
pub fn open(order: &Order, wanted: &Wanted, plan: &Plan, queued: Option<i64>) -> Result<i64> {
    transaction(|| {
        let run_id = match queued {
            Some(id) => id,
            None => insert(order, wanted, "running", false)?,
        };
        queue::lock(run_id)?;
        let all = plan.tasks.iter().map(|task| (task, None));
        let all = all.chain(plan.skipped.iter().map(|(task, reason)| (task, Some(reason.clone()))));
        for (ordinal, (task, reason)) in all.enumerate() {
            insert_task(run_id, ordinal as i32, task, reason)?;
        }
        Ok(run_id)
    })
}

impl Store {
    /// The task begins, unless its server is gone by now, or no longer for this role.
    pub fn begin(&mut self, task: usize) -> Result<Option<String>> {
        let server = self.tracked(task)?.task.server.clone();
        transaction(|| {
            if !syscache::may_use_server(&server) {
                servers::wanted(Some(&server))?;
            }
            self.change_row(task, "state = 'running', started_at = clock_timestamp()", Vec::new)
        })?;
        let tracked = self.tracked(task)?;
        let text = format!("erp_sync: {} from {}", tracked.task.entity.name, tracked.task.server);
        super::progress::show_activity(&text);
        Ok(None)
    }

    /// Something a person should know; the task goes on.
    pub fn warn(&mut self, task: usize, text: String) -> Result<()> {
        self.change_task(task, "warnings = warnings || $4::text", || vec![value(text.clone())])?;
        let tracked = self.tracked(task)?;
        let line = format!("{} from {}: {text}", tracked.task.entity.name, tracked.task.server);
        self.say(Message::Warning(line));
        Ok(())
    }

    /// What the remote does not give to this user; the task goes on without it.
    pub fn not_read(&mut self, task: usize, what: Vec<String>) -> Result<()> {
        self.change_task(task, "not_read = $4", || vec![value(what.clone())])?;
        self.warn(task, format!("not read: {}", what.join(", ")))
    }

    /// The task ended.
    pub fn finish(&mut self, task: usize, outcome: Outcome) -> Result<()> {
        let outcome = self.admitted(task, outcome)?;
        let (state, error, reason) = match outcome {
            Outcome::Succeeded => ("succeeded", None, None),
            Outcome::Failed(error) if error.kind == Kind::Cancelled => ("cancelled", Some(error), None),
            Outcome::Failed(error) => ("failed", Some(error), None),
            Outcome::Skipped(reason) => ("skipped", None, Some(reason)),
        };
        let kind = error.as_ref().map(|error| error.kind.name());
        let hint = error.as_ref().map(|error| error.hint_or_default().to_string());
        let detail = error.as_ref().and_then(|error| error.detail.clone());
        let words = error.as_ref().and_then(|error| error.original.clone());
        let message = error.map(|error| error.message).or(reason);
        let waiting = self.waiting(task)?;
        let link = self.tracked(task)?.task.link;
        transaction(|| {
            self.change_row(
                task,
                "state = $4, error_kind = $5, error = $6, detail = $7, hint = $8, finished_at = clock_timestamp(),
                 waiting = $9 + (select count(*) from erp_sync.candidate c where c.link = $10 and c.entity = $3)",
                || vec![value(state), value(kind), value(message), value(detail), value(hint), value(waiting), value(link)],
            )?;
            words.map_or(Ok(()), |words| self.keep_words(task, words))
        })
    }

    /// Rows of the task that wait for a partner. A table that cannot be read was the task's failure already.
    fn waiting(&self, task: usize) -> Result<i64> {
        if !self.tracked(task)?.task.entity.streams.iter().any(derive::may_wait) {
            return Ok(0);
        }
        let place = self.place(task, 0)?;
        match place.transaction(|| derive::waiting(&place)) {
            Err(error) if error.kind != Kind::Cancelled => Ok(0),
            counted => counted,
        }
    }

    /// Keeps the words of who raised the error for those who may become the tables' owner. In the current transaction.
    fn keep_words(&self, task: usize, words: String) -> Result<()> {
        let sql = "insert into erp_sync.original_error (run_id, server, entity, link, message)
                   values ($1, $2, $3, $4, left($5, 2000))
                   on conflict (run_id, server, entity) do update set message = excluded.message";
        let task = &self.tracked(task)?.task;
        let (server, entity) = (task.server.clone(), task.entity.name.clone());
        let arguments = [value(self.run_id), value(server), value(entity), value(task.link), value(words)];
        as_owner(|| execute(sql, &arguments)).map(drop)
    }

    /// How a task ends once the rows that wait have been looked at again: what fails there is this
    /// task's failure, not the run's. What passes is tried again, and a cancel is one.
    fn admitted(&self, task: usize, outcome: Outcome) -> Result<Outcome> {
        if outcome != Outcome::Succeeded {
            return Ok(outcome);
        }
        match self.readmit(task) {
            Err(error) if error.kind != Kind::Cancelled && !error.kind.is_transient() => {
                Ok(Outcome::Failed(error))
            }
            readmitted => readmitted.map(|()| outcome),
        }
    }

    /// Looks again at rows that wait for a partner.
    fn readmit(&self, task: usize) -> Result<()> {
        for (stream, _) in self.tracked(task)?.local.iter().enumerate().filter(|(_, s)| derive::may_wait(s)) {
            let place = self.place(task, stream)?;
            let mut before = Vec::new();
            loop {
                let found = place.transaction(|| derive::readmit(&place))?;
                // Those that still wait would be found again and again.
                if found.is_empty() || found == before {
                    break;
                }
                before = found;
            }
        }
        Ok(())
    }

    /// Changes the task's row; parameters from `$4` on are `more`, made inside the
    /// transaction, whose memory they live in.
    fn change_task<'a>(
        &self,
        task: usize,
        changes: &str,
        more: impl FnOnce() -> Vec<DatumWithOid<'a>>,
    ) -> Result<()> {
        transaction(|| self.change_row(task, changes, more))
    }

    /// The same in the current transaction.
    fn change_row<'a>(
        &self,
        task: usize,
        changes: &str,
        more: impl FnOnce() -> Vec<DatumWithOid<'a>>,
    ) -> Result<()> {
        let tracked = self.tracked(task)?;
        let sql =
            format!("update erp_sync.task set {changes} where run_id = $1 and server = $2 and entity = $3");
        let (server, entity) = (tracked.task.server.clone(), tracked.task.entity.name.clone());
        let mut arguments = vec![value(self.run_id), value(server), value(entity)];
        arguments.extend(more());
        as_owner(|| execute(&sql, &arguments)).map(drop)
    }
}

/// Ends the run: tasks that were not ended become cancelled or failed with the
/// error that ended the run. Returns how every task ended.
pub fn close(run_id: i64, settings: &Settings, error: Option<&Error>) -> Result<Vec<TaskRow>> {
    transaction(|| {
        as_owner(|| {
            if let Some(error) = error {
                end_tasks(run_id, None, error)?;
            }
            execute(END_RUN, &[value(run_id)])?;
            forget_old((settings.history_retention_min, settings.removed_retention_min))
        })?;
        leftover::forget(run_id)?;
        notify(run_id)?;
        as_owner(|| task_rows(run_id))
    })
}

fn insert_task(run_id: i64, ordinal: i32, task: &Task, skipped: Option<String>) -> Result<()> {
    let arguments = [
        value(run_id),
        value(task.server.clone()),
        value(task.entity.name.clone()),
        value(ordinal),
        value(task.tenant.clone()),
        value(task.mode.word()),
        value(if skipped.is_some() { "skipped" } else { "queued" }),
        value(skipped),
        value(task.lane.clone()),
        value(task.link),
    ];
    as_owner(|| execute(INSERT_TASK, &arguments)).map(drop)
}

const END_TASKS: &str = "
with ended as (
  update erp_sync.task
  set state = $2, error_kind = $3, error = $4, detail = $5, hint = $6, finished_at = clock_timestamp()
  where run_id = $1 and (state = 'running' or state = 'queued' and $7 is null) and server = coalesce($7, server)
  returning run_id, server, entity, link)
insert into erp_sync.original_error (run_id, server, entity, link, message)
select e.run_id, e.server, e.entity, e.link, left($8, 2000) from ended e where $8 is not null
on conflict (run_id, server, entity) do update set message = excluded.message";

/// The worker gives up what it has in hand of a server, with the error that ended the worker.
/// Queued tasks are left to the run's other workers.
pub fn give_up(run_id: i64, server: &str, error: &Error) -> Result<()> {
    transaction(|| as_owner(|| end_tasks(run_id, Some(server), error)))
}

/// In the current transaction, as the owner.
fn end_tasks(run_id: i64, server: Option<&str>, error: &Error) -> Result<()> {
    let state = if error.kind == Kind::Cancelled { "cancelled" } else { "failed" };
    let arguments = [
        value(run_id),
        value(state),
        value(error.kind.name()),
        value(error.message.clone()),
        value(error.detail.clone()),
        value(error.hint_or_default().to_string()),
        value(server.map(str::to_string)),
        value(error.original.clone()),
    ];
    execute(END_TASKS, &arguments).map(drop)
}

const END_RUN: &str = "
update erp_sync.run r
set finished_at = clock_timestamp(),
    state = (select case when bool_or(t.state = 'cancelled') then 'cancelled'
                         when bool_or(t.state = 'failed') then 'failed' else 'succeeded' end
             from erp_sync.task t where t.run_id = r.id)
where r.id = $1";

fn forget_old((history, removed): (i32, i32)) -> Result<()> {
    execute(
        "delete from erp_sync.run where finished_at < clock_timestamp() - make_interval(mins => $1)",
        &[value(history)],
    )?;
    execute(
        "delete from erp_sync.removed where removed_at < clock_timestamp() - make_interval(mins => $1)",
        &[value(removed)],
    )
    .map(drop)
}

const TASK_ROWS: &str = "
select t.server, t.entity, t.state,
       array[fetched, inserted, updated, unchanged, left_out, rejected, duplicates, removed, waiting],
       (extract(epoch from t.finished_at - t.started_at) * 1000)::bigint, t.error, t.detail, t.hint, t.error_kind,
       d.message
from erp_sync.task t
left join erp_sync.original_error d on d.run_id = t.run_id and d.server = t.server and d.entity = t.entity
where t.run_id = $1 order by t.server, t.ordinal";

/// How every task of a run stands: servers by name, whichever came first this time. In the current transaction, as the current role.
fn task_rows(run_id: i64) -> Result<Vec<TaskRow>> {
    query(TASK_ROWS, &[value(run_id)], |row| {
        let counts = row.get::<Vec<i64>>(4)?.and_then(|counts| counts.try_into().ok());
        Ok(TaskRow {
            run_id,
            server: row.text(1)?,
            entity: row.text(2)?,
            state: row.text(3)?,
            counts: counts.unwrap_or_default(),
            duration_ms: row.get(5)?,
            error: row.get(6)?,
            detail: row.get(7)?,
            hint: row.get(8)?,
            kind: row.get::<String>(9)?.and_then(|name| Kind::from_name(&name)),
            original: row.get(10)?,
        })
    })
}

const UNQUEUE: &str = "
update erp_sync.run set state = 'cancelled', finished_at = clock_timestamp()
where id = $1 and state = 'queued'";

/// Cancels a run by its worker's process. `false`: it is not running. In the
/// current transaction, with the rights of the current role.
pub fn cancel(run_id: i64) -> Result<Option<bool>> {
    let sql = "select r.worker_pid, r.state, r.role::text, exists (
                 select from pg_roles o where o.oid = erp_sync.oid_of(r.role_id) and pg_has_role(o.oid, 'MEMBER'))
               from erp_sync.run r where r.id = $1";
    let found = first(sql, &[value(run_id)], |row| {
        Ok((row.get::<i32>(1)?, row.text(2)?, row.text(3)?, row.flag(4)?))
    })?;
    let Some((pid, state, role, own)) = found else { return Ok(None) };
    if !own {
        return Err(Error::new(Kind::Denied, format!("run {run_id} belongs to role \"{role}\""))
            .hint(format!("cancel it as {role}")));
    }
    if state == "queued" {
        return as_owner(|| execute(UNQUEUE, &[value(run_id)])).map(|rows| Some(rows > 0));
    }
    let (Some(pid), "running") = (pid, state.as_str()) else { return Ok(Some(false)) };
    let sql = "select pg_cancel_backend(a.pid) from pg_stat_activity a
               where a.pid = $1 and a.backend_type = 'erp_sync' and a.datid =
                 (select d.oid from pg_database d where d.datname = current_database())";
    // Nobody is there any more: it has just ended.
    Ok(Some(first(sql, &[value(pid)], |row| row.flag(1))?.unwrap_or(false)))
}
