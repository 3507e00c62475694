//! Where rows go: what the engine asks of the store. Every call is one or more
//! short transactions of its own; none is open between calls.

use std::ops::AddAssign;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Outcome, Pass};
use crate::error::Result;
use crate::source::{Key, Layout, Mark, Rejected, Rows};

/// What is known of a stream from earlier runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// Which remote it was read from ([`Source::identity`](crate::source::Source::identity)).
    pub identity: String,
    /// For which tenant.
    pub tenant: String,
    /// What else decided which rows were read and stored.
    pub fingerprint: String,
    /// How far it is committed.
    pub position: Option<Mark>,
    /// The open pass.
    pub pass: Option<Pass>,
    /// Whether a full pass has been finished.
    pub complete: bool,
    /// Whether the table held rows when the last pass was finished.
    pub filled: bool,
}

/// A stream whose table stands ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// What is known from earlier runs; `None` when it was never read.
    pub stored: Option<Stored>,
    /// Rows of this tenant (and server) in the table, as far as the planner knows; exact when 0.
    pub rows: u64,
}

/// Whether a stream's pass goes on or is finished after a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Goes on.
    Open(Pass),
    /// Finished: the position, and whether it was a full pass.
    Done {
        /// The new position: the pass's `until`.
        position: Option<Mark>,
        /// When that was, as text PostgreSQL reads as timestamptz; `None` where it is no moment.
        moment: Option<String>,
        /// Whether everything was read.
        full: bool,
    },
    /// Stands as it did; all its keys have been compared.
    Verified,
}

/// A range of a stream's keys that was read completely, to be compared with what is here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyRange {
    /// The keys of rows that are to be here.
    pub keys: Vec<Key>,
    /// The remote's cursor value of each, as in [`Rows`].
    pub updated_at: Vec<Option<String>>,
    /// The header of each; `None` for a stream without a `parent`.
    pub parents: Option<Vec<Option<i64>>>,
    /// Keys outside `keep`.
    pub leaving: Leaving,
    /// The range; `None` when it is not known which keys are missing in it.
    pub sweep: Option<Sweep>,
    /// When an incremental pass reads from: rows of before should be here. As text PostgreSQL reads as
    /// timestamptz; `None`: all should.
    pub before: Option<String>,
}

/// How a row differs from the remote's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Differs {
    /// It is not here.
    Missing,
    /// It is here and not to be: not on the remote any more, or outside `keep`.
    Extra,
    /// It is of another time.
    Stale,
    /// It is of the same time and holds something else.
    Altered,
}

impl Differs {
    /// The word that is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Differs::Missing => "missing",
            Differs::Extra => "extra",
            Differs::Stale => "stale",
            Differs::Altered => "altered",
        }
    }
}

/// Why a row differs, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// It was committed on the remote later than the overlap reaches back.
    LateCommit,
    /// Somebody else changed it here.
    ChangedHere,
    /// It was to be seen when all keys were compared before, and so was here.
    DeletedHere,
    /// Somebody else added it here.
    AddedHere,
    /// Nothing marks it as changed: the remote left its time as it was, or somebody else's trigger changed it here.
    NoNewTime,
}

impl Cause {
    /// The words that are stored and shown.
    pub fn words(self) -> &'static str {
        match self {
            Cause::LateCommit => "late commit",
            Cause::ChangedHere => "changed here",
            Cause::DeletedHere => "deleted here",
            Cause::AddedHere => "added here",
            Cause::NoNewTime => "without a new time",
        }
    }
}

/// A row that differs from the remote's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Its key.
    pub key: Key,
    /// How.
    pub differs: Differs,
    /// The remote's cursor value.
    pub remote: Option<String>,
    /// The one that is here.
    pub here: Option<String>,
    /// Whether no incremental pass will bring it: one that does is only on its way.
    pub overdue: bool,
    /// Why, as far as that can be told.
    pub cause: Option<Cause>,
    /// How many seconds after its cursor value it was committed, at least; `None` where that is not known.
    pub late: Option<u64>,
}

impl Difference {
    /// A row that is here and not to be.
    pub fn extra(key: Key) -> Self {
        Difference {
            key,
            differs: Differs::Extra,
            remote: None,
            here: None,
            overdue: true,
            cause: None,
            late: None,
        }
    }
}

/// What a range of keys shows to differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Rows that differ.
    pub differences: Vec<Difference>,
    /// Rows that are not here because they were rejected.
    pub rejected: Vec<Key>,
    /// Rows of the same time that somebody else wrote here: what they hold is to be compared.
    pub touched: Vec<Key>,
}

impl Compared {
    /// Whether the row is here and not to be.
    pub fn is_extra(&self, key: &Key) -> bool {
        self.differences.iter().any(|found| found.differs == Differs::Extra && found.key == *key)
    }
}

/// A range of keys that was read completely: local keys in it that are not in
/// `seen` become candidates for removal.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Lower bound, exclusive; `None` is open.
    pub after: Option<Key>,
    /// Upper bound, inclusive; `None` is open.
    pub through: Option<Key>,
    /// All keys the remote sent in the range, storable or not.
    pub seen: Vec<Key>,
}

/// Rows that left the entity's `keep`: where they are stored here they become
/// candidates for removal.
pub type Leaving = Vec<Key>;

/// All lines of some headers: local lines of these headers that are not among
/// `rows` or `rejected` are removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Index of the lines' stream in the entity.
    pub stream: usize,
    /// The headers.
    pub parents: Vec<Key>,
    /// Their lines.
    pub rows: Rows,
    /// Lines that cannot be stored.
    pub rejected: Vec<Rejected>,
    /// Copies that were dropped.
    pub duplicates: u64,
    /// Where more lines than this are missing, they become candidates instead.
    pub may_remove: u64,
}

