//! A remote, a store, and runs between them.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::double::Double;
use super::store::{Crash, Row, Store};
use super::world::World;
use crate::engine::{Ended, Mode, Outcome, Patience, Settings, Task, run};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::source::Key;

pub const PARTNER: &str = "res.partner";
pub const MOVE: &str = "account.move";
pub const LINE: &str = "account.move.line";
/// Ten minutes.
pub const OVERLAP: i64 = 600;

fn column(name: &str, kind: &str) -> serde_json::Value {
    json!({"name": name, "type": kind, "about": name})
}

fn entity(manifest: serde_json::Value) -> Arc<Entity> {
    Arc::new(serde_json::from_value(manifest).unwrap())
}

pub fn contacts() -> Arc<Entity> {
    entity(json!({
        "name": "contacts", "about": "contacts", "source": "odoo",
        "streams": [{
            "table": "contacts", "about": "contacts", "object": PARTNER,
            "key": ["id"], "cursor": "write_date",
            "columns": [column("id", "bigint"), column("name", "text"), column("active", "text")],
        }],
    }))
}

pub fn invoices() -> Arc<Entity> {
    entity(json!({
        "name": "invoices", "about": "invoices", "source": "odoo", "after": ["contacts"],
        "streams": [{
            "table": "invoices", "about": "invoices", "object": MOVE,
            "key": ["id"], "cursor": "write_date",
            "keep": {"column": "state", "values": ["posted"]},
            "columns": [column("id", "bigint"), column("state", "text"), column("name", "text")],
        }, {
            "table": "invoice_lines", "about": "lines", "object": LINE,
            "key": ["id"], "cursor": "write_date",
            "parent": {"table": "invoices", "column": "move_id"},
            "columns": [column("id", "bigint"), column("move_id", "bigint"), column("name", "text")],
        }],
    }))
}

/// Pages are of ten rows, so that few records make many pages.
pub fn task(entity: Arc<Entity>) -> Task {
    Task {
        server: "main".into(),
        lane: "erp.example.com:443".into(),
        tenant: "acme".into(),
        entity,
        mode: Mode::Incremental,
        confirm: false,
        named: true,
        keep_raw: false,
        overlap: Duration::from_secs(OVERLAP as u64),
        range: None,
        max_attempts: None,
        pages: (10, 10),
        link: 1,
        label: "main".into(),
        circumstances: "sync@example.com".into(),
    }
}

pub fn full(task: Task) -> Task {
    Task { mode: Mode::Full, ..task }
}

pub fn verify(task: Task) -> Task {
    Task { mode: Mode::Verify, ..task }
}

pub fn repair(task: Task) -> Task {
    Task { mode: Mode::Repair, ..task }
}

pub fn confirmed(task: Task) -> Task {
    Task { mode: Mode::Full, confirm: true, ..task }
}

pub fn settings() -> Settings {
    let (retry_base, retry_limit) = (Duration::from_secs(1), Duration::from_secs(120));
    Settings { max_attempts: 4, retry_base, retry_limit, patience: Patience::default() }
}

/// Runs a future to its end; waits take no time.
pub fn on_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

pub struct House {
    pub remote: Rc<RefCell<World>>,
    pub store: Store,
    /// How often a source was made.
    pub opened: usize,
    /// How long the last run took on the paused clock.
    pub took: Duration,
    /// What its runs waited for.
    pub patience: Patience,
}

impl House {
    pub fn new() -> Self {
        let (remote, store, patience) = (Rc::default(), Store::default(), Patience::default());
        House { remote, store, opened: 0, took: Duration::ZERO, patience }
    }

    /// With contacts of the ids 1 to n, the last of them so much younger that an
    /// incremental pass reads it and no other again.
    pub fn with_contacts(n: i64) -> Self {
        let house = House::new();
        for id in 1..=n {
            house.world().tick(if id == n { OVERLAP * 2 } else { 0 });
            house.world().put(PARTNER, id, &[("name", &format!("contact {id}")), ("active", "true")]);
        }
        house
    }

    /// With posted invoices of the ids 1 to n, each with lines 10 * id + 1 and + 2; the last again younger.
    pub fn with_invoices(n: i64) -> Self {
        let house = House::new();
        for id in 1..=n {
            house.world().tick(if id == n { OVERLAP * 2 } else { 0 });
            house.world().put(MOVE, id, &[("name", &format!("invoice {id}")), ("state", "posted")]);
            for line in [10 * id + 1, 10 * id + 2] {
                house.world().put(LINE, line, &[("move_id", &id.to_string()), ("name", "line")]);
            }
        }
        house
    }

