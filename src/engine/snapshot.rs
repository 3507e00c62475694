//! Streams that are read as a whole and replace what is here in one transaction: rows that
//! come and go, and whose sum must be that of one moment.

use super::batch::Course;
use super::reader::Reader;
use super::writer::Writer;
use super::{Batch, Difference, Standing};
use crate::error::Result;
use crate::source::Mark;

/// So often it is read until nothing changes meanwhile.
const TRIES: usize = 3;

/// What tells whether a remote object changed: how many rows it has, and when one changed last.
type Look = (u64, Option<Mark>);

/// Reads the whole stream and adopts it.
pub(super) async fn run(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<()> {
    let mut before = look(reader, course).await?;
    let mut tries = 0;
    let (mut batch, differences) = loop {
        let batch = read(reader, writer, course, before.0).await?;
        let after = look(reader, course).await?;
        tries += 1;
        if after == before {
            break batch;
        }
        if tries == TRIES {
            let table = &reader.running.stream(course.stream).table;
            writer.warn(format!("\"{table}\" changed each time it was read: the next run mends it")).await?;
            break batch;
        }
        before = after;
    };
    batch.standing = Some(Standing::Done { position: None, moment: None, full: true });
    writer.differ(course.stream, differences).await?;
    writer.adopt(batch, course.lists).await
}

async fn look(reader: &mut Reader<'_>, course: &Course) -> Result<Look> {
    let rows = reader.count(course.stream, &course.scope()).await?;
    let (newest, _) = reader.watermark(course.stream).await?;
    Ok((rows, newest))
}

/// Puts every page aside. The batch holds what cannot be stored; with it comes what is to be listed.
async fn read(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
    rows: u64,
) -> Result<(Batch, Vec<Difference>)> {
    let stream = course.stream;
    writer.expect(stream, rows).await?;
    reader.rewind(stream);
    let (mut whole, mut differences) = (Batch::empty(reader.running.id, stream), Vec::new());
    let mut ask = reader.ask(course.scope());
    let mut first = true;
    loop {
        let (page, took) = reader.page(stream, &mut ask).await?;
        let more = page.more;
        reader.took(stream, took, page.bytes, more);
        ask.after.clone_from(&page.last);
        whole.rejected.extend(page.rejected);
        whole.duplicates += page.duplicates;
        if course.lists {
            differences.extend(writer.altered(stream, reader.layout(stream), page.rows.clone()).await?);
        }
        writer.stage(stream, page.rows, first).await?;
        first = false;
        if !more {
            return Ok((whole, differences));
        }
    }
}
