//! A remote in memory that behaves like Odoo: `write_date` is the start of the remote
//! transaction, stored with microseconds and shown in seconds; deleted rows leave no trace;
//! lost rights give fewer rows. It can be told to fail, to be slow and to change at any call.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Error;
use crate::source::{Ask, Described};

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
    /// Whether cursor values are exact, as a rowversion of SQL Server is: what changed is read in
    /// their order, up to the watermark, which is the value of the next write.
    pub exact: bool,
    /// The fields of every object, as a person is shown them.
    pub described: Vec<Described>,
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
            exact: false,
            described: Vec::new(),
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

    /// Changes a record as raw SQL does: nothing marks it as changed.
    pub fn put_silently(&mut self, object: &str, id: i64, fields: &[(&str, &str)]) {
        let before = self.objects[object][&id].write_us;
        self.put_at(before, object, id, fields);
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
