//! The remote side of a task: pages, as large as the remote bears, tried again where that helps.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Settings;
use super::odd::OddValues;
use super::pages::Pages;
use super::retry::{Waits, retry};
use super::rows;
use super::task::Running;
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Ask, Key, Layout, Mark, Page, Scope, Source};

/// Reads the streams of a task. Streams are named by their index in the entity.
pub(super) struct Reader<'a> {
    pub(super) running: Running<'a>,
    source: &'a mut dyn Source,
    layouts: BTreeMap<usize, Layout>,
    pages: Vec<Pages>,
    /// Optional streams that are not read, and why.
    pub(super) missing: Vec<(&'a Stream, Error)>,
    /// Values that columns do not take.
    pub(super) odd: OddValues,
}

impl<'a> Reader<'a> {
    /// Learns how each stream is read. Fails when one that is not optional, or all, cannot be.
    pub(super) async fn open(running: Running<'a>, source: &'a mut dyn Source) -> Result<Self> {
        let streams = &running.task.entity.streams;
        let (mut layouts, mut missing) = (BTreeMap::new(), Vec::new());
        for (index, stream) in streams.iter().enumerate() {
            match retry(running.settings, async || source.layout(stream).await).await {
                Err(error) if stream.optional && is_absent(&error) => missing.push((stream, error)),
                layout => drop(layouts.insert(index, layout?)),
            }
        }
        if let (true, Some((_, error))) = (layouts.is_empty(), missing.first()) {
            return Err(error.clone());
        }
        let pages = vec![Pages::new(running.task.pages); streams.len()];
        Ok(Reader { running, source, layouts, pages, missing, odd: OddValues::default() })
    }

    /// How a stream is read.
    pub(super) fn layout(&self, stream: usize) -> &Layout {
        &self.layouts[&stream]
    }

    /// The streams that are read, in their order.
    pub(super) fn streams(&self) -> Vec<usize> {
        self.layouts.keys().copied().collect()
    }

    /// The remote, for what needs no request.
    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// The newest cursor value, and a warning.
    pub(super) async fn watermark(&mut self, stream: usize) -> Result<(Option<Mark>, Option<String>)> {
        let about = self.running.stream(stream);
        retry(self.running.settings, async || self.source.watermark(about).await).await
    }

    /// How many rows there are; tried once, because it is only for the display.
    pub(super) async fn count(&mut self, stream: usize, scope: &Scope) -> Result<u64> {
        self.source.count(self.running.stream(stream), scope).await
    }

    /// Forgets what earlier passes taught about the page size.
    pub(super) fn rewind(&mut self, stream: usize) {
        self.pages[stream] = Pages::new(self.running.task.pages);
    }

    /// Learns from what a page of the stream cost.
    pub(super) fn took(&mut self, stream: usize, elapsed: Duration, bytes: usize, whole: bool) {
        self.pages[stream].took(elapsed, bytes, whole);
    }

    /// An ask for the rows of a scope from the first on.
    pub(super) fn ask(&self, scope: Scope) -> Ask {
        Ask { scope, after: None, limit: 0, raw: self.running.task.keep_raw }
    }

    /// When a cursor value of the stream was.
    pub(super) fn moment(&self, stream: usize, mark: &Mark) -> Option<String> {
        self.source.moment(self.running.stream(stream), mark)
    }

    /// The page behind `ask.after`, with the time it took; `ask.limit` is chosen here.
    pub(super) async fn page(&mut self, stream: usize, ask: &mut Ask) -> Result<(Page, Duration)> {
        let about = self.running.stream(stream);
        let (layout, pages) = (&self.layouts[&stream], &mut self.pages[stream]);
        let (page, took) =
            page(self.running.settings, &mut *self.source, (about, layout), pages, ask).await?;
        self.odd.note(about, &page.odd);
        Ok((page, took))
    }

    /// Rows cut down to what tells which there are, with their layout.
    pub(super) fn narrow(&self, stream: usize) -> Narrow {
        let (least, most) = self.running.task.pages;
        let layout = self.source.narrow(self.running.stream(stream), &self.layouts[&stream]);
        Narrow { layout, pages: Pages::new((least, most.saturating_mul(KEYS_PER_ROW))) }
    }

