//! What a look at all keys would mend, told without writing anything: `sync_diff()`.

use super::batch::Course;
use super::gone::CHUNK;
use super::reader::Reader;
use super::task::{Running, may_be_missing};
use super::verify::{self, walks};
use super::writer::Writer;
use super::{Compared, Difference, Differs, Mode, Pass, Prepared, Settings, Sink, Task, plan};
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Source};

/// The rows of a task's streams that differ, each with its table. What the next incremental pass brings
/// anyway is not among them. A task whose remote cannot give the entity, or that was never read to its
/// end, has none, unless it was asked for by its name: then that is an error.
pub async fn diff(
    id: usize,
    task: &Task,
    settings: &Settings,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    prepared: Vec<Prepared>,
) -> Result<Vec<(String, Difference)>> {
    let running = Running { id, task, settings };
    let mut reader = match Reader::open(running, source).await {
        Err(error) if may_be_missing(task, &error) => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut writer = Writer::new(running, sink);
    let mut all = Vec::new();
    for stream in reader.streams() {
        let prepared = prepared.get(stream).cloned().unwrap_or_default();
        let Some(course) = course(&reader, stream, prepared)? else { continue };
        let table = &running.stream(stream).table;
        let found = of_stream(&mut reader, &mut writer, &course).await?;
        all.extend(found.into_iter().map(|difference| (table.clone(), difference)));
    }
    Ok(all)
}

/// As the next incremental pass would begin.
fn course(reader: &Reader<'_>, stream: usize, prepared: Prepared) -> Result<Option<Course>> {
    let (task, about) = (reader.running.task, reader.running.stream(stream));
    let identity = reader.source().identity();
    plan::same_remote(task, about, &identity, &prepared)?;
    let Some(stored) = prepared.stored.filter(|stored| stored.complete) else {
        return if task.named { Err(unread(task)) } else { Ok(None) };
    };
    if about.snapshot {
        return Ok(None);
    }
    let from =
        stored.position.map(|position| reader.source().earlier(&position, task.overlap)).transpose()?;
    let pass = Pass {
        mode: Mode::Incremental,
        from,
        until: None,
        after: None,
        read: false,
        rows_before: prepared.rows,
        removed: 0,
    };
    let range = task.range.as_ref().filter(|_| about.date.is_some());
    let from = range.map(|range| range.from.clone());
    Ok(Some(Course { stream, pass, resumed: false, lines: Vec::new(), from, lists: true, anew: false }))
}

fn unread(task: &Task) -> Error {
    let (entity, server) = (super::breaker::quoted(&task.entity.name), super::breaker::quoted(&task.server));
    let message =
        format!("\"{}\" of server \"{}\" has not been read to the end yet", task.entity.name, task.server);
    Error::new(Kind::NotReady, message)
        .hint(format!("read it with: select * from sync_run({entity}, {server})"))
}

async fn of_stream(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    for mut walk in walks(reader, course) {
        while let Some(range) = walk.next(reader).await? {
            let Compared { differences, touched, .. } = walk.compare(writer, &range).await?;
            let overdue = differences.into_iter().filter(|d| d.overdue);
            let (extra, rest): (Vec<_>, Vec<_>) = overdue.partition(|d| d.differs == Differs::Extra);
            found.extend(rest);
            found.extend(really_gone(reader, course, extra).await?);
            for keys in touched.chunks(CHUNK) {
                let batch = verify::read_again(reader, course, keys).await?;
                found.extend(writer.altered(course.stream, reader.layout(course.stream), batch.rows).await?);
            }
        }
    }
    Ok(found)
}

/// Those of the rows that the remote does not show when it is asked for them either.
async fn really_gone(
    reader: &mut Reader<'_>,
    course: &Course,
    extra: Vec<Difference>,
) -> Result<Vec<Difference>> {
    let mut gone = Vec::new();
    for some in extra.chunks(CHUNK) {
        let keys: Vec<Key> = some.iter().map(|difference| difference.key.clone()).collect();
        let batch = verify::read_again(reader, course, &keys).await?;
        let rejected = batch.rejected.iter().filter_map(|rejected| rejected.key.as_ref());
        let there: Vec<&Key> = batch.rows.keys.iter().chain(rejected).collect();
        gone.extend(some.iter().filter(|difference| !there.contains(&&difference.key)).cloned());
    }
    Ok(gone)
}
