//! A task: one entity of one server, stream after stream.

use std::collections::BTreeMap;

use super::batch::Course;
use super::plan::{self, Known, Start};
use super::reader::{Reader, is_absent};
use super::writer::Writer;
use super::{Mode, Outcome, Settings, Sink, Task, breaker, fingerprint, pass, reread, snapshot, verify};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::Source;

/// A task while it runs.
#[derive(Clone, Copy)]
pub(super) struct Running<'a> {
    /// Its index in the run.
    pub(super) id: usize,
    /// What is to be done.
    pub(super) task: &'a Task,
    /// Settings of the run.
    pub(super) settings: &'a Settings,
}

impl<'a> Running<'a> {
    /// A stream by its index.
    pub(super) fn stream(&self, stream: usize) -> &'a Stream {
        &self.task.entity.streams[stream]
    }
}

/// Reads all streams of the task to the end.
pub(super) async fn run(
    running: Running<'_>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
) -> Result<Outcome> {
    let mut reader = match Reader::open(running, source).await {
        Err(error) if may_be_missing(running.task, &error) => return Ok(Outcome::Skipped(error.message)),
        opened => opened?,
    };
    let mut writer = Writer::new(running, sink);
    let outcome = streams(&mut reader, &mut writer).await;
    // Also of a task that failed: what it committed is not read again.
    let told = match reader.odd.told() {
        Some(text) => writer.warn(text).await,
        None => Ok(()),
    };
    outcome.and(told)?;
    if let Some(text) = verify::told(running.task, &writer.found) {
        writer.warn(text).await?;
    }
    Ok(match breaker::error(running.task, &writer.trips) {
        Some(error) => Outcome::Failed(error),
        None => Outcome::Succeeded,
    })
}

/// Reads one stream after the other, and again what refers to rows that were removed.
async fn streams(reader: &mut Reader<'_>, writer: &mut Writer<'_>) -> Result<()> {
    let starts = start(reader, writer).await?;
    let mut courses = Vec::new();
    for stream in starts.keys() {
        let course = read(reader, writer, &starts, *stream).await?;
        if reader.running.task.mode == Mode::Verify && !course.is_full() {
            verify::run(reader, writer, &course).await?;
        }
        courses.push(course);
    }
    reread::after_removals(reader, writer, &courses).await.map(drop)
}

/// What nobody asked for by name may well be missing on this remote.
pub(super) fn may_be_missing(task: &Task, error: &Error) -> bool {
    !task.named && is_absent(error)
}

/// Decides how each stream is read and stores it, before the first page of any: so the
/// lines' own full pass is open before their headers are read without them.
async fn start(reader: &mut Reader<'_>, writer: &mut Writer<'_>) -> Result<BTreeMap<usize, Start>> {
    let task = reader.running.task;
    warn_left_out(reader, writer).await?;
    let known = known(reader, writer).await?;
    let anew = anew(reader, writer, &known).await?;
    let mut starts = BTreeMap::new();
    for (stream, known) in known {
        let start = match anew {
            true => plan::begin_anew(task, known),
            false => plan::go_on(task, task.mode, known, reader.source())?,
        };
        if !start.resumed {
            writer.start(stream, &start.stored, anew).await?;
        }
        starts.insert(stream, start);
    }
    Ok(starts)
}

async fn warn_left_out(reader: &Reader<'_>, writer: &mut Writer<'_>) -> Result<()> {
    let columns = reader.streams().into_iter().flat_map(|stream| {
        let table = &reader.running.stream(stream).table;
        reader.layout(stream).left_out.iter().map(move |(name, why)| format!("\"{table}.{name}\" ({why})"))
    });
    // That a module is not installed needs no word; that a right is lacking does.
    let tables = reader.missing.iter().filter(|(_, error)| error.kind == Kind::Forbidden);
    let tables = tables.map(|(stream, error)| format!("\"{}\" ({error})", stream.table));
    let all: Vec<_> = columns.chain(tables).collect();
    match all.is_empty() {
        true => Ok(()),
        false => writer.not_read(all).await,
    }
}

async fn known(reader: &mut Reader<'_>, writer: &mut Writer<'_>) -> Result<Vec<(usize, Known)>> {
    let streams = reader.streams();
    let mut prepared = Vec::new();
    for stream in &streams {
        prepared.push(writer.prepare(*stream, reader.layout(*stream)).await?);
    }
    let identity = reader.source().identity();
    for (stream, prepared) in streams.iter().zip(&prepared) {
        plan::same_remote(reader.running.task, reader.running.stream(*stream), &identity, prepared)?;
    }
    let mut known = Vec::new();
    for (stream, prepared) in streams.into_iter().zip(prepared) {
        known.push((stream, look(reader, writer, stream, prepared).await?));
    }
    Ok(known)
}

/// Takes the watermark of a stream.
async fn look(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    stream: usize,
    prepared: super::Prepared,
) -> Result<Known> {
    let (watermark, warning) = reader.watermark(stream).await?;
    if let Some(text) = warning {
        writer.warn(text).await?;
    }
    let identity = reader.source().identity();
    let fingerprint =
        fingerprint::of(reader.running.task, reader.running.stream(stream), reader.layout(stream));
    let is_snapshot = reader.running.stream(stream).snapshot;
    Ok(Known { identity, fingerprint, watermark, prepared, is_snapshot })
}

/// Whether the whole entity is read in full anew, because of any of its streams.
async fn anew(reader: &Reader<'_>, writer: &mut Writer<'_>, known: &[(usize, Known)]) -> Result<bool> {
    let mut anew = false;
    for (stream, known) in known {
        let Some(why) = plan::anew(reader.running.task, known, reader.source())? else { continue };
        anew = true;
        if let Some(text) = why.warning(reader.running.stream(*stream)) {
            writer.warn(text).await?;
        }
    }
    Ok(anew)
}

/// Reads a stream. A pass that an earlier run began is followed by a fresh one: what
/// changed behind its back is only seen by that. Returns the last.
async fn read(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    starts: &BTreeMap<usize, Start>,
    stream: usize,
) -> Result<Course> {
    let course = Course::new(reader, starts, stream);
    if reader.running.stream(stream).snapshot {
        snapshot::run(reader, writer, &course).await?;
        return Ok(course);
    }
    reread::run(reader, writer, &course).await?;
    pass::run(reader, writer, &course).await?;
    if !course.resumed {
        return Ok(course);
    }
    let prepared = writer.prepare(stream, reader.layout(stream)).await?;
    let known = look(reader, writer, stream, prepared).await?;
    let fresh = plan::go_on(reader.running.task, Mode::Incremental, known, reader.source())?;
    writer.start(stream, &fresh.stored, false).await?;
    let course = Course { pass: fresh.pass, resumed: false, ..course };
    pass::run(reader, writer, &course).await?;
    Ok(course)
}
