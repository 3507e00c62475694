//! Runs that wait: for their turn among their role's workers, and for the worker that claims them. And those whose
//! worker is gone.

use super::identity::{as_owner, role};
use super::lock::{self, Lock};
use super::object_id::object_id;
use super::session::transaction;
use super::sql::{change, execute, first, query, value, with_snapshot};
use crate::error::{Error, Kind, Result};
use crate::store::call::{Order, Wanted};

/// Queued runs that a role may have.
const LONGEST: i64 = 1000;

const LENGTH: &str = "select count(*) from erp_sync.run r where r.state = 'queued' and r.role_id = $1";

/// Queues a run in the caller's transaction. `waits_for_worker`: until one of the role's workers has ended.
///
/// Errors: [`Kind::NoWorker`] when the role has as many queued runs as it may.
pub fn queue(order: &Order, wanted: &Wanted, waits_for_worker: bool) -> Result<i64> {
    let own = object_id(role());
    let queued = as_owner(|| first(LENGTH, &[value(own)], |row| row.int(1)))?.unwrap_or_default();
    if queued >= LONGEST {
        return Err(Error::new(Kind::NoWorker, format!("{queued} runs of this role are queued already"))
            .hint("wait until some have ended: select * from sync_progress()"));
    }
    super::runs::insert(order, wanted, "queued", waits_for_worker)
}

/// Queued runs can be seen from now on, and their workers are on the way: a run that was queued long ago and has none
/// is closed. In the current transaction.
pub fn queued_now(runs: Vec<i64>) -> Result<()> {
    let sql = "update erp_sync.run set queued_at = clock_timestamp() where id = any($1) and state = 'queued'";
    with_snapshot(|| as_owner(|| execute(sql, &[value(runs)]))).map(drop)
}

/// Has a queued run wait until one of the role's workers has ended.
pub fn wait_for_place(run_id: i64) -> Result<()> {
    let sql = "update erp_sync.run set waits_for_worker = true where id = $1 and state = 'queued'";
    transaction(|| as_owner(|| execute(sql, &[value(run_id)])).map(drop))
}

const NEXT: &str = "
select r.id from erp_sync.run r
where r.state = 'queued' and r.waits_for_worker and r.role_id = $1
order by r.id limit 1";

/// The oldest run of the current role that waits for a worker.
pub fn waiting_run() -> Result<Option<i64>> {
    let own = object_id(role());
    transaction(|| as_owner(|| first(NEXT, &[value(own)], |row| row.int(1))))
}

const QUEUED: &str = "
update erp_sync.run set state = 'running', waits_for_worker = false, worker_pid = pg_backend_pid(), started_at = clock_timestamp()
where id = $1 and state = 'queued'
returning entity, server, mode, confirm, settings::text";

/// Shares the run's lock until the worker ends: who gets it alone knows that the run has no worker.
pub fn hold(run_id: i64) -> Result<()> {
    transaction(|| lock(run_id))
}

/// In the current transaction; lasts beyond it.
pub(super) fn lock(run_id: i64) -> Result<()> {
    Lock::run(run_id)?.hold_shared();
    Ok(())
}

/// Takes one of the places that the current role has for workers, until the process ends; `false` when all are taken.
pub fn take_place(limit: usize) -> Result<bool> {
    transaction(|| lock::take_place(role(), limit))
}

/// Lets go of that place: what this process does from here on is no work. `false` when it had none.
pub fn leave_place() -> bool {
    lock::leave_place()
}

/// How many places of the current role are taken. In the current transaction.
pub fn places_taken() -> Result<usize> {
    lock::places_taken(role())
}

/// Claims a queued run; `None` when it was rolled back or is no longer queued.
pub fn claim(run_id: i64) -> Result<Option<Order>> {
    let orders = transaction(|| as_owner(|| change(QUEUED, &[value(run_id)], super::runs::order)))?;
    Ok(orders.into_iter().next())
}

/// Runs that are open, as far as their age tells; one that waits for a place of its role has no worker.
const OPEN: &str = "
select r.id from erp_sync.run r
-- A run of the future was queued by a clock that was ahead.
where (r.state = 'running' or r.state = 'queued' and not r.waits_for_worker
       and abs(extract(epoch from clock_timestamp() - r.queued_at)) > 60)
  and r.id is distinct from $1";

const CLOSE: &str = "
with closed as (
  update erp_sync.task t
  set state = 'failed', error_kind = 'interrupted', error = 'interrupted',
      detail = 'its worker ended without a word: terminated, or the server stopped',
      hint = 'run again: what was committed stays, and the next run goes on from there',
      finished_at = clock_timestamp()
  where t.run_id = any($1) and t.state in ('queued', 'running'))
update erp_sync.run r
set state = 'failed', error = 'interrupted', finished_at = clock_timestamp()
-- One that has ended by itself meanwhile has let go of its lock too.
where r.id = any($1) and r.state in ('queued', 'running')";

/// Closes runs whose worker is gone. In the current transaction.
pub fn close_orphans(own: Option<i64>) -> Result<()> {
    let open = as_owner(|| query(OPEN, &[value(own)], |row| row.int(1)))?;
    let mut dead = Vec::new();
    for run_id in open {
        if Lock::run(run_id)?.is_free() {
            dead.push(run_id);
        }
    }
    match dead.is_empty() {
        true => Ok(()),
        false => as_owner(|| execute(CLOSE, &[value(dead)])).map(drop),
    }
}
