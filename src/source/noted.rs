//! A source that notes what its caller wrote, so that an error never tells a right guess from a wrong
//! one by what it masks.

use std::time::Duration;

use async_trait::async_trait;

use super::redact::Sent;
use super::{About, Ask, Described, Layout, Mark, Object, Page, Scope, Source};
use crate::entity::Stream;
use crate::error::Result;

/// Another source behind the note of what was asked.
pub(super) struct Noted {
    pub(super) source: Box<dyn Source>,
    pub(super) sent: Sent,
}

#[async_trait(?Send)]
impl Source for Noted {
    async fn check(&mut self) -> Result<About> {
        self.sent.note(&());
        self.source.check().await
    }

    async fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        self.sent.note(stream);
        self.source.layout(stream).await
    }

    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        self.sent.note(stream);
        self.source.watermark(stream).await
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        self.sent.note(stream);
        self.source.count(stream, scope).await
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        self.sent.note(stream);
        self.source.page(stream, layout, ask).await
    }

    fn narrow(&self, stream: &Stream, layout: &Layout) -> Layout {
        self.source.narrow(stream, layout)
    }

    fn moment(&self, stream: &Stream, mark: &Mark) -> Option<String> {
        self.source.moment(stream, mark)
    }

    async fn objects(&mut self) -> Result<Vec<Object>> {
        self.sent.note(&());
        self.source.objects().await
    }

    async fn describe(&mut self, object: &str) -> Result<Vec<Described>> {
        self.sent.note(&object);
        self.source.describe(object).await
    }

    async fn unkept(&mut self, stream: &Stream) -> Result<Vec<String>> {
        self.sent.note(stream);
        self.source.unkept(stream).await
    }

    async fn weaknesses(&mut self, stream: &Stream) -> Result<Vec<String>> {
        self.sent.note(stream);
        self.source.weaknesses(stream).await
    }

    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark> {
        self.source.earlier(mark, by)
    }

    fn identity(&self) -> String {
        self.source.identity()
    }
}
