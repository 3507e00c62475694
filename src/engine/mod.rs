//! The engine: how a run goes through its tasks, a task through its streams, a
//! stream through its pass, a pass through its pages. Knows no product and no
//! table: it reads from a [`Source`](crate::source::Source) and writes to a [`Sink`].

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entity::Entity;
use crate::error::Error;
use crate::source::{Key, Mark};

mod add;
mod batch;
mod breaker;
mod check;
mod complete;
mod diff;
mod discover;
mod drift;
mod fingerprint;
mod forecast;
mod gone;
mod odd;
mod pages;
mod pass;
mod patience;
mod plan;
mod reader;
mod reread;
mod retry;
mod rows;
mod run;
mod schedule;
mod sink;
mod snapshot;
mod sweep;
mod task;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use add::{Addition, Choice, add};
pub use check::{Finding, Subject, check};
pub use complete::complete;
pub use diff::diff;
pub use discover::{Discovered, discover};
pub use forecast::{Forecast, forecast};
pub use patience::{Patience, Wait};
pub use run::{Ended, run};
pub use schedule::{Due, Every, is_of_seconds, is_schedule, next_tick};
pub use sink::{
    Batch, Cause, Compared, Difference, Differs, KeyRange, Leaving, Lines, Prepared, Sink, Standing, Stored,
    Sweep, Written,
};

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What changed since the position, less the overlap.
    Incremental,
    /// Everything; finds what is gone.
    Full,
    /// What changed, and then all keys and cursor values: finds what is gone, and what no incremental
    /// pass brought. A pass of a stream is never of this mode: it begins with an incremental one.
    Verify,
    /// Everything, as full; what differed is listed. A pass of a stream is never of this mode: it is a full one.
    Repair,
}

impl Mode {
    /// The word of the SQL interface.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Incremental => "incremental",
            Mode::Full => "full",
            Mode::Verify => "verify",
            Mode::Repair => "repair",
        }
    }
}

/// One entity on one server within a run. Tasks are named by their index in the run's list.
#[derive(Clone, Debug)]
pub struct Task {
    /// Name of the foreign server.
    pub server: String,
    /// Tasks with the same lane never run at the same time, in this run or another.
    pub lane: String,
    /// The business the rows belong to.
    pub tenant: String,
    /// What is read.
    pub entity: Arc<Entity>,
    /// What was asked for; a pass that is open, or a table that is new, comes first.
    pub mode: Mode,
    /// Whether removals beyond the breaker's limit are confirmed.
    pub confirm: bool,
    /// Whether the entity was asked for by its name: then what the remote cannot give
    /// is an error; otherwise the task is skipped with the reason.
    pub named: bool,
    /// Whether the whole record is kept in the column `raw`.
    pub keep_raw: bool,
    /// How far before the position an incremental pass begins.
    pub overlap: Duration,
    /// How far back a full pass reads; `None`: everything.
    pub range: Option<Range>,
    /// Attempts of one request, where the task has its own number.
    pub max_attempts: Option<u32>,
    /// Smallest and largest page, in rows.
    pub pages: (usize, usize),
    /// The store's number of what the task reads from and writes to.
    pub link: i64,
    /// What the server is called in rows that several servers fill.
    pub label: String,
    /// What else decides which rows are read and stored: login, manifest owner, companies,
    /// language. When it changes, the entity gets a full pass.
    pub circumstances: String,
}

/// How far back documents are read in full: fixed when the first pass begins, so that the
/// same rows are read each time. What changes is read however old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// As it was set: `90 days`.
    pub text: String,
    /// The first day: `2026-08-23`.
    pub from: String,
}

/// Settings of a run that the engine needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Attempts of one request.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubles with each further one.
    pub retry_base: Duration,
    /// Longest wait for `Retry-After`.
    pub retry_limit: Duration,
    /// Where waits are noted.
    pub patience: Patience,
}

/// One reading of a stream: kept with the position, so that any run can go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// How.
    pub mode: Mode,
    /// Where it begins (incremental): the position less the overlap.
    pub from: Option<Mark>,
    /// The watermark: what the position becomes when the pass is finished.
    pub until: Option<Mark>,
    /// How far it is committed: where the last page ended ([`Page::last`](crate::source::Page::last)).
    pub after: Option<Key>,
    /// Whether all pages are read and only the candidates for removal are left to ask for.
    pub read: bool,
    /// Local rows when it began: what the breaker measures by.
    pub rows_before: u64,
    /// Rows removed so far in this pass.
    pub removed: u64,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All its streams were read to the end.
    Succeeded,
    /// Stopped by an error; what was committed stays.
    Failed(Error),
    /// Not tried, and why.
    Skipped(String),
}
