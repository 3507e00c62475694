//! A pass from its first page to its last, or from where an earlier run left it.

use super::batch::{self, Course, Loaded};
use super::reader::Reader;
use super::writer::Writer;
use super::{Batch, Pass, Standing, gone, verify};
use crate::error::{Error, Kind, Result};
use crate::source::{Layout, Scope};

/// Reads what is left of the pass and finishes it.
pub(super) async fn run(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<()> {
    if course.pass.read || pages(reader, writer, course).await? {
        // Keys in the remote's own order are compared as a whole, and this run has not seen all of them.
        let is_ordered = reader.running.stream(course.stream).ordered_key().is_some();
        if course.resumed && course.is_full() && course.pass.rows_before > 0 && !is_ordered {
            verify::walk_through(reader, writer, course).await?;
        }
        gone::settle(reader, writer, course).await?;
        let mut last = Batch::empty(reader.running.id, course.stream);
        last.standing = Some(done(reader, course));
        writer.write(last).await?;
    }
    Ok(())
}

/// Reads page after page: while one is written, the next is already on its way.
/// Returns whether there may be rows that are gone; if not, the pass is done.
async fn pages(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<bool> {
    expect(reader, writer, course.stream, &course.scope()).await?;
    reader.rewind(course.stream);
    let mut ask = reader.ask(course.scope());
    ask.after.clone_from(&course.pass.after);
    let layout = reader.layout(course.stream).clone();
    let mut loaded = batch::next(reader, course, &mut ask).await?;
    while !loaded.last {
        // A failed read must not cut off a write on its way; a failed write ends the read.
        let read = async { Ok::<_, Error>(batch::next(reader, course, &mut ask).await) };
        let ((), next) = tokio::try_join!(commit(writer, course, &layout, loaded), read)?;
        loaded = next?;
    }
    finish(reader, writer, course, loaded).await
}

/// Tells how many rows are going to be read, where the remote can count them.
pub(super) async fn expect(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    stream: usize,
    scope: &Scope,
) -> Result<()> {
    match reader.count(stream, scope).await {
        Ok(rows) => writer.expect(stream, rows).await,
        Err(error) if error.kind == Kind::Cancelled => Err(error),
        Err(error) if error.kind.is_transient() => writer.warn(format!("rows not counted: {error}")).await,
        Err(_) => Ok(()),
    }
}

async fn commit(writer: &mut Writer<'_>, course: &Course, layout: &Layout, loaded: Loaded) -> Result<()> {
    let Loaded { mut batch, after, .. } = loaded;
    if course.lists {
        verify::list(writer, course, layout, &batch).await?;
    }
    batch.standing = Some(Standing::Open(standing(writer, course, Pass { after, ..course.pass.clone() })));
    writer.write(batch).await.map(drop)
}

/// Writes the last page.
async fn finish(
    reader: &Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
    loaded: Loaded,
) -> Result<bool> {
    let Loaded { mut batch, after, .. } = loaded;
    if course.lists {
        verify::list(writer, course, reader.layout(course.stream), &batch).await?;
    }
    // Batches of an earlier run may have left candidates that nobody told us of.
    let suspects = course.is_full()
        || course.resumed
        || writer.running.task.confirm
        || writer.suspects(course.stream)
        || !batch.leaving.is_empty();
    let pass = Pass { after, read: true, ..course.pass.clone() };
    batch.standing = Some(match suspects {
        true => Standing::Open(standing(writer, course, pass)),
        false => done(reader, course),
    });
    writer.write(batch).await?;
    Ok(suspects)
}

fn standing(writer: &Writer<'_>, course: &Course, pass: Pass) -> Pass {
    Pass { removed: course.pass.removed + writer.removed(course.stream), ..pass }
}

fn done(reader: &Reader<'_>, course: &Course) -> Standing {
    let position = course.pass.until.clone();
    let moment = position.as_ref().and_then(|mark| reader.moment(course.stream, mark));
    Standing::Done { position, moment, full: course.is_full() }
}
