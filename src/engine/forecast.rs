//! What a run would read, told without writing anything: `sync_plan()`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::Course;
use super::pages::Pages;
use super::plan::{self, Known, Start, Why};
use super::reader::Reader;
use super::task::{Running, may_be_missing};
use super::{Mode, Prepared, Settings, Task, fingerprint};
use crate::error::Result;
use crate::source::{Scope, Source};

/// What would be read of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The table it would be read into; `None`: nothing of the entity would be read.
    pub stream: Option<String>,
    /// `full`, `incremental`, `verify` or `skipped`.
    pub mode: &'static str,
    /// Why so.
    pub reason: String,
    /// Rows that would be read.
    pub rows: u64,
    /// Requests that takes, about.
    pub requests: u64,
    /// Time that takes, about: measured on one page.
    pub takes: Duration,
}

impl Forecast {
    /// An entity that would not be read.
    pub fn skipped(reason: String) -> Self {
        let takes = Duration::ZERO;
        Forecast { stream: None, mode: "skipped", reason, rows: 0, requests: 0, takes }
    }
}

/// What the task would read. `prepared` tells how each of its streams stands here.
pub async fn forecast(
    task: &Task,
    settings: &Settings,
    source: &mut dyn Source,
    prepared: Vec<Prepared>,
) -> Result<Vec<Forecast>> {
    let mut reader = match Reader::open(Running { id: 0, task, settings }, source).await {
        Err(error) if may_be_missing(task, &error) => return Ok(vec![Forecast::skipped(error.message)]),
        opened => opened?,
    };
    let known = known(&mut reader, prepared).await?;
    let (starts, whys) = starts(&reader, known)?;
    let mut forecasts = Vec::new();
    for (stream, why) in starts.keys().zip(whys) {
        let course = Course::new(&reader, &starts, *stream);
        let reason = reason(task, &course, why, reader.running.stream(*stream).snapshot);
        let changes = measure(&mut reader, &course, reason).await?;
        forecasts.push(match task.mode == Mode::Verify && changes.mode == "incremental" {
            true => with_keys(&mut reader, &course, changes).await?,
            false => changes,
        });
    }
    Ok(forecasts)
}

async fn known(reader: &mut Reader<'_>, prepared: Vec<Prepared>) -> Result<Vec<(usize, Known)>> {
    let identity = reader.source().identity();
    let mut all = Vec::new();
    for stream in reader.streams() {
        let prepared = prepared.get(stream).cloned().unwrap_or_default();
        let (task, about) = (reader.running.task, reader.running.stream(stream));
        plan::same_remote(task, about, &identity, &prepared)?;
        let (watermark, _) = reader.watermark(stream).await?;
        let fingerprint = fingerprint::of(task, about, reader.layout(stream));
        let (identity, is_snapshot) = (identity.clone(), about.snapshot);
        all.push((stream, Known { identity, fingerprint, watermark, prepared, is_snapshot }));
    }
    Ok(all)
}

/// Streams with how each would begin or go on, and why they would be read anew.
type Starts = (BTreeMap<usize, Start>, Vec<Option<Why>>);

fn starts(reader: &Reader<'_>, known: Vec<(usize, Known)>) -> Result<Starts> {
    let task = reader.running.task;
    let whys: Result<Vec<_>> =
        known.iter().map(|(_, known)| plan::anew(task, known, reader.source())).collect();
    let whys = whys?;
    let first = whys.iter().copied().flatten().next();
    let mut starts = BTreeMap::new();
    for (stream, known) in known {
        let start = match first {
            Some(_) => plan::begin_anew(task, known),
            None => plan::go_on(task, task.mode, known, reader.source())?,
        };
        starts.insert(stream, start);
    }
    // One stream that is read anew takes the entity's others along.
    Ok((starts, whys.into_iter().map(|why| why.or(first)).collect()))
}

fn reason(task: &Task, course: &Course, why: Option<Why>, is_snapshot: bool) -> String {
    match (why, &course.pass.from) {
        (Some(why), _) => why.words().into(),
        (None, _) if course.resumed => "goes on where an earlier run ended".into(),
        (None, Some(from)) => format!("what changed since {}", from.0),
        (None, None) if is_snapshot => "read as a whole each time".into(),
        (None, None) if task.mode == Mode::Full => "asked for, or due again".into(),
        (None, None) => "the stream has no cursor, or no row yet".into(),
    }
}

/// Counts the rows and reads one page of them.
async fn measure(reader: &mut Reader<'_>, course: &Course, reason: String) -> Result<Forecast> {
    let scope = course.scope();
    let rows = reader.count(course.stream, &scope).await?;
    let (sample, took) = sample(reader, course, scope).await?;
    let pages = rows.div_ceil(Pages::new(reader.running.task.pages).limit() as u64).max(1);
    let times = if sample == 0 { 1.0 } else { (rows as f64 / sample as f64).max(1.0) };
    Ok(Forecast {
        stream: Some(reader.running.stream(course.stream).table.clone()),
        mode: if course.is_full() { "full" } else { "incremental" },
        reason,
        rows,
        requests: pages * (1 + course.lines.len() as u64),
        takes: took.mul_f64(times * (1 + course.lines.len()) as f64),
    })
}

/// Adds what a look at all keys takes.
async fn with_keys(reader: &mut Reader<'_>, course: &Course, changes: Forecast) -> Result<Forecast> {
    let keys = reader.count(course.stream, &Scope::All).await?;
    let mut narrow = reader.narrow(course.stream);
    let mut ask = reader.ask(Scope::All);
    let limit = narrow.limit() as u64;
    let (page, took) = reader.narrow_page(course.stream, &mut narrow, &mut ask).await?;
    let times = (keys as f64 / page.rows.len().max(1) as f64).max(1.0);
    Ok(Forecast {
        mode: "verify",
        reason: format!("all keys, and {}", changes.reason),
        rows: changes.rows + keys,
        requests: changes.requests + keys.div_ceil(limit).max(1),
        takes: changes.takes + took.mul_f64(times),
        ..changes
    })
}

/// How many rows the first page holds, and how long it takes.
async fn sample(reader: &mut Reader<'_>, course: &Course, scope: Scope) -> Result<(usize, Duration)> {
    let mut ask = reader.ask(scope);
    let (page, took) = reader.page(course.stream, &mut ask).await?;
    Ok((page.rows.len() + page.rejected.len(), took))
}
