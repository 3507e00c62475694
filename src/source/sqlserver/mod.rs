//! SQL Server, over TDS.
//!
//! A stream is one query whose rows come in the order of cursor and key (changes) or of the key
//! alone (everything), cut into pages while it runs. A rowversion is read up to the lowest one
//! that an open transaction may still hold, so that no late commit is missed; what other cursors
//! miss an overlap or a full pass finds.

mod ability;
mod browser;
mod budget;
mod catalog;
mod cell;
mod column;
mod connection;
mod decode;
mod describe;
mod digest;
mod discover;
mod expression;
mod fault;
mod large;
mod layout;
mod mark;
mod moment;
mod object;
mod propose;
mod reach;
mod reading;
mod select;
mod settings;
mod trouble;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono_tz::Tz;
use tiberius::{ColumnData, Row};

use self::ability::{Abilities, Dialect};
use self::column::Column;
use self::connection::{Connection, Shape};
use self::decode::Builder;
use self::fault::Asked;
use self::mark::Cursor;
use self::reading::{End, Reading};
use self::select::Plan;
use self::settings::Settings;
use super::{About, Ask, Described, Layout, Mark, Object, Page, Remote, Scope, Source};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};

/// A row this much ahead of the remote's clock is dated in the future.
const TOLERANCE: i64 = 5;

/// One SQL Server database, read as one login.
pub struct SqlServer {
    settings: Settings,
    idle: Option<Connection>,
    /// The pass of a stream.
    reading: Option<Reading>,
    /// Rows asked for by key meanwhile.
    aside: Option<Reading>,
    /// By object.
    columns: BTreeMap<String, Vec<Column>>,
    abilities: Abilities,
    /// How many rows one behind the other were too large.
    large: usize,
}

impl SqlServer {
    /// Makes it; does no I/O. Errors are [`Kind::Config`].
    pub fn new(remote: Remote) -> Result<Self> {
        let settings = Settings::new(remote)?;
        Ok(SqlServer {
            settings,
            idle: None,
            reading: None,
            aside: None,
            columns: BTreeMap::new(),
            abilities: Abilities::default(),
            large: 0,
        })
    }

    async fn connection(&mut self) -> Result<Connection> {
        match self.idle.take() {
            Some(idle) => Ok(idle),
            None => connection::connect(&self.settings).await,
        }
    }

    /// The rows of a short query. The connection is kept only when nothing went wrong.
    async fn rows(&mut self, sql: &str, asked: Asked<'_>, shape: Shape) -> Result<Vec<Row>> {
        let mut connection = self.connection().await?;
        let rows = connection::rows(&self.settings, &mut connection, sql, asked, shape).await?;
        self.idle = Some(connection);
        Ok(rows)
    }

    /// The columns of a query that gives no row.
    async fn announced(&mut self, sql: &str, asked: Asked<'_>, most: usize) -> Result<Vec<tiberius::Column>> {
        let mut connection = self.connection().await?;
        let columns = connection::announced(&self.settings, &mut connection, sql, asked, most).await?;
        self.idle = Some(connection);
        Ok(columns)
    }

    /// The columns of a stream's object, asked for once.
    async fn columns(&mut self, stream: &Stream) -> Result<&[Column]> {
        if !self.columns.contains_key(&stream.object) {
            let columns = self.described(stream).await?;
            self.columns.insert(stream.object.clone(), columns);
        }
        Ok(self.columns.get(&stream.object).map(Vec::as_slice).unwrap_or_default())
    }

    /// How the stream is read, without a layout of the caller's.
    async fn plan(&mut self, stream: &Stream) -> Result<Plan> {
        self.columns(stream).await?;
        let columns = self.columns.get(&stream.object).cloned().unwrap_or_default();
        let layout = layout::of(&self.settings, stream, &columns)?;
        self.plan_of(stream, &layout, false).await
    }

    /// How a stream is read by a layout. `whole`: all columns are asked for.
    async fn plan_of(&mut self, stream: &Stream, layout: &Layout, whole: bool) -> Result<Plan> {
        self.columns(stream).await?;
        let dialect = match layout.columns.iter().any(|field| field.path == layout::DIGEST) {
            true => self.dialect().await?,
            false => Dialect::Current,
        };
        let columns = self.columns.get(&stream.object).map(Vec::as_slice).unwrap_or_default();
        Plan::new(stream, layout, columns, dialect, whole)
    }

    /// A page, and how its reading stands then.
    async fn read(
        &mut self,
        stream: &Stream,
        plan: &Plan,
        layout: &Layout,
        ask: &Ask,
    ) -> Result<(Page, End)> {
        let reading = self.reading(plan, ask).await?;
        let builder = Builder::new(stream, layout, plan, ask, self.settings.zone);
        reading.page(&self.settings, builder, ask.limit, Asked::Rows(stream)).await
    }

