//! One long answer, cut into pages: the query runs on, while a page is written.
//!
//! It is read by a task of its own, because the rows of a query borrow their connection. A bounded
//! channel holds it back; when nobody wants the rest, the connection is dropped with the task.

use futures_util::TryStreamExt;
use tiberius::{QueryItem, Row};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::decode::Builder;
use super::fault::Asked;
use super::settings::Settings;
use super::trouble;
use crate::error::{Error, Kind, Result};
use crate::source::{Key, Page};

/// So many rows are read ahead.
const AHEAD: usize = 64;

/// A query whose rows come in.
pub(super) struct Reading {
    /// The query without its beginning: what tells one reading from another.
    about: String,
    /// Where the last page ended.
    after: Option<Key>,
    rows: mpsc::Receiver<tiberius::Result<Row>>,
    task: JoinHandle<Option<Connection>>,
}

impl Reading {
    /// Sends the query.
    pub(super) fn start(connection: Connection, about: String, sql: String) -> Self {
        let (sender, rows) = mpsc::channel(AHEAD);
        let task = tokio::spawn(pump(connection, sql, sender));
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
        while builder.len() < limit.max(1) && builder.bytes() <= limits.max_response_bytes / 2 {
            match timeout_at(deadline, self.rows.recv()).await {
                Ok(Some(Ok(row))) => builder.push(&row),
                Ok(Some(Err(error))) => return Err(trouble::of(settings, error, asked)),
                Ok(None) => return self.ended(builder).await,
                Err(_) if builder.len() > 0 => break,
                Err(_) => return Err(trouble::slow(settings)),
            }
        }
        if builder.bytes() > limits.max_response_bytes {
            return Err(trouble::too_large(settings, builder.bytes()));
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

/// Passes rows on until the end or the first error; gives the connection back where it is whole.
async fn pump(
    mut connection: Connection,
    sql: String,
    rows: mpsc::Sender<tiberius::Result<Row>>,
) -> Option<Connection> {
    match pass_on(&mut connection, &sql, &rows).await {
        Ok(true) => Some(connection),
        Ok(false) => None,
        Err(error) => {
            // Nobody may be listening any more.
            let _ = rows.send(Err(error)).await;
            None
        }
    }
}

/// False: nobody wants the rest.
async fn pass_on(
    connection: &mut Connection,
    sql: &str,
    rows: &mpsc::Sender<tiberius::Result<Row>>,
) -> tiberius::Result<bool> {
    let mut stream = connection.simple_query(sql).await?;
    while let Some(item) = stream.try_next().await? {
        if let QueryItem::Row(row) = item
            && rows.send(Ok(row)).await.is_err()
        {
            return Ok(false);
        }
    }
    Ok(true)
}
