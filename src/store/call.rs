//! What a caller and its worker say to each other.

use serde::{Deserialize, Serialize};

use crate::engine::{Addition, Choice};
use crate::error::{Error, Kind};
use crate::guc::Settings;

/// What a worker is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Call {
    /// Sync.
    Run(Wanted),
    /// Try everything a sync needs.
    Check {
        /// Only this server.
        server: Option<String>,
    },
    /// Tell what a run would read.
    Plan(Wanted),
    /// Tell what a look at all keys would mend.
    Diff(Wanted),
    /// Look at what a server holds.
    Discover {
        /// The server.
        server: String,
        /// Only this object of it, with its fields.
        object: Option<String>,
    },
    /// Define an entity for a remote object, and sync it.
    Add(Addition),
    /// Complete a manifest that leaves columns open.
    Complete(String),
}

/// What is to be synced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// Entity names separated by commas, or `all`.
    pub entity: String,
    /// Only this server.
    pub server: Option<String>,
    /// How.
    pub mode: WantedMode,
    /// Whether removals beyond the breaker's limit are confirmed.
    pub confirm: bool,
}

/// How a run was asked to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedMode {
    /// What changed.
    Incremental,
    /// Everything.
    Full,
    /// What changed, then all keys.
    Verify,
    /// Everything; what differed is listed.
    Repair,
    /// Each entity as is due.
    Auto,
}

impl WantedMode {
    /// By the word of the SQL interface.
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "incremental" => Ok(WantedMode::Incremental),
            "full" => Ok(WantedMode::Full),
            "verify" => Ok(WantedMode::Verify),
            other => Err(Error::new(Kind::Usage, format!("there is no mode \"{other}\""))
                .hint("the modes are incremental, full and verify")),
        }
    }

    /// The word that is stored with the run.
    pub fn word(self) -> &'static str {
        match self {
            WantedMode::Incremental => "incremental",
            WantedMode::Full => "full",
            WantedMode::Verify => "verify",
            WantedMode::Repair => "repair",
            WantedMode::Auto => "auto",
        }
    }
}

/// A call with the caller's settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What to do.
    pub call: Call,
    /// The settings `erp_sync.*` as the caller sees them.
    pub settings: Settings,
}

/// One row of `sync_run()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskRow {
    /// The run.
    pub run_id: i64,
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// How it ended.
    pub state: String,
    /// Counters in the order of the columns: fetched, inserted, updated, unchanged,
    /// left_out, rejected, duplicates, removed, waiting.
    pub counts: [i64; 9],
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Why it failed or was skipped.
    pub error: Option<String>,
    /// Kind of the error.
    pub kind: Option<Kind>,
    /// What was seen.
    pub detail: Option<String>,
    /// What to type next.
    pub hint: Option<String>,
    /// The words of who raised the error, for the caller alone.
    pub original: Option<String>,
}

/// One row of `sync_check()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckRow {
    /// Name of the server.
    pub server: String,
    /// What was tried.
    pub aspect: String,
    /// `ok`, `warn` or `fail`.
    pub status: String,
    /// What was seen.
    pub detail: String,
    /// What to type next.
    pub hint: Option<String>,
}

/// One row of `sync_plan()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanRow {
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// Table of the stream; none for an entity that is skipped.
    pub stream: Option<String>,
    /// `full`, `incremental` or `skipped`.
    pub mode: String,
    /// Why so.
    pub reason: String,
    /// Rows that would be read.
    pub rows: i64,
    /// Requests that takes, about.
    pub requests: i64,
    /// Seconds that takes, about.
    pub seconds: f64,
}

/// One row of `sync_diff()` and `sync_repair()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DiffRow {
    /// Name of the server.
    pub server: String,
    /// Name of the entity.
    pub entity: String,
    /// Table of the stream.
    pub stream: String,
    /// Its key, as JSON.
    pub key: String,
    /// How the row differs.
    pub differs: String,
    /// Why, as far as that can be told.
    pub cause: Option<String>,
    /// The remote's cursor value, as text PostgreSQL reads as timestamptz.
    pub remote: Option<String>,
    /// The one that is or was here.
    pub here: Option<String>,
}

/// One row of `sync_discover()`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DiscoverRow {
    /// The remote object.
    pub object: String,
    /// One of its fields; none for the object itself.
    pub field: Option<String>,
    /// The remote's own type, or what the object is.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// The type of a column that can hold the field.
    pub column_type: Option<String>,
    /// Rows of the object.
    pub rows: Option<i64>,
    /// Entities that read the object.
    pub entities: Vec<String>,
    /// A manifest to start from, as JSON.
    pub manifest: Option<String>,
}

/// What a worker tells its caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Nothing but that the worker is alive.
    Alive,
    /// How far it is.
    Notice(String),
    /// Something a person should know.
    Warning(String),
    /// A task ended.
    Task(TaskRow),
    /// Something was tried.
    Check(CheckRow),
    /// Something would be read.
    Plan(PlanRow),
    /// Something is there.
    Discover(DiscoverRow),
    /// Something differs.
    Diff(DiffRow),
    /// A manifest was completed.
    Completed {
        /// It, as JSON.
        manifest: String,
        /// The server that was looked at.
        server: String,
    },
    /// Something was chosen for an object that is added.
    Chosen(Choice),
    /// The call as a whole failed; the last message.
    Failed {
        /// Kind, by its name.
        kind: Kind,
        /// One line.
        message: String,
        /// What was seen.
        detail: Option<String>,
        /// What to type next.
        hint: Option<String>,
        /// The words of who raised it.
        original: Option<String>,
    },
    /// The call ended; the last message.
    Done,
}

impl From<Error> for Message {
    fn from(error: Error) -> Self {
        let hint = Some(error.hint_or_default().to_string());
        let Error { kind, message, detail, original, .. } = error;
        Message::Failed { kind, message, detail, hint, original }
    }
}
