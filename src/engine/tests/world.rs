//! A remote in memory that behaves like Odoo: `write_date` is the start of the remote
//! transaction, stored with microseconds and shown in seconds; deleted rows leave no trace;
//! lost rights give fewer rows. It can be told to fail, to be slow and to change at any call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::entity::{Stream, Type};
use crate::error::{Error, Kind, Result};
use crate::source::{
    About, Ask, Field, Key, Layout, Mark, Page, Rejected, Rows, Scalar, Scope, Source, Values,
};

pub const SECOND: i64 = 1_000_000;

/// What is wrong with a record that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Broken {
    No,
    Keyed,
    Keyless,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub fields: BTreeMap<String, String>,
    pub write_us: i64,
    pub hidden: bool,
    pub broken: Broken,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    pub what: &'static str,
    pub ask: Option<Ask>,
    pub rows: usize,
}

type Event = Box<dyn FnOnce(&mut World)>;

pub struct World {
    pub now_us: i64,
    pub objects: BTreeMap<String, BTreeMap<i64, Record>>,
    pub calls: Vec<Call>,
    /// Errors by the number of the call, from 1 on.
    pub faults: BTreeMap<usize, Error>,
    /// What happens just before a call is answered.
    pub events: BTreeMap<usize, Vec<Event>>,
    /// The error of every call about an object.
    pub broken: BTreeMap<String, Error>,
    pub identity: String,
    pub left_out: Vec<String>,
    /// More rows than this are too large an answer.
    pub largest: usize,
    /// How long an answer takes.
    pub delay: Duration,
    /// Each page sends its first row twice.
    pub doubles: bool,
    /// Size of a row on the wire.
    pub row_bytes: usize,
}

impl Default for World {
    fn default() -> Self {
        World {
            now_us: 1_000_000 * SECOND,
            objects: BTreeMap::new(),
            calls: Vec::new(),
            faults: BTreeMap::new(),
            events: BTreeMap::new(),
            broken: BTreeMap::new(),
            identity: "prod at erp.example.com".into(),
            left_out: Vec::new(),
            largest: usize::MAX,
            delay: Duration::ZERO,
            doubles: false,
            row_bytes: 100,
        }
    }
}

impl World {
    /// Lets time go by.
    pub fn tick(&mut self, seconds: i64) {
        self.now_us += seconds * SECOND + 7;
    }

    /// Writes a record in a transaction that begins and ends now.
    pub fn put(&mut self, object: &str, id: i64, fields: &[(&str, &str)]) {
        self.put_at(self.now_us, object, id, fields);
    }

    /// Writes a record in a transaction that began at `start_us` and ends now.
    pub fn put_at(&mut self, start_us: i64, object: &str, id: i64, fields: &[(&str, &str)]) {
        let fresh = Record { fields: BTreeMap::new(), write_us: 0, hidden: false, broken: Broken::No };
        let record = self.objects.entry(object.into()).or_default().entry(id).or_insert(fresh);
        record.write_us = start_us;
        for (name, value) in fields {
            record.fields.insert((*name).into(), (*value).into());
        }
    }

    pub fn delete(&mut self, object: &str, id: i64) {
        if let Some(records) = self.objects.get_mut(object) {
            records.remove(&id);
        }
    }

    pub fn hide(&mut self, object: &str, id: i64, hidden: bool) {
        if let Some(record) = self.objects.get_mut(object).and_then(|records| records.get_mut(&id)) {
            record.hidden = hidden;
        }
    }

    pub fn hide_all(&mut self, object: &str, hidden: bool) {
        for record in self.objects.entry(object.into()).or_default().values_mut() {
            record.hidden = hidden;
        }
    }

    pub fn spoil(&mut self, object: &str, id: i64, broken: Broken) {
        self.objects.entry(object.into()).or_default().entry(id).and_modify(|record| record.broken = broken);
    }

    /// Something happens before the n-th call from now on.
    pub fn before_call(&mut self, n: usize, event: impl FnOnce(&mut World) + 'static) {
        self.events.entry(self.calls.len() + n).or_default().push(Box::new(event));
    }

    /// The n-th call from now on fails.
    pub fn fail_call(&mut self, n: usize, error: Error) {
        self.faults.insert(self.calls.len() + n, error);
    }

    /// The rows the user may see, in key order.
    pub fn visible(&self, object: &str) -> impl Iterator<Item = (i64, &Record)> {
        let records = self.objects.get(object).into_iter().flatten();
        records.filter(|(_, record)| !record.hidden).map(|(id, record)| (*id, record))
    }

    /// Calls of a kind since `from`.
    pub fn called(&self, what: &str, from: usize) -> Vec<&Call> {
        self.calls[from..].iter().filter(|call| call.what == what).collect()
    }
}

/// The source of a world.
pub struct Double(pub Rc<RefCell<World>>);