    /// The reading that the ask goes on with, or a new one.
    async fn reading(&mut self, plan: &Plan, ask: &Ask) -> Result<Reading> {
        let about = plan.rows(&ask.scope, None)?;
        let open = if is_aside(&ask.scope) { self.aside.take() } else { self.reading.take() };
        match open.filter(|reading| reading.goes_on(&about, ask.after.as_ref())) {
            Some(reading) => Ok(reading),
            None => {
                let sql = plan.rows(&ask.scope, ask.after.as_ref())?;
                let most = self.settings.limits.longest_row();
                Ok(Reading::start(self.connection().await?, about, sql, plan.items.len(), most))
            }
        }
    }
}

#[async_trait(?Send)]
impl Source for SqlServer {
    async fn check(&mut self) -> Result<About> {
        let sql = "select cast(serverproperty('ProductVersion') as nvarchar(128)), \
                   cast(serverproperty('Edition') as nvarchar(128)), original_login(), sysutcdatetime()";
        let rows = self.rows(sql, Asked::Session, Shape::short(4, 1)).await?;
        let now: chrono::DateTime<chrono::Utc> = std::time::SystemTime::now().into();
        let lacks = !self.has_min_active().await?;
        let row: Vec<&ColumnData<'static>> =
            rows.first().into_iter().flat_map(Row::cells).map(|(_, data)| data).collect();
        let text = |at: usize| {
            let text = row.get(at).filter(|data| !cell::is_null(data)).and_then(|data| cell::text(data).ok());
            self.settings.redactor.line(&text.unwrap_or_default())
        };
        let clock = row.get(3).and_then(|data| moment::clock(cell::moment(data)?.0));
        Ok(About {
            doubt: doubt(&text(0)),
            version: format!("{} {}", text(0), text(1)).trim().to_string(),
            login: text(2),
            protocol: "tds".into(),
            channel: self.settings.channel(),
            safer: self.settings.safer(),
            lacks: lacks.then(|| LACKS.to_string()),
            clock_offset_s: clock.map(|clock| (clock - now).num_seconds()),
        })
    }

    async fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        // A table may have got other columns since the last run.
        self.columns.remove(&stream.object);
        self.columns(stream).await?;
        let columns = self.columns.get(&stream.object).map(Vec::as_slice).unwrap_or_default();
        let layout = layout::of(&self.settings, stream, columns)?;
        let counts = stream.cursor.as_deref().and_then(|name| layout::find(columns, name));
        let counts = counts.is_some_and(|column| column.family() == column::Family::Rowversion);
        let plan = self.plan_of(stream, &layout, false).await?;
        if counts && !self.has_min_active().await? {
            return Err(layout::unbounded(stream));
        }
        // Rights on columns show only when they are asked for.
        let empty = plan.rows(&Scope::Keys(Vec::new()), None)?;
        self.rows(&empty, Asked::Rows(stream), Shape::short(plan.items.len(), 0)).await?;
        Ok(layout)
    }

    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        let plan = self.plan(stream).await?;
        let (Some((cursor, _)), Some(sql)) = (plan.cursor, plan.watermark()?) else {
            return Ok((None, None));
        };
        let columns = if matches!(cursor, Cursor::Moment(_)) { 3 } else { 1 };
        let rows = self.rows(&sql, Asked::Rows(stream), Shape::short(columns, 1)).await?;
        let row: Vec<&ColumnData<'static>> =
            rows.first().into_iter().flat_map(Row::cells).map(|(_, data)| data).collect();
        let Some(newest) = row.first().filter(|data| !cell::is_null(data)) else { return Ok((None, None)) };
        let mark = decode::of_cursor(cursor, newest).ok_or_else(|| strange(&self.settings))?;
        Ok(capped(stream, self.settings.zone, cursor, mark, &row))
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        let sql = self.plan(stream).await?.count(scope)?;
        let rows = self.rows(&sql, Asked::Rows(stream), Shape::short(1, 1)).await?;
        let count = rows.first().and_then(|row| row.cells().next()).and_then(|(_, data)| cell::integer(data));
        count.and_then(|count| u64::try_from(count).ok()).ok_or_else(|| strange(&self.settings))
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        let plan = self.plan_of(stream, layout, ask.raw).await?;
        let is_open = if is_aside(&ask.scope) { self.aside.is_some() } else { self.reading.is_some() };
        let mut read = self.read(stream, &plan, layout, ask).await;
        if is_open && is_too_large(&read) {
            // Asked for anew, it has all the memory to itself that a row may take.
            read = self.read(stream, &plan, layout, ask).await;
        }
        let (page, end) = match read {
            Err(error) if error.kind == Kind::TooLarge => {
                return self.without_large(stream, &plan, layout, ask, error).await;
            }
            read => read?,
        };
        if !page.rows.is_empty() {
            self.large = 0;
        }
        match end {
            End::Open(reading) if is_aside(&ask.scope) => self.aside = Some(reading),
            End::Open(reading) => self.reading = Some(reading),
            End::Done(connection) => self.idle = connection.map(|connection| *connection),
        }
        Ok(page)
    }

    async fn objects(&mut self) -> Result<Vec<Object>> {
        self.tables().await
    }

    async fn describe(&mut self, object: &str) -> Result<Vec<Described>> {
        self.fields(object).await
    }

    async fn weaknesses(&mut self, stream: &Stream) -> Result<Vec<String>> {
        self.weak_points(stream).await
    }

    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark> {
        // Of an hour that the clock shows twice the second may be under way: it is earlier, and read again.
        let repeated =
            moment::Moment::parse(&mark.0).map(|moment| moment::repeated(moment, self.settings.zone));
        mark::earlier(mark, by.saturating_add(repeated.unwrap_or_default()))
    }

    fn narrow(&self, stream: &Stream, layout: &Layout) -> Layout {
        // A key that is made of what the row holds needs all of it.
        match layout.columns.iter().any(|field| field.path == layout::DIGEST) {
            true => layout.clone(),
            false => super::narrowed(stream, layout),
        }
    }

    fn moment(&self, stream: &Stream, mark: &Mark) -> Option<String> {
        let columns = self.columns.get(&stream.object)?;
        let family = layout::find(columns, stream.cursor.as_deref()?)?.family();
        let moment = moment::Moment::parse(&mark.0)?;
        match family {
            column::Family::DateTimeOffset => moment.of_utc(),
            _ => moment.utc(self.settings.zone),
        }
    }

    fn identity(&self) -> String {
        self.settings.identity()
    }
}

