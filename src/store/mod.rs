//! The store: the only place that speaks SPI. Implements what the engine asks of
//! its [`Sink`](crate::engine::Sink); every method is one transaction of its own,
//! unless its doc says that it joins the current one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use pgrx::datum::TimestampWithTimeZone;

use crate::engine::{Subject, Task};
use crate::entity::{Entity, Stream};
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::source::{Key, Layout, Remote};
use crate::store::call::{Message, Order};

mod aside;
mod batch;
pub mod call;
mod code;
mod configured;
pub mod cron;
mod derive;
mod digest;
mod due;
mod fair;
pub mod files;
pub mod gate;
mod gone;
mod identity;
mod leftover;
mod link;
mod local;
mod lock;
mod manifests;
mod missing;
mod named;
mod object_id;
mod others;
mod place;
mod plan;
mod progress;
mod queue;
pub mod reading;
mod relation;
mod reread;
mod reset;
mod rows;
mod runs;
mod servers;
pub mod session;
mod snapshot;
mod sql;
mod syscache;
mod tables;
mod target;
mod touched;
mod trouble;
mod turns;
mod verify;
mod views;
mod waiting;
mod walk;

pub use configured::{Configured, configure};
pub use identity::{on_safe_path, role};
pub use manifests::{define, entities, undefine, written};
pub use object_id::{object_id, oid_of};
pub use others::Others;
pub use plan::{Plan, look, plan};
pub use progress::show_waiting;
pub use queue::{
    claim, hold, leave_place, places_taken, queue, queued_now, take_place, wait_for_place, waiting_run,
};
pub use reset::reset;
pub use runs::{cancel, close, fail, give_up, open, underway, warn};
pub use servers::{database, login, role_name, to_discover, visible, wanted as wanted_servers};
pub use turns::{Next, Turn, Turns};
pub use verify::differences;
pub use waiting::waiting;

use sql::{first, value};
use target::Tables;
use touched::Touched;

/// The store of some tasks of one run.
pub struct Store {
    run_id: i64,
    settings: Settings,
    tasks: Vec<Tracked>,
    entities: Arc<[Entity]>,
    tables: Tables,
    /// How far all keys were seen, by task and stream.
    walks: HashMap<(usize, usize), Key>,
    /// Who else wrote rows of a stream, by task and stream.
    touched: HashMap<(usize, usize), Touched>,
    news: Vec<Message>,
    told_at: Instant,
}

/// A task with what the store learns about its streams.
struct Tracked {
    task: Task,
    streams: Vec<Reading>,
    /// The entity's streams as their tables are here.
    local: Vec<Stream>,
}

/// A stream while it is read.
#[derive(Clone, Default)]
struct Reading {
    layout: Layout,
    done: u64,
    expected: Option<u64>,
}

impl Tracked {
    fn new(task: Task) -> Self {
        let streams = vec![Reading::default(); task.entity.streams.len()];
        let local = task.entity.streams.iter().map(|stream| match task.entity.is_of_servers() {
            true => stream.of_server(),
            false => stream.clone(),
        });
        Tracked { local: local.collect(), streams, task }
    }
}

impl Store {
    /// A store of no run, which only reads.
    pub fn reader(order: &Order, tasks: &[Task], entities: Vec<Entity>) -> Self {
        Store::new(0, order.settings.clone(), tasks, entities.into())
    }

    fn new(run_id: i64, settings: Settings, tasks: &[Task], entities: Arc<[Entity]>) -> Self {
        let tasks = tasks.iter().cloned().map(Tracked::new).collect();
        Store {
            run_id,
            settings,
            tasks,
            entities,
            tables: Tables::default(),
            walks: HashMap::new(),
            touched: HashMap::new(),
            news: Vec::new(),
            told_at: Instant::now(),
        }
    }

    fn tracked(&self, task: usize) -> Result<&Tracked> {
        self.tasks.get(task).ok_or_else(|| Error::new(Kind::Internal, "there is no such task"))
    }

    fn reading(&mut self, task: usize, stream: usize) -> Result<&mut Reading> {
        let tracked = self.tasks.get_mut(task);
        tracked
            .and_then(|tracked| tracked.streams.get_mut(stream))
            .ok_or_else(|| Error::new(Kind::Internal, "there is no such stream"))
    }

    /// The layout of a stream as its table has it.
    fn layout_here(&self, task: usize, stream: usize, layout: Layout) -> Result<Layout> {
        let tracked = self.tracked(task)?;
        Ok(match (tracked.task.entity.is_of_servers(), tracked.local.get(stream)) {
            (true, Some(local)) => local::layout(layout, local.columns.len()),
            _ => layout,
        })
    }

    /// What a statement about one stream needs.
    fn place(&self, task: usize, stream: usize) -> Result<Place<'_>> {
        let tracked = self.tracked(task)?;
        let missing = || Error::new(Kind::Internal, "there is no such stream");
        Ok(Place {
            run_id: self.run_id,
            schema: &self.settings.target_schema,
            task: &tracked.task,
            stream: tracked.local.get(stream).ok_or_else(missing)?,
            layout: &tracked.streams.get(stream).ok_or_else(missing)?.layout,
            entities: &self.entities,
            tables: &self.tables,
        })
    }

    fn say(&mut self, message: Message) {
        self.news.push(message);
    }

    /// What is to be told to the caller since the last time.
    pub fn news(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.news)
    }
}