    pub fn world(&self) -> RefMut<'_, World> {
        self.remote.borrow_mut()
    }

    pub fn crash(&mut self, crash: Crash) -> &mut Self {
        self.store.crash = Some(crash);
        self
    }

    /// Runs tasks; the answer is what `run` itself says.
    pub fn run_all(&mut self, tasks: Vec<Task>) -> Result<()> {
        self.run_after(Ended::default(), tasks)
    }

    /// Runs tasks after others of the same run.
    pub fn run_after(&mut self, before: Ended, tasks: Vec<Task>) -> Result<()> {
        self.store.rerun(tasks.clone());
        let opened = &mut self.opened;
        let remote = self.remote.clone();
        let open = |_: &str| {
            *opened += 1;
            Ok(Box::new(Double(remote.clone())) as Box<dyn crate::source::Source>)
        };
        let settings = Settings { patience: self.patience.clone(), ..settings() };
        let (ended, took) = on_paused_clock(async {
            let began = tokio::time::Instant::now();
            let ended = run(tasks, before, settings, open, &mut self.store).await;
            (ended, began.elapsed())
        });
        (self.took, self.store.crash) = (took, None);
        ended
    }

    /// Runs one task; how it ended.
    pub fn run(&mut self, task: Task) -> Outcome {
        self.run_all(vec![task]).unwrap();
        self.outcome(0)
    }

    /// Runs one task and expects it to be cut off.
    pub fn run_into(&mut self, crash: Crash, task: Task) {
        self.crash(crash).run_all(vec![task]).unwrap_err();
        self.store.dead = false;
    }

    /// How a task of the last run ended: told exactly once.
    pub fn outcome(&self, task: usize) -> Outcome {
        match &self.store.outcomes[task][..] {
            [one] => one.clone(),
            other => panic!("task {task} ended {} times", other.len()),
        }
    }

    pub fn error(&self, task: usize) -> Error {
        match self.outcome(task) {
            Outcome::Failed(error) => error,
            other => panic!("{other:?} is no failure"),
        }
    }

    /// The remote's rows of a table as they should be here.
    pub fn expected(&self, entity: &Entity, table: &str) -> BTreeMap<Key, BTreeMap<String, Option<String>>> {
        let stream = entity.streams.iter().find(|stream| stream.table == table).unwrap();
        let world = self.world();
        let headers = stream.parent.as_ref().map(|parent| self.expected_keys(&world, entity, &parent.table));
        let mut rows = BTreeMap::new();
        for (id, record) in world.visible(&stream.object) {
            let value = |name: &str| match name {
                "id" => Some(id.to_string()),
                name => record.fields.get(name).cloned(),
            };
            let kept =
                stream.keep.as_ref().is_none_or(|k| value(&k.column).is_some_and(|v| k.values.contains(&v)));
            let parent = stream.parent.as_ref().and_then(|parent| value(&parent.column));
            let parent = parent.and_then(|id| id.parse::<i64>().ok()).map(Key::from);
            let here = headers.as_ref().is_none_or(|all| parent.is_some_and(|p| all.contains(&p)));
            if kept && here {
                let values = stream.columns.iter().map(|c| (c.name.clone(), value(&c.name)));
                rows.insert(id.into(), values.collect());
            }
        }
        rows
    }

    fn expected_keys(&self, world: &World, entity: &Entity, table: &str) -> Vec<Key> {
        let stream = entity.streams.iter().find(|stream| stream.table == table).unwrap();
        let keep = stream.keep.as_ref();
        let kept = world.visible(&stream.object).filter(|(_, record)| {
            keep.is_none_or(|k| record.fields.get(&k.column).is_some_and(|v| k.values.contains(v)))
        });
        kept.map(|(id, _)| id.into()).collect()
    }

    pub fn assert_exact(&self, entity: &Entity) {
        for stream in &entity.streams {
            let here = self.store.table(&stream.table).into_iter();
            let here: BTreeMap<Key, _> = here.map(|(key, Row { values, .. })| (key, values)).collect();
            let there = self.expected(entity, &stream.table);
            let keys: BTreeSet<_> = here.keys().chain(there.keys()).cloned().collect();
            let differ = |key: &Key| (key.clone(), here.get(key).cloned(), there.get(key).cloned());
            let differences: Vec<_> = keys.iter().map(differ).filter(|(_, a, b)| a != b).collect();
            assert!(differences.is_empty(), "{} (key, here, there): {differences:?}", stream.table);
        }
    }
}
