//! A look at all keys: which rows are here and on the remote, and of which time. Finds what an
//! incremental pass cannot see (deletions), and what it missed: rows that were committed later
//! than the overlap reaches back.

use std::time::Duration;

use super::batch::{self, Course};
use super::breaker::quoted;
use super::gone::{self, CHUNK};
use super::pass;
use super::reader::{Narrow, Reader};

use super::sweep;
use super::writer::{Found, Writer};
use super::{Batch, Cause, Compared, Differs, KeyRange, Standing, Task, rows};
use crate::error::Result;
use crate::source::{Ask, Key, Layout, Page, Scope, Values};

/// Compares all keys of a stream whose changes have just been read by `course`, and mends what differs.
pub(super) async fn run(reader: &mut Reader<'_>, writer: &mut Writer<'_>, course: &Course) -> Result<()> {
    let course = Course { lists: true, ..course.clone() };
    pass::expect(reader, writer, course.stream, &Scope::All).await?;
    walk_through(reader, writer, &course).await?;
    gone::settle(reader, writer, &course).await?;
    let mut last = Batch::empty(reader.running.id, course.stream);
    last.standing = Some(Standing::Verified);
    writer.write(last).await.map(drop)
}

/// Compares all keys: mends what differs, and makes candidates of what is gone.
pub(super) async fn walk_through(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
) -> Result<()> {
    for mut walk in walks(reader, course) {
        while let Some(mut range) = walk.next(reader).await? {
            // What is swept becomes a candidate below, and need not be looked for twice.
            let sweep = range.sweep.take();
            let compared = walk.compare(writer, &range).await?;
            let mut leaving = range.leaving;
            leaving.retain(|key| compared.is_extra(key));
            mend(reader, writer, course, compared).await?;
            let batch = Batch::empty(reader.running.id, course.stream);
            writer.write(Batch { sweep, leaving, ..batch }).await?;
        }
    }
    Ok(())
}

/// Reads again what is not here, or of another time. Of what is here and not to be, rows outside
/// `keep` become candidates; the others are found by the sweep.
async fn mend(
    reader: &mut Reader<'_>,
    writer: &mut Writer<'_>,
    course: &Course,
    compared: Compared,
) -> Result<()> {
    let Compared { differences, rejected, touched } = compared;
    let again = differences.iter().map(|difference| difference.key.clone());
    let again: Vec<Key> = again.chain(rejected).collect();
    let found = differences.into_iter().filter(|d| d.overdue && d.differs != Differs::Extra);
    if course.lists {
        writer.differ(course.stream, found.collect()).await?;
    }
    for keys in again.chunks(CHUNK) {
        let batch = read_again(reader, course, keys).await?;
        writer.write(batch).await?;
    }
    for keys in touched.chunks(CHUNK) {
        let batch = read_again(reader, course, keys).await?;
        if course.lists {
            list(writer, course, reader.layout(course.stream), &batch).await?;
        }
        writer.write(batch).await?;
    }
    Ok(())
}

/// Reads rows again by their keys.
pub(super) async fn read_again(reader: &mut Reader<'_>, course: &Course, keys: &[Key]) -> Result<Batch> {
    let (page, _) = reader.all(course.stream, Scope::Keys(keys.to_vec())).await?;
    Ok(batch::of_page(reader, course, page).await?.0)
}

/// Lists those rows of a batch that are not here or hold something else.
pub(super) async fn list(
    writer: &mut Writer<'_>,
    course: &Course,
    layout: &Layout,
    batch: &Batch,
) -> Result<()> {
    let mut altered = writer.altered(batch.stream, layout, batch.rows.clone()).await?;
    for found in altered.iter_mut().filter(|found| course.anew && found.cause == Some(Cause::NoNewTime)) {
        found.cause = None;
    }
    writer.differ(batch.stream, altered).await
}

/// The keys of a stream, range after range.
pub(super) struct Walk {
    stream: usize,
    narrow: Narrow,
    ask: Ask,
    before: Option<String>,
    /// What may differ here.
    counts: &'static [Differs],
    ended: bool,
}

/// All keys from the first on. Where documents are read from a day on, older ones that are not here
/// are not missing: then those of that day and later are walked once more, for these alone. What an
/// incremental pass from `course.pass.from` on brings is not overdue.
pub(super) fn walks(reader: &Reader<'_>, course: &Course) -> Vec<Walk> {
    use Differs::{Altered, Extra, Missing, Stale};
    let walk = |scope, counts| Walk {
        stream: course.stream,
        narrow: reader.narrow(course.stream),
        ask: Ask { raw: false, ..reader.ask(scope) },
        before: course.pass.from.as_ref().and_then(|from| reader.moment(course.stream, from)),
        counts,
        ended: false,
    };
    match &course.from {
        None => vec![walk(Scope::All, &[Missing, Extra, Stale, Altered])],
        Some(day) => {
            vec![walk(Scope::All, &[Extra, Stale, Altered]), walk(Scope::From(day.clone()), &[Missing])]
        }
    }
}