/// One stream of one task: where its rows go.
#[derive(Clone, Copy)]
struct Place<'a> {
    run_id: i64,
    schema: &'a str,
    task: &'a Task,
    stream: &'a Stream,
    layout: &'a Layout,
    /// All that the run's role knows, for what refers to this stream.
    entities: &'a [Entity],
    /// What the current transaction has opened.
    tables: &'a Tables,
}

impl Place<'_> {
    fn server(&self) -> String {
        self.task.server.clone()
    }

    fn link(&self) -> i64 {
        self.task.link
    }

    /// What the server is called in rows.
    fn label(&self) -> String {
        self.task.label.clone()
    }

    fn entity(&self) -> String {
        self.task.entity.name.clone()
    }

    fn table(&self) -> String {
        self.stream.table.clone()
    }

    fn tenant(&self) -> String {
        self.task.tenant.clone()
    }

    /// Indexes of the streams whose rows are lines of this one's.
    fn children(&self) -> impl Iterator<Item = usize> {
        let streams = self.task.entity.streams.iter().enumerate();
        let own = streams.filter(|(_, s)| s.parent.as_ref().is_some_and(|p| p.table == self.stream.table));
        own.map(|(index, _)| index)
    }
}

/// Servers, each with the number of its link with a schema as far as the current role sees how it stands; 0: not, or
/// never read. In the current transaction.
pub fn with_links(servers: Vec<servers::Server>, schema: &str) -> Result<Vec<(servers::Server, i64)>> {
    let links = link::visible(&servers, schema)?;
    let number = |place| links.get(&place).map_or(0, |link| link.id);
    Ok(servers.into_iter().enumerate().map(|(place, server)| (server, number(place))).collect())
}

/// A key from the engine, as the table of the task's entity has it, as JSON.
pub fn key_here(task: &Task, key: &Key) -> String {
    match task.entity.is_of_servers() {
        true => sql::json_key(&local::key(&task.label, key)),
        false => sql::json_key(key),
    }
}

/// A moment that was told as text. In the current transaction.
pub fn moment(text: Option<String>) -> Result<Option<TimestampWithTimeZone>> {
    Ok(first("select $1::timestamptz", &[value(text)], |row| row.get(1))?.flatten())
}

/// Every task of a plan with how its streams stand here.
pub fn standings(tasks: &[Task]) -> Result<Vec<Vec<crate::engine::Prepared>>> {
    session::transaction(|| tasks.iter().map(tables::standings).collect())
}

/// The servers of a wrapper that a call means which names none.
pub fn meant_servers(wrapper: &str, schema: &str) -> Result<Vec<servers::Server>> {
    session::transaction(|| {
        let of = servers::wanted(None)?.into_iter().filter(|server| server.kind == wrapper).collect();
        let meant = with_links(of, schema)?.into_iter().filter(|(server, link)| server.is_meant(*link));
        Ok(meant.map(|(server, _)| server).collect())
    })
}

/// Servers of a check, with their remotes and what is looked at.
pub type ToCheck = Vec<(String, Result<Remote>, Vec<Subject>)>;

/// The servers of a check, one by name or all, and behind them those that are missing.
pub fn servers_to_check(order: &Order, name: Option<&str>) -> Result<ToCheck> {
    let missing = session::transaction(|| missing::servers(&entities()?))?;
    let missing: Vec<_> =
        missing.into_iter().filter(|(server, _)| name.is_none_or(|name| name == server)).collect();
    let servers = match servers::to_check(&order.settings, name) {
        Err(_) if !missing.is_empty() => Vec::new(),
        servers => servers?,
    };
    let mut checks = session::transaction(|| {
        let all = entities()?;
        let schema = &order.settings.target_schema;
        let (servers, remotes): (Vec<_>, Vec<_>) = servers.into_iter().unzip();
        let servers = with_links(servers, schema)?.into_iter().zip(remotes);
        let is_meant = |(server, link): &(servers::Server, i64)| name.is_some() || server.is_meant(*link);
        let (mut meant, others): (Vec<_>, Vec<_>) = servers.partition(|(server, _)| is_meant(server));
        // Where there is nothing else, others' servers are what is to be checked.
        if meant.is_empty() {
            meant = others;
        }
        let looked = |((server, link), remote): ((servers::Server, i64), _)| {
            let subjects = subjects(&server, link, &all)?;
            Ok((server.name, remote, subjects))
        };
        meant.into_iter().map(looked).collect::<Result<ToCheck>>()
    })?;
    checks.extend(missing.into_iter().map(|(server, error)| (server, Err(error), Vec::new())));
    Ok(checks)
}

/// The entities of a server, with the rows that are here. In the current transaction.
fn subjects(server: &servers::Server, link: i64, all: &[Entity]) -> Result<Vec<Subject>> {
    let all = all.iter().filter(|entity| entity.source == server.kind);
    all.map(|entity| {
        let rows = reading::rows(link, &entity.name)?;
        Ok(Subject { entity: Arc::new(entity.clone()), rows })
    })
    .collect()
}
