//! Rows that seem to be gone: asked for again by key, and removed when they really are
//! and are not too many at once. A failure to ask is never absence.

use std::collections::BTreeSet;

use super::Difference;
use super::batch::{self, Course};
use super::breaker::{Trip, allowance};
use super::reader::Reader;
use super::writer::Writer;
use crate::error::Result;
use crate::source::{Key, Scope};

/// So many keys are asked for at a time.
pub(super) const CHUNK: usize = 1000;

/// Reasons of removal, as kept with the removed row.
const DELETED: &str = "deleted";
const LEFT: &str = "left keep";

/// Works off the candidates of a stream.
pub(super) async fn settle(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<()> {
    let mut verdict = Verdict::new(writer, course);
    let mut after = None;
    loop {
        let keys = writer.candidates(course.stream, after, CHUNK).await?;
        after = keys.last().cloned();
        if after.is_none() {
            return verdict.carry_out(writer).await;
        }
        let gone = ask(reader, writer, course, keys).await?;
        if course.lists {
            writer.differ(course.stream, gone.differences()).await?;
        }
        verdict.add(writer, gone).await?;
    }
}

/// Keys that are gone, by reason.
#[derive(Default)]
struct Gone {
    deleted: Vec<Key>,
    left: Vec<Key>,
}

impl Gone {
    fn differences(&self) -> Vec<Difference> {
        self.deleted.iter().chain(&self.left).cloned().map(Difference::extra).collect()
    }

    fn len(&self) -> u64 {
        (self.deleted.len() + self.left.len()) as u64
    }
}

/// Asks for the rows again: those that are there are written, the others are gone.
async fn ask(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
    keys: Vec<Key>,
) -> Result<Gone> {
    let (page, _) = reader.all(course.stream, Scope::Keys(keys.clone())).await?;
    let (mut batch, _) = batch::of_page(reader, course, page).await?;
    let left: BTreeSet<Key> = std::mem::take(&mut batch.leaving).into_iter().collect();
    let known: Option<Vec<Key>> = batch.rejected.iter().map(|rejected| rejected.key.clone()).collect();
    let unclear = known.is_none();
    let there: BTreeSet<Key> = batch.rows.keys.iter().cloned().chain(known.into_iter().flatten()).collect();
    if !batch.rows.is_empty() || !batch.rejected.is_empty() {
        writer.write(batch).await?;
    }
    let (there, missing): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| there.contains(key));
    writer.acquit(course.stream, there).await?;
    let (left, mut deleted): (Vec<_>, Vec<_>) = missing.into_iter().partition(|key| left.contains(key));
    // A record without a readable key could be any of those that seem to be missing.
    if unclear {
        deleted.clear();
    }
    Ok(Gone { deleted, left })
}

/// What is to be done with rows that are gone. Unconfirmed, nothing is removed before
/// all are counted, and no more keys are held than could be removed.
struct Verdict {
    trip: Trip,
    stream: usize,
    allowed: u64,
    confirmed: bool,
    held: Gone,
}

impl Verdict {
    fn new(writer: &Writer<'_>, course: &Course) -> Self {
        let stream = course.stream;
        // Of a table that was new there is nothing else to measure by.
        let rows = match course.pass.rows_before {
            0 => writer.rows(stream),
            rows => rows,
        };
        let gone = course.pass.removed + writer.removed(stream);
        let table = writer.running.stream(stream).table.clone();
        Verdict {
            trip: Trip { table, gone, left: 0, rows },
            stream,
            allowed: allowance(rows),
            confirmed: writer.running.task.confirm,
            held: Gone::default(),
        }
    }

    async fn add(&mut self, writer: &mut Writer<'_>, gone: Gone) -> Result<()> {
        self.trip.gone += gone.len();
        self.trip.left += gone.left.len() as u64;
        if self.confirmed {
            return remove(writer, self.stream, &gone).await;
        }
        match self.trip.gone > self.allowed {
            true => self.held = Gone::default(),
            false => {
                self.held.deleted.extend(gone.deleted);
                self.held.left.extend(gone.left);
            }
        }
        Ok(())
    }

    async fn carry_out(self, writer: &mut Writer<'_>) -> Result<()> {
        // A pass that an earlier run began may have tripped just before.
        writer.trips.retain(|trip| trip.table != self.trip.table);
        if self.confirmed || self.trip.gone <= self.allowed {
            return remove(writer, self.stream, &self.held).await;
        }
        writer.trips.push(self.trip);
        Ok(())
    }
}

async fn remove(writer: &mut Writer<'_>, stream: usize, gone: &Gone) -> Result<()> {
    for (keys, reason) in [(&gone.deleted, DELETED), (&gone.left, LEFT)] {
        for some in keys.chunks(CHUNK) {
            writer.remove(stream, some, reason).await?;
        }
    }
    Ok(())
}
