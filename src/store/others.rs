//! What the other workers of a run have to say: read from their tasks, since only the run's
//! first worker has a caller who hears it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::identity::as_owner;
use super::session::transaction;
use super::sql::{Row, query, value};
use crate::engine::Task;
use crate::error::{Kind, Result};
use crate::store::call::Message;

/// How often the tasks are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The tasks of a run that other workers have in hand.
pub struct Others {
    run_id: i64,
    /// By server and entity; `None` for this worker's own tasks, which speak for themselves.
    told: HashMap<(String, String), Option<Told>>,
    looked_at: Instant,
}

/// What of a task was told.
#[derive(Default)]
struct Told {
    warnings: usize,
    stream: Option<String>,
    done: i64,
}

/// A task as it stands.
struct Standing {
    server: String,
    entity: String,
    is_running: bool,
    stream: Option<String>,
    done: i64,
    expected: Option<i64>,
    warnings: Vec<String>,
}

const TASKS: &str = "
select t.server, t.entity, t.state = 'running', t.stream, t.done, t.expected, t.warnings
from erp_sync.task t
where t.run_id = $1 and t.started_at is not null and (t.state = 'running' or t.warnings <> '{}')
order by t.ordinal";

impl Others {
    /// Of a run that begins.
    pub fn new(run_id: i64) -> Self {
        Others { run_id, told: HashMap::new(), looked_at: Instant::now() }
    }

    /// These tasks are this worker's own.
    pub fn leave_out(&mut self, tasks: &[Task]) {
        let own = tasks.iter().map(|task| ((task.server.clone(), task.entity.name.clone()), None));
        self.told.extend(own);
    }

    /// What is to be told since the last time, at most every second.
    pub fn news(&mut self) -> Result<Vec<Message>> {
        if self.looked_at.elapsed() < LOOK_EVERY {
            return Ok(Vec::new());
        }
        match self.look() {
            // There is another time.
            Err(error) if error.kind == Kind::Locked => Ok(Vec::new()),
            news => news,
        }
    }

    /// What is to be told since the last time.
    pub fn look(&mut self) -> Result<Vec<Message>> {
        self.looked_at = Instant::now();
        let tasks = transaction(|| as_owner(|| query(TASKS, &[value(self.run_id)], standing)))?;
        Ok(tasks.into_iter().flat_map(|task| self.of(task)).collect())
    }

    fn of(&mut self, task: Standing) -> Vec<Message> {
        let key = (task.server.clone(), task.entity.clone());
        let Some(told) = self.told.entry(key).or_insert_with(|| Some(Told::default())) else {
            return Vec::new();
        };
        let warning =
            |text: &String| Message::Warning(format!("{} from {}: {text}", task.entity, task.server));
        let mut news: Vec<Message> = task.warnings.iter().skip(told.warnings).map(warning).collect();
        told.warnings = task.warnings.len();
        if task.is_running && task.done > 0 && (told.done, &told.stream) != (task.done, &task.stream) {
            news.extend(task.progress().map(Message::Notice));
            (told.done, told.stream) = (task.done, task.stream);
        }
        news
    }
}

impl Standing {
    /// How far the task is, in the words of a worker that tells it itself.
    fn progress(&self) -> Option<String> {
        let (stream, server, done) = (self.stream.as_ref()?, &self.server, self.done);
        let of = self.expected.map(|rows| format!(" of {}", rows.max(done))).unwrap_or_default();
        Some(format!("{stream} from {server}, {done}{of}"))
    }
}

fn standing(row: &Row<'_>) -> Result<Standing> {
    Ok(Standing {
        server: row.text(1)?,
        entity: row.text(2)?,
        is_running: row.flag(3)?,
        stream: row.get(4)?,
        done: row.int(5)?,
        expected: row.get(6)?,
        warnings: row.get(7)?.unwrap_or_default(),
    })
}