/// The first version whose functions are known to be enough: SQL Server 2012.
const FIRST: u32 = 11;

/// Of servers without `min_active_rowversion()`.
const LACKS: &str = "no rowversion can be a cursor: the server has no min_active_rowversion(). A time of change or a \
                     number that grows can; without a cursor every run compares all rows";

fn doubt(version: &str) -> Option<String> {
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major
        .is_none_or(|major| major < FIRST)
        .then(|| "SQL Server 2012 (11.0) is the oldest version that is meant".to_string())
}

fn is_too_large<T>(read: &Result<T>) -> bool {
    read.as_ref().is_err_and(|error| error.kind == Kind::TooLarge)
}

/// Rows by key are asked for between the pages of a stream, which goes on behind them.
fn is_aside(scope: &Scope) -> bool {
    matches!(scope, Scope::Keys(_) | Scope::Parents(_))
}

/// The newest time, but not one that the remote's clock has not reached: one row dated in the
/// future would hide everything written until then. Behind the time stand the remote's clocks,
/// its local one and UTC; which of them a column goes by is not known, so the later one counts.
fn capped(
    stream: &Stream,
    zone: Tz,
    cursor: Cursor,
    mark: Mark,
    row: &[&ColumnData<'static>],
) -> (Option<Mark>, Option<String>) {
    let clock = |at: usize| row.get(at).and_then(|data| cell::moment(data)).map(|(moment, _)| moment);
    let now = match cursor {
        Cursor::Moment(column::Family::DateTimeOffset) => clock(2),
        Cursor::Moment(_) => clock(1).max(clock(2)),
        _ => None,
    };
    // What the clock showed before it was put back is no future.
    let limit = now.map(|now| {
        let repeated = i64::try_from(moment::repeated(now, zone).as_secs()).unwrap_or_default();
        moment::Moment(now.0 + (TOLERANCE + repeated) * moment::SECOND)
    });
    let limit = limit.and_then(mark::of_moment);
    match (limit, now.and_then(mark::of_moment)) {
        (Some(limit), Some(now)) if mark > limit => {
            let object = object::title(stream);
            (
                Some(now),
                Some(format!("the newest row of {object} is dated after the remote's own clock: {}", mark.0)),
            )
        }
        _ => (Some(mark), None),
    }
}

fn strange(settings: &Settings) -> Error {
    Error::new(
        Kind::BadAnswer,
        format!("\"{}\" answered with values of another type than asked for", settings.server),
    )
    .hint(crate::source::hint::models(&settings.server))
}