/// What is written in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Index of the task in the run.
    pub task: usize,
    /// Index of the stream in the entity.
    pub stream: usize,
    /// Rows to insert or update. Rows of a stream with a `parent` whose header is
    /// not here are left out (and counted so).
    pub rows: Rows,
    /// Rows that cannot be stored.
    pub rejected: Vec<Rejected>,
    /// Copies that were dropped.
    pub duplicates: u64,
    /// Rows outside `keep`; counted as left out.
    pub leaving: Leaving,
    /// The lines of the rows.
    pub lines: Vec<Lines>,
    /// The range that was read, in a full pass.
    pub sweep: Option<Sweep>,
    /// How the stream stands after this batch; `None` leaves it as it is.
    pub standing: Option<Standing>,
}

impl Batch {
    /// A batch of nothing.
    pub fn empty(task: usize, stream: usize) -> Self {
        Batch {
            task,
            stream,
            rows: Rows::default(),
            rejected: Vec::new(),
            duplicates: 0,
            leaving: Vec::new(),
            lines: Vec::new(),
            sweep: None,
            standing: None,
        }
    }
}

/// What a batch did, lines included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// New rows.
    pub inserted: u64,
    /// Changed rows.
    pub updated: u64,
    /// Rows that were the same already.
    pub unchanged: u64,
    /// Rows not to be stored: outside `keep`, or lines without a header here.
    pub left_out: u64,
    /// Rows removed.
    pub removed: u64,
    /// Rows that became candidates for removal.
    pub candidates: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, more: Written) {
        self.inserted += more.inserted;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
        self.left_out += more.left_out;
        self.removed += more.removed;
        self.candidates += more.candidates;
    }
}

/// Where rows go. Errors of kind [`Kind::Cancelled`](crate::error::Kind::Cancelled) end the run.
#[async_trait(?Send)]
pub trait Sink {
    /// The task begins: `queued` becomes `running`. `Some(reason)`: it is not to be run
    /// (the same entity of the same server is already running elsewhere).
    async fn begin(&mut self, task: usize) -> Result<Option<String>>;

    /// Makes or widens the table of a stream, checks rights, and tells how the stream
    /// stands.
    async fn prepare(&mut self, task: usize, stream: usize, layout: &Layout) -> Result<Prepared>;

    /// Stores how a stream stands before its first batch: what a pass depends on, and the pass.
    /// Forgets candidates of earlier passes when `anew`.
    async fn start(&mut self, task: usize, stream: usize, stored: Stored, anew: bool) -> Result<()>;

    /// How many rows the pass that now begins or goes on is expected to read.
    async fn expect(&mut self, task: usize, stream: usize, rows: u64) -> Result<()>;

    /// Writes a batch in one transaction.
    async fn write(&mut self, batch: Arc<Batch>) -> Result<Written>;

    /// Candidates for removal behind `after` in key order, at most `limit`.
    async fn candidates(
        &mut self,
        task: usize,
        stream: usize,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Key>>;

    /// Forgets candidates that turned out to be still there.
    async fn acquit(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()>;

    /// Removes rows that are gone, and their lines, keeping their last content in
    /// `erp_sync.removed`; forgets them as candidates. Returns how many rows went, lines included.
    async fn remove(&mut self, task: usize, stream: usize, keys: Vec<Key>, reason: &str) -> Result<u64>;

    /// Keys of rows that refer to a row that was removed, at most `limit`: the remote may
    /// have taken the reference away or bent it without marking the row as changed.
    async fn rereads(&mut self, task: usize, stream: usize, limit: usize) -> Result<Vec<Key>>;

    /// Forgets rows that have been read again.
    async fn reread(&mut self, task: usize, stream: usize, keys: Vec<Key>) -> Result<()>;

    /// Puts rows of a snapshot aside; `first` forgets what was put aside before.
    async fn stage(&mut self, task: usize, stream: usize, rows: Arc<Rows>, first: bool) -> Result<()>;

    /// The rows that are here and not among those put aside, nor among `known`.
    async fn vanished(&mut self, task: usize, stream: usize, known: Vec<Key>) -> Result<Vec<Key>>;

    /// Makes the table what was put aside, in one transaction, with what else the batch says
    /// (it has no rows of its own). `remove`: rows that are neither among those put aside nor
    /// rejected go, and nothing of them is kept.
    async fn adopt(&mut self, batch: Arc<Batch>, remove: bool) -> Result<Written>;

    /// Compares a range of keys with what is here. Changes nothing.
    async fn compare(&mut self, task: usize, stream: usize, range: Arc<KeyRange>) -> Result<Compared>;

    /// Those of the rows that are not here or hold something else. Changes nothing.
    async fn altered(
        &mut self,
        task: usize,
        stream: usize,
        layout: &Layout,
        rows: Arc<Rows>,
    ) -> Result<Vec<Difference>>;

    /// Stores that rows differ; with why rows are here that are not to be, as far as that can be told.
    async fn differ(
        &mut self,
        task: usize,
        stream: usize,
        differences: Arc<Vec<Difference>>,
    ) -> Result<Vec<Difference>>;

    /// Something a person should know; the task goes on.
    async fn warn(&mut self, task: usize, text: String) -> Result<()>;

    /// Columns and tables that the remote does not give to this user, each with the reason; the
    /// task goes on without them.
    async fn not_read(&mut self, task: usize, what: Vec<String>) -> Result<()> {
        self.warn(task, format!("not read: {}", what.join(", "))).await
    }

    /// The task ended.
    async fn finish(&mut self, task: usize, outcome: Outcome) -> Result<()>;
}
