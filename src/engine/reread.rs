//! Rows whose row they refer to was removed here: read again by key. The remote does not
//! mark them as changed when it takes the reference away (a deleted department) or bends
//! it (merged contacts).

use super::batch::{self, Course};
use super::gone::CHUNK;
use super::reader::Reader;
use super::writer::Writer;
use crate::error::Result;
use crate::source::Scope;

/// Works off the list of a stream. What left `keep` meanwhile becomes a candidate, which
/// the pass that follows settles; what is gone is for a full pass to find.
pub(super) async fn run(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<()> {
    loop {
        let keys = writer.rereads(course.stream, CHUNK).await?;
        if keys.is_empty() {
            return Ok(());
        }
        let (page, _) = reader.all(course.stream, Scope::Keys(keys.clone())).await?;
        let (batch, _) = batch::of_page(reader, course, page).await?;
        writer.write(batch).await?;
        writer.reread(course.stream, keys).await?;
    }
}