    /// As [`Reader::page`], of rows cut down; a page that came teaches how large the next may be.
    pub(super) async fn narrow_page(
        &mut self,
        stream: usize,
        narrow: &mut Narrow,
        ask: &mut Ask,
    ) -> Result<(Page, Duration)> {
        let about = (self.running.stream(stream), &narrow.layout);
        let (page, took) =
            page(self.running.settings, &mut *self.source, about, &mut narrow.pages, ask).await?;
        narrow.pages.took(took, page.bytes, page.more);
        Ok((page, took))
    }

    /// All rows of a scope that is known to be small, as one page, with the time it took.
    pub(super) async fn all(&mut self, stream: usize, scope: Scope) -> Result<(Page, Duration)> {
        let mut ask = self.ask(scope);
        let (mut whole, mut held) = (Page::default(), 0);
        let mut elapsed = Duration::ZERO;
        loop {
            let (page, took) = self.page(stream, &mut ask).await?;
            let more = page.more;
            self.took(stream, took, page.bytes, more);
            elapsed += took;
            ask.after.clone_from(&page.last);
            held += page.held();
            rows::append(&mut whole, page)?;
            self.fits(stream, held)?;
            if !more {
                return Ok((whole, elapsed));
            }
        }
    }

    /// The lines of headers, as one page, with the time it took.
    pub(super) async fn lines(&mut self, stream: usize, parents: &[Key]) -> Result<(Page, Duration)> {
        let (mut whole, mut held) = (Page::default(), 0);
        let mut elapsed = Duration::ZERO;
        for some in parents.chunks(super::gone::CHUNK) {
            let (page, took) = self.all(stream, Scope::Parents(some.to_vec())).await?;
            elapsed += took;
            held += page.held();
            rows::append(&mut whole, page)?;
            self.fits(stream, held)?;
        }
        Ok((whole, elapsed))
    }

    /// After lines that were too much together: fewer headers at once. False when these are the fewest.
    pub(super) fn halve(&mut self, stream: usize) -> bool {
        self.pages[stream].halve()
    }

    /// A remote may go on for ever where no limit was set.
    fn fits(&self, stream: usize, held: usize) -> Result<()> {
        if held <= MOST_AT_ONCE {
            return Ok(());
        }
        let table = &self.running.stream(stream).table;
        let message = format!("rows of \"{table}\" that belong together take more than {MOST_AT_ONCE} bytes");
        Err(Error::new(Kind::TooLarge, message)
            .hint("lower the server option max_page, or leave large columns out of the manifest"))
    }
}

/// Bytes of memory that the rows of one page may take: the lines of a page of headers, or rows of given keys. A header
/// of tens of thousands of lines fits.
const MOST_AT_ONCE: usize = 40 << 20;

/// How a stream is read where only its keys and cursor values matter.
pub(super) struct Narrow {
    /// Which columns are read.
    pub(super) layout: Layout,
    pages: Pages,
}

impl Narrow {
    /// How many rows the next page may have.
    pub(super) fn limit(&self) -> usize {
        self.pages.limit()
    }
}

/// So many keys are read where one row would be.
const KEYS_PER_ROW: usize = 10;

async fn page(
    settings: &Settings,
    source: &mut dyn Source,
    (about, layout): (&Stream, &Layout),
    pages: &mut Pages,
    ask: &mut Ask,
) -> Result<(Page, Duration)> {
    let mut waits = Waits::new(settings);
    loop {
        ask.limit = pages.limit();
        let began = Instant::now();
        let error = match source.page(about, layout, ask).await {
            Ok(page) => return Ok((advancing(about, ask, page)?, began.elapsed())),
            Err(error) => error,
        };
        let halved = matches!(error.kind, Kind::TooLarge | Kind::Timeout) && pages.halve();
        if !(halved && error.kind == Kind::TooLarge) {
            waits.after(error).await?;
        }
    }
}

/// Whether the remote has no such object, or does not show it to this user.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error.kind, Kind::NoObject | Kind::Forbidden)
}

/// The page, unless the next one would be the same for ever.
fn advancing(stream: &Stream, ask: &Ask, page: Page) -> Result<Page> {
    if page.more && (page.last.is_none() || page.last == ask.after) {
        let message = format!("the remote promises more rows of \"{}\" but sends none", stream.object);
        return Err(Error::new(Kind::BadAnswer, message));
    }
    Ok(page)
}
