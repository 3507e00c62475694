//! The engine's sink on the network thread: every call is asked of the store on the main thread.

use std::sync::Arc;

use async_trait::async_trait;

use super::io::Desk;
use crate::engine::{Batch, Compared, Difference, KeyRange, Outcome, Prepared, Sink, Stored, Written};
use crate::error::Result;
use crate::source::{Key, Layout, Rows};
use crate::store::Store;

/// A sink that lives on another thread.
pub struct Bridge(pub Desk<Store>);

#[async_trait(?Send)]
impl Sink for Bridge {
    async fn begin(&mut self, task: usize) -> Result<Option<String>> {
        self.0.ask(move |store| store.begin(task)).await
    }

    async fn prepare(&mut self, task: usize, stream: usize, layout: &Layout) -> Result<Prepared> {
        let layout = layout.clone();
        self.0.ask(move |store| store.prepare(task, stream, layout)).await
    }

    async fn start(&mut self, task: usize, stream: usize, stored: Stored, anew: bool) -> Result<()> {
        self.0.ask(move |store| store.start(task, stream, &stored, anew)).await
    }

    async fn expect(&mut self, task: usize, stream: usize, rows: u64) -> Result<()> {
        self.0.ask(move |store| store.expect(task, stream, rows)).await
    }

    async fn write(&mut self, batch: Arc<Batch>) -> Result<Written> {
        self.0.ask(move |store| store.write(&batch)).await
    }

    async fn candidates(
        &mut self,
        task: usize,
        stream: usize,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        self.0.ask(move |store| store.candidates(task, stream, after.as_ref(), limit)).await
    }

    async fn acquit(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()> {
        self.0.ask(move |store| store.acquit(task, stream, &keys)).await
    }

    async fn remove(&mut self, task: usize, stream: usize, keys: Vec<Key>, reason: &str) -> Result<u64> {
        let reason = reason.to_string();
        self.0.ask(move |store| store.remove(task, stream, &keys, &reason)).await
    }

    async fn rereads(&mut self, task: usize, stream: usize, limit: usize) -> Result<Vec<Key>> {
        self.0.ask(move |store| store.rereads(task, stream, limit)).await
    }

    async fn reread(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()> {
        self.0.ask(move |store| store.reread(task, stream, &keys)).await
    }

    async fn stage(&mut self, task: usize, stream: usize, rows: Arc<Rows>, first: bool) -> Result<()> {
        self.0.ask(move |store| store.stage(task, stream, &rows, first)).await
    }

    async fn vanished(&mut self, task: usize, stream: usize, known: Vec<Key>) -> Result<Vec<Key>> {
        self.0.ask(move |store| store.vanished(task, stream, &known)).await
    }

    async fn adopt(&mut self, batch: Arc<Batch>, remove: bool) -> Result<Written> {
        self.0.ask(move |store| store.adopt(&batch, remove)).await
    }

    async fn compare(&mut self, task: usize, stream: usize, range: Arc<KeyRange>) -> Result<Compared> {
        self.0.ask(move |store| store.compare(task, stream, &range)).await
    }

    async fn altered(
        &mut self,
        task: usize,
        stream: usize,
        layout: &Layout,
        rows: Arc<Rows>,
    ) -> Result<Vec<Difference>> {
        let layout = layout.clone();
        self.0.ask(move |store| store.altered(task, stream, layout, &rows)).await
    }

    async fn differ(
        &mut self,
        task: usize,
        stream: usize,
        differences: Arc<Vec<Difference>>,
    ) -> Result<Vec<Difference>> {
        self.0.ask(move |store| store.differ(task, stream, &differences)).await
    }

    async fn warn(&mut self, task: usize, text: String) -> Result<()> {
        self.0.ask(move |store| store.warn(task, text)).await
    }

    async fn not_read(&mut self, task: usize, what: Vec<String>) -> Result<()> {
        self.0.ask(move |store| store.not_read(task, what)).await
    }

    async fn finish(&mut self, task: usize, outcome: Outcome) -> Result<()> {
        self.0.ask(move |store| store.finish(task, outcome)).await
    }
}