impl Double {
    async fn call(&self, what: &'static str, object: &str, ask: Option<&Ask>) -> Result<()> {
        let (delay, error) = {
            let mut world = self.0.borrow_mut();
            world.calls.push(Call { what, ask: ask.cloned(), rows: 0 });
            let n = world.calls.len();
            for event in world.events.remove(&n).unwrap_or_default() {
                event(&mut world);
            }
            let fault = world.faults.remove(&n);
            (world.delay, fault.or_else(|| world.broken.get(object).cloned()))
        };
        // Also without a delay an answer comes later than the question.
        tokio::time::sleep(delay.max(Duration::from_millis(1))).await;
        error.map_or(Ok(()), Err)
    }
}

#[async_trait(?Send)]
impl Source for Double {
    async fn check(&mut self) -> Result<About> {
        Ok(About::default())
    }

    async fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        self.call("layout", &stream.object, None).await?;
        let world = self.0.borrow();
        let is_out = |name: &String| world.left_out.contains(name);
        let columns = stream.columns.iter().enumerate().filter(|(_, c)| !is_out(&c.name));
        let field = |(column, c): (usize, &crate::entity::Column)| Field {
            column,
            path: c.paths()[0].into(),
            remote_type: "char".into(),
        };
        let left_out = stream.columns.iter().filter(|c| is_out(&c.name));
        Ok(Layout {
            columns: columns.map(field).collect(),
            left_out: left_out.map(|c| (c.name.clone(), "no right".into())).collect(),
        })
    }

    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        self.call("watermark", &stream.object, None).await?;
        let world = self.0.borrow();
        let newest = world.visible(&stream.object).map(|(_, record)| record.write_us).max();
        Ok((newest.map(mark), None))
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        self.call("count", &stream.object, None).await?;
        let world = self.0.borrow();
        let rows = world.visible(&stream.object).filter(|(id, record)| within(scope, stream, *id, record));
        Ok(rows.count() as u64)
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        self.call("page", &stream.object, Some(ask)).await?;
        let mut world = self.0.borrow_mut();
        let after = ask.after.as_ref().map_or(i64::MIN, id_of);
        let behind = world.visible(&stream.object).filter(|(id, _)| *id > after);
        let all = behind.filter(|(id, record)| within(&ask.scope, stream, *id, record));
        let sent: Vec<(i64, Record)> = all.take(ask.limit).map(|(id, r)| (id, r.clone())).collect();
        if sent.len() > world.largest {
            return Err(Error::new(Kind::TooLarge, "the answer is too long"));
        }
        if let Some(call) = world.calls.last_mut() {
            call.rows = sent.len();
        }
        Ok(page(&world, stream, layout, &sent, ask.limit))
    }

    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark> {
        let seconds: i64 = mark.0.parse().map_err(|_| Error::new(Kind::Internal, "no mark"))?;
        Ok(Mark(format!("{:012}", seconds - by.as_secs() as i64)))
    }

    fn identity(&self) -> String {
        self.0.borrow().identity.clone()
    }
}

/// A cursor value as it is shown: whole seconds.
fn mark(us: i64) -> Mark {
    Mark(format!("{:012}", us / SECOND))
}

fn id_of(key: &Key) -> i64 {
    match key.0[..] {
        [Scalar::Int(id)] => id,
        _ => panic!("{key:?} is no id"),
    }
}

fn within(scope: &Scope, stream: &Stream, id: i64, record: &Record) -> bool {
    match scope {
        Scope::All => true,
        Scope::Since(mark) => record.write_us >= mark.0.parse::<i64>().unwrap() * SECOND,
        Scope::Parents(keys) => {
            let column = &stream.parent.as_ref().unwrap().column;
            let parent = record.fields.get(column).and_then(|id| id.parse::<i64>().ok());
            parent.is_some_and(|parent| keys.contains(&parent.into()))
        }
        Scope::Keys(keys) => keys.contains(&id.into()),
    }
}

fn page(world: &World, stream: &Stream, layout: &Layout, sent: &[(i64, Record)], limit: usize) -> Page {
    let good: Vec<_> = sent.iter().filter(|(_, record)| record.broken == Broken::No).collect();
    let rejected = sent.iter().filter(|(_, record)| record.broken != Broken::No);
    let columns = layout.columns.iter().map(|field| {
        let column = &stream.columns[field.column];
        let texts = good.iter().map(|(id, record)| match column.name.as_str() {
            "id" => Some(id.to_string()),
            name => record.fields.get(name).cloned(),
        });
        match column.kind {
            Type::Bigint => Values::Int(texts.map(|text| text?.parse().ok()).collect()),
            _ => Values::Text(texts.collect()),
        }
    });
    let rows = Rows {
        keys: good.iter().map(|(id, _)| (*id).into()).collect(),
        columns: columns.collect(),
        updated_at: good.iter().map(|(_, record)| Some(mark(record.write_us).0)).collect(),
        raw: None,
    };
    Page {
        rows,
        rejected: rejected.map(reject).collect(),
        duplicates: u64::from(world.doubles && !good.is_empty()),
        last: sent.last().map(|(id, _)| (*id).into()),
        more: sent.len() == limit,
        bytes: sent.len() * world.row_bytes,
    }
}

fn reject((id, record): &(i64, Record)) -> Rejected {
    let key = (record.broken == Broken::Keyed).then(|| (*id).into());
    Rejected { key, record: "{}".into(), rule: "type".into(), reason: "no number".into() }
}
