//! A call in a session of its own, so that a test can look at it and interrupt it, and
//! a look at the workers that calls have started.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::{Client, SimpleQueryMessage};

use crate::cluster::wait_for;
use crate::shop::{Failure, ROLE, Shop, text};

/// How long a test waits for what happens by itself.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A call that is under way.
pub struct Call {
    /// The process that serves the caller.
    pub pid: i32,
    thread: JoinHandle<Ended>,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    /// Its rows, or its error; a connection that broke has no SQLSTATE.
    pub outcome: Result<Vec<String>, Failure>,
    /// When.
    pub at: Instant,
}

impl Ended {
    /// The error.
    ///
    /// # Panics
    /// When it succeeded.
    pub fn failure(self) -> Failure {
        self.outcome.expect_err("the call succeeded")
    }

    /// The rows.
    ///
    /// # Panics
    /// When it failed.
    pub fn rows(self) -> Vec<String> {
        self.outcome.expect("the call failed")
    }
}

impl Call {
    /// Runs SQL as the role, in a session of its own.
    pub fn start(shop: &Shop<'_>, sql: &str) -> Call {
        Call::start_as(shop, ROLE, "", sql)
    }

    /// As `start`, as any role and after SQL that prepares the session.
    pub fn start_as(shop: &Shop<'_>, role: &str, before: &str, sql: &str) -> Call {
        let mut client = shop.cluster.client(&shop.database, role);
        client.batch_execute(before).unwrap_or_else(|error| panic!("{before}: {error:?}"));
        Call::of(client, sql)
    }

    /// Runs SQL in the given session.
    pub fn of(mut client: Client, sql: &str) -> Call {
        let pid = client.query_one("select pg_backend_pid()", &[]).expect("a process").get(0);
        let sql = sql.to_owned();
        let thread = thread::spawn(move || {
            let outcome = client.simple_query(&sql);
            Ended { at: Instant::now(), outcome: outcome.map(rows).map_err(|error| Failure::of(&error)) }
        });
        Call { pid, thread }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        wait_for("the end of a call", LIMIT, || self.thread.is_finished()).unwrap_or_else(|e| panic!("{e}"));
        self.thread.join().expect("a call's thread does not panic")
    }
}

fn rows(messages: Vec<SimpleQueryMessage>) -> Vec<String> {
    messages.iter().filter_map(text).collect()
}

impl Shop<'_> {
    /// The workers of the database.
    pub fn workers(&mut self) -> Vec<i32> {
        let sql = "select pid from pg_stat_activity where backend_type = 'erp_sync'
                   and datname = current_database() order by backend_start";
        let rows = self.admin.query(sql, &[]).expect("pg_stat_activity is readable");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until the double has been asked a method of a model, and tells the worker that asks.
    pub fn worker_that_asks(&mut self, model: &str, method: &str) -> i32 {
        let odoo = &self.odoo;
        wait_for(&format!("{method} of {model}"), LIMIT, || odoo.count_calls(model, method) > 0)
            .unwrap_or_else(|error| panic!("{error}"));
        *self.workers().first().expect("a worker is at work")
    }

    /// Waits until no worker of the database is left, and tells when that was.
    pub fn no_worker(&mut self) -> Instant {
        wait_for("the end of the worker", LIMIT, || self.workers().is_empty())
            .unwrap_or_else(|error| panic!("{error}"));
        Instant::now()
    }

    /// Fails unless everything is at rest: no worker, no open run or task, no lock, no temporary object.
    pub fn is_at_rest(&mut self) {
        self.no_worker();
        let open = "select 'task', run_id, server, entity, state from erp_sync.task where state in ('queued', 'running')
                    union all
                    select 'run', id, server, entity, state from erp_sync.run where state in ('queued', 'running')";
        assert_eq!(self.rows(open), [""; 0]);
        let locks = "select classid, objid from pg_locks l join pg_database d on d.oid = l.database
                     where datname = current_database() and (locktype = 'advisory' or locktype = 'object' and classid in (
                       select oid from pg_class where relnamespace = to_regnamespace('erp_sync')))";
        assert_eq!(self.rows(locks), [""; 0]);
        let temporary = "select relname from pg_class where relpersistence = 't'";
        assert_eq!(self.rows(temporary), [""; 0]);
    }
}
