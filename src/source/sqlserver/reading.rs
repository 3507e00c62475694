//! One long answer, cut into pages: the query runs on, while a page is written.
//!
//! It is read by a task of its own, because the rows of a query borrow their connection. A channel
//! bounded in rows and in bytes holds it back; when nobody wants the rest, the connection is dropped
//! with the task.

use std::sync::Arc;

use futures_util::TryStreamExt;
use tiberius::{QueryItem, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::budget::{CATALOG, SHORT};
use super::connection::{Connection, Shape};
use super::decode::{Builder, held};
use super::fault::Asked;
use super::settings::Settings;
use super::trouble::{self, Failure};
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Page};

/// So many rows are read ahead at most.
const AHEAD: usize = 64;

/// Of the longest row, the part that is read ahead, and that a page takes, in memory.
const PART: usize = 4;

/// A row, with the right to its place among those that are read ahead.
type Ahead = (Row, OwnedSemaphorePermit);

/// A query whose rows come in.
pub(super) struct Reading {
    /// The query without its beginning: what tells one reading from another.
    about: String,
    /// Where the last page ended.
    after: Option<Key>,
    rows: mpsc::Receiver<Result<Ahead, Ended>>,
    task: JoinHandle<Option<Connection>>,
}

impl Reading {
    /// Sends the query. A row may have so many columns, and so many bytes.
    pub(super) fn start(
        connection: Connection,
        about: String,
        sql: String,
        columns: usize,
        most: usize,
    ) -> Self {
        let (sender, rows) = mpsc::channel(AHEAD);
        let shape = Shape { columns, rows: usize::MAX, bytes: most };
        let task = tokio::spawn(pump(connection, sql, shape, sender));
        Reading { about, after: None, rows, task }
    }

    /// Whether the rows that are still to come are the ones that are asked for.
    pub(super) fn goes_on(&self, about: &str, after: Option<&Key>) -> bool {
        self.about == about && self.after.is_some() && self.after.as_ref() == after
    }

    /// The next page: as many rows as are asked for, fewer where they are large or slow.
    /// Afterwards either the reading goes on, or it is at its end and gives its connection back.
    pub(super) async fn page(
        mut self,
        settings: &Settings,
        mut builder: Builder<'_>,
        limit: usize,
        asked: Asked<'_>,
    ) -> Result<(Page, End)> {
        let limits = &settings.limits;
        let deadline = Instant::now() + limits.request_timeout;
        while builder.len() < limit.max(1) && builder.held() <= limits.longest_row() / PART {
            match timeout_at(deadline, self.rows.recv()).await {
                Ok(Some(Ok((row, _place)))) => builder.push(&row),
                // What came before it is a page; the next one begins with it.
                Ok(Some(Err(Ended::TooLarge(_)))) if builder.len() > 0 && builder.is_ordered() => {
                    return Ok((builder.finish(true), End::Done(None)));
                }
                Ok(Some(Err(Ended::TooLarge(limit)))) => return Err(trouble::too_large(settings, limit)),
                Ok(Some(Err(Ended::Failed(failure)))) => return Err(trouble::of(settings, failure, asked)),
                Ok(None) => return self.ended(builder).await,
                Err(_) if builder.len() > 0 => break,
                Err(_) => return Err(trouble::slow(settings)),
            }
        }
        // A remote that goes back in the order would be read for ever.
        if !builder.is_ordered() {
            return Err(trouble::unordered(settings));
        }
        let page = builder.finish(true);
        self.after.clone_from(&page.last);
        Ok((page, End::Open(self)))
    }

    async fn ended(mut self, builder: Builder<'_>) -> Result<(Page, End)> {
        let connection =
            (&mut self.task).await.map_err(|_| Error::new(Kind::Internal, "a reading task has died"))?;
        Ok((builder.finish(false), End::Done(connection.map(Box::new))))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // The task may be waiting for a remote that says nothing.
        self.task.abort();
    }
}

/// How a reading stands after a page.
pub(super) enum End {
    /// There may be more.
    Open(Reading),
    /// That was all; the connection can be used again.
    Done(Option<Box<Connection>>),
}

/// Why there are no further rows.
enum Ended {
    Failed(Failure),
    /// A row, or what came with it, is longer than this.
    TooLarge(usize),
}

/// Passes rows on until the end or the first failure; gives the connection back where it is whole.
async fn pump(
    mut connection: Connection,
    sql: String,
    shape: Shape,
    rows: mpsc::Sender<Result<Ahead, Ended>>,
) -> Option<Connection> {
    match pass_on(&mut connection, &sql, shape, &rows).await {
        Ok(true) => Some(connection),
        Ok(false) => None,
        Err(failure) => {
            let ended = match connection.budget.overdrawn() {
                Some(limit) => Ended::TooLarge(limit),
                None => Ended::Failed(failure),
            };
            // Nobody may be listening any more.
            let _ = rows.send(Err(ended)).await;
            None
        }
    }
}

/// False: nobody wants the rest.
async fn pass_on(
    connection: &mut Connection,
    sql: &str,
    shape: Shape,
    rows: &mpsc::Sender<Result<Ahead, Ended>>,
) -> Result<bool, Failure> {
    let (budget, room) = (connection.budget.clone(), room(shape.bytes));
    let places = Arc::new(Semaphore::new(room as usize));
    let mut stream = connection.send(sql, CATALOG.min(shape.bytes.max(SHORT))).await?;
    while let Some(item) = stream.try_next().await? {
        let row = match item {
            QueryItem::Metadata(announced) => {
                shape.admit(&announced)?;
                budget.begin_rows(shape.bytes);
                continue;
            }
            QueryItem::Row(row) => row,
        };
        // So long may each row be.
        budget.arm(shape.bytes);
        let size = u32::try_from(held(&row)).unwrap_or(u32::MAX).min(room);
        let Ok(place) = places.clone().acquire_many_owned(size).await else { return Ok(false) };
        if rows.send(Ok((row, place))).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bytes of the rows that are read ahead. One larger row takes it all.
fn room(most: usize) -> u32 {
    u32::try_from(most / PART).unwrap_or(u32::MAX).max(1)
}