impl Walk {
    /// The next range; `None` behind the last.
    pub(super) async fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<KeyRange>> {
        if self.ended {
            return Ok(None);
        }
        let (page, _) = reader.narrow_page(self.stream, &mut self.narrow, &mut self.ask).await?;
        self.ended = !page.more;
        let after = std::mem::replace(&mut self.ask.after, page.last.clone());
        let sweep = sweep::of(after, &page).filter(|_| self.counts.contains(&Differs::Extra));
        let range = range(reader, self.stream, &self.narrow, page)?;
        Ok(Some(KeyRange { sweep, before: self.before.clone(), ..range }))
    }

    /// What differs in a range.
    pub(super) async fn compare(&self, writer: &mut Writer<'_>, range: &KeyRange) -> Result<Compared> {
        let mut compared = writer.compare(self.stream, range.clone()).await?;
        compared.differences.retain(|difference| self.counts.contains(&difference.differs));
        if !self.counts.contains(&Differs::Altered) {
            compared.touched.clear();
        }
        Ok(compared)
    }
}

/// What a page of keys says. A row that cannot even be read so far counts as there: it is
/// asked for again as a whole, and rejected then.
fn range(reader: &Reader<'_>, stream: usize, narrow: &Narrow, page: Page) -> Result<KeyRange> {
    let about = reader.running.stream(stream);
    let unread = page.rejected.iter().filter_map(|rejected| rejected.key.clone());
    let unread: Vec<Key> = unread.collect();
    let (rows, leaving) = rows::split(about, &narrow.layout, page.rows)?;
    let parents = about.parent.as_ref().map(|parent| {
        let column = about.column(&parent.column);
        let place = narrow.layout.columns.iter().position(|field| Some(field.column) == column);
        match place.and_then(|place| rows.columns.get(place)) {
            Some(Values::Int(parents)) => parents.clone(),
            _ => vec![None; rows.len()],
        }
    });
    let mut range =
        KeyRange { keys: rows.keys, updated_at: rows.updated_at, parents, leaving, ..KeyRange::default() };
    if range.parents.is_none() {
        range.updated_at.extend(vec![None; unread.len()]);
        range.keys.extend(unread);
    }
    Ok(range)
}

/// Overlaps that are proposed, in seconds, with the words for them.
const STEPS: [(u64, &str); 7] = [
    (900, "15 minutes"),
    (1_800, "30 minutes"),
    (3_600, "1 hour"),
    (7_200, "2 hours"),
    (21_600, "6 hours"),
    (43_200, "12 hours"),
    (172_800, "2 days"),
];

/// What a person should know of what was found. That rows are deleted there is nothing to wonder at, and
/// is counted as removed.
pub(super) fn told(task: &Task, found: &Found) -> Option<String> {
    found.differing.keys().find(|how| **how != Differs::Extra.word())?;
    let counts: Vec<String> = found.differing.iter().map(|(how, rows)| format!("{rows} {how}")).collect();
    let rows: u64 = found.differing.values().sum();
    let verb = if rows == 1 { "row differed" } else { "rows differed" };
    let mut text =
        format!("{rows} {verb} from the remote's: {} (listed in erp_sync.differences)", counts.join(", "));
    let causes = found.causes.iter().filter(|(cause, _)| **cause != Cause::LateCommit);
    let causes: Vec<String> = causes.map(|(cause, rows)| format!("{rows} {}", cause.words())).collect();
    if !causes.is_empty() {
        text.push_str(&format!("; of these {}", causes.join(", ")));
    }
    if let Some(late) = found.late.map(Duration::from_secs).filter(|late| *late >= task.overlap) {
        text.push_str(&proposal(task, late));
    }
    Some(text)
}

/// As late as twice what was seen: it was committed even later than that.
fn proposal(task: &Task, late: Duration) -> String {
    let minutes = late.as_secs().div_ceil(60);
    let wanted = late.as_secs().saturating_mul(2);
    let step = STEPS.iter().find(|(seconds, _)| *seconds >= wanted);
    let (_, words) = step.or(STEPS.last()).copied().unwrap_or_default();
    let settings = format!("{{\"overlap\": \"{words}\"}}");
    format!(
        "; rows were committed more than {minutes} min after they were written, which the overlap of {} min \
         does not cover: select sync_configure({}, {}, {})",
        task.overlap.as_secs() / 60,
        quoted(&task.entity.name),
        quoted(&settings),
        quoted(&task.server)
    )
}
