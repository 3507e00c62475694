//! From a page to what is written in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plan::Start;
use super::reader::Reader;
use super::{Batch, Lines, Mode, Pass, rows, sweep};
use crate::error::{Kind, Result};
use crate::source::{Ask, Key, Page, Scope};

/// A stream on its way through a pass.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Index of the stream.
    pub(super) stream: usize,
    /// The pass as it was begun or found.
    pub(super) pass: Pass,
    /// Whether an earlier run began it.
    pub(super) resumed: bool,
    /// Streams whose lines are read with their headers.
    pub(super) lines: Vec<usize>,
    /// The first day of documents that a full pass reads.
    pub(super) from: Option<String>,
    /// Whether what differs is listed.
    pub(super) lists: bool,
    /// Whether the stream is read otherwise than before, so that its rows need not be as they were.
    pub(super) anew: bool,
}

impl Course {
    /// The pass of `starts[&stream]`. Lines are read along, unless they are about to be read
    /// from the first to the last themselves.
    pub(super) fn new(reader: &Reader<'_>, starts: &BTreeMap<usize, Start>, stream: usize) -> Self {
        let streams = &reader.running.task.entity.streams;
        let table = &streams[stream].table;
        let of_table = |child: usize| streams[child].parent.as_ref().is_some_and(|p| p.table == *table);
        let follows = |child: usize| {
            let pass = &starts[&child].pass;
            child > stream && pass.mode == Mode::Full && pass.after.is_none() && !pass.read
        };
        let lines = starts.keys().copied().filter(|child| of_table(*child) && !follows(*child)).collect();
        let Start { pass, resumed, stored } = starts[&stream].clone();
        let range = reader.running.task.range.as_ref().filter(|_| streams[stream].date.is_some());
        let from = range.map(|range| range.from.clone());
        // Of a table that was empty everything differs.
        let lists = reader.running.task.mode == Mode::Repair && pass.rows_before > 0;
        Course { stream, pass, resumed, lines, from, lists, anew: !stored.complete }
    }

    /// Whether everything is read.
    pub(super) fn is_full(&self) -> bool {
        self.pass.mode == Mode::Full
    }

    /// Which rows are read.
    pub(super) fn scope(&self) -> Scope {
        match (&self.pass.from, &self.from) {
            (Some(from), _) if !self.is_full() => {
                Scope::Since { from: from.clone(), until: self.pass.until.clone() }
            }
            (_, Some(day)) if self.is_full() => Scope::From(day.clone()),
            _ => Scope::All,
        }
    }
}

/// A batch that is read and not yet written.
pub(super) struct Loaded {
    /// What is written.
    pub(super) batch: Batch,
    /// How far the pass is then committed.
    pub(super) after: Option<Key>,
    /// Whether it is the last of the pass.
    pub(super) last: bool,
}

/// Reads the page behind `ask.after` with its lines, and moves `ask` on. Where the lines are too much
/// together, the page is read again with fewer headers.
pub(super) async fn next(reader: &mut Reader<'_>, course: &Course, ask: &mut Ask) -> Result<Loaded> {
    let before = ask.after.clone();
    loop {
        match loaded(reader, course, ask).await {
            Err(error) if error.kind == Kind::TooLarge && reader.halve(course.stream) => {
                ask.after.clone_from(&before);
            }
            loaded => return loaded,
        }
    }
}

async fn loaded(reader: &mut Reader<'_>, course: &Course, ask: &mut Ask) -> Result<Loaded> {
    let (page, took) = reader.page(course.stream, ask).await?;
    let (bytes, more) = (page.bytes, page.more);
    let sweep = course.is_full().then(|| sweep::of(ask.after.clone(), &page)).flatten();
    if page.last.is_some() {
        ask.after.clone_from(&page.last);
    }
    let (batch, cost) = of_page(reader, course, page).await?;
    reader.took(course.stream, took + cost.0, bytes + cost.1, more);
    Ok(Loaded { batch: Batch { sweep, ..batch }, after: ask.after.clone(), last: !more })
}

/// A batch of the page's rows and their lines, which leaves the pass as it is; and what
/// the lines cost in time and bytes.
pub(super) async fn of_page(
    reader: &mut Reader<'_>,
    course: &Course,
    page: Page,
) -> Result<(Batch, (Duration, usize))> {
    let stream = course.stream;
    let (rows, leaving) = rows::split(reader.running.stream(stream), reader.layout(stream), page.rows)?;
    let mut batch = Batch::empty(reader.running.id, stream);
    (batch.rejected, batch.duplicates) = (page.rejected, page.duplicates);
    (batch.rows, batch.leaving) = (rows, leaving);
    let mut cost = (Duration::ZERO, 0);
    for child in course.lines.iter().filter(|_| !batch.rows.is_empty()) {
        let (lines, took, bytes) = lines_of(reader, *child, &batch.rows.keys).await?;
        batch.lines.push(lines);
        cost = (cost.0 + took, cost.1 + bytes);
    }
    Ok((batch, cost))
}

async fn lines_of(
    reader: &mut Reader<'_>,
    stream: usize,
    parents: &[Key],
) -> Result<(Lines, Duration, usize)> {
    let (page, took) = reader.lines(stream, parents).await?;
    let Page { rejected, duplicates, bytes, .. } = page;
    let (rows, _) = rows::split(reader.running.stream(stream), reader.layout(stream), page.rows)?;
    let parents = parents.to_vec();
    // How many may be removed is known when it is written.
    let lines = Lines { stream, parents, rows, rejected, duplicates, may_remove: 0 };
    Ok((lines, took, bytes))
}
