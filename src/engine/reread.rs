//! Rows whose row they refer to was removed here: read again by key. The remote does not
//! mark them as changed when it takes the reference away (a deleted department) or bends
//! it (merged contacts).

use super::batch::{self, Course};
use super::gone::{self, CHUNK};
use super::reader::Reader;
use super::writer::Writer;
use crate::error::Result;
use crate::source::Scope;

/// Works off the list of a stream; tells whether there was anything on it. What left `keep` meanwhile
/// becomes a candidate, which the pass that follows settles; what is gone is for a full pass to find.
pub(super) async fn run(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<bool> {
    let mut any = false;
    loop {
        let keys = writer.rereads(course.stream, CHUNK).await?;
        if keys.is_empty() {
            return Ok(any);
        }
        any = true;
        let (page, _) = reader.all(course.stream, Scope::Keys(keys.clone())).await?;
        let (batch, _) = batch::of_page(reader, course, page).await?;
        writer.write(batch).await?;
        writer.reread(course.stream, keys).await?;
    }
}

/// Works off what the task itself has put on the lists of its streams: rows may refer to others of their own
/// table (a contact to its company), or of one that is read later.
pub(super) async fn after_removals(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    courses: &[Course],
) -> Result<()> {
    let running = reader.running;
    let mut again = courses.iter().any(|course| writer.removed(course.stream) > 0);
    while again {
        again = false;
        for course in courses.iter().filter(|course| !running.stream(course.stream).snapshot) {
            again |= run(reader, writer, course).await?;
            if writer.suspects(course.stream) {
                gone::settle(reader, writer, course).await?;
            }
        }
    }
    Ok(())
}
