//! Odoo.

use std::time::Duration;

use async_trait::async_trait;

use super::{About, Ask, Layout, Mark, Page, Remote, Scope, Source};
use crate::entity::Stream;
use crate::error::Result;

/// One Odoo database.
pub struct Odoo {
    remote: Remote,
}

impl Odoo {
    /// Makes it; does no I/O.
    pub fn new(remote: Remote) -> Result<Self> {
        Ok(Odoo { remote })
    }
}

#[async_trait(?Send)]
impl Source for Odoo {
    async fn check(&mut self) -> Result<About> {
        todo!()
    }
    async fn layout(&mut self, _stream: &Stream) -> Result<Layout> {
        todo!()
    }
    async fn watermark(&mut self, _stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        todo!()
    }
    async fn count(&mut self, _stream: &Stream, _scope: &Scope) -> Result<u64> {
        todo!()
    }
    async fn page(&mut self, _stream: &Stream, _layout: &Layout, _ask: &Ask) -> Result<Page> {
        todo!()
    }
    fn earlier(&self, _mark: &Mark, _by: Duration) -> Result<Mark> {
        todo!()
    }
    fn identity(&self) -> String {
        self.remote.server.clone()
    }
}
