//! What a caller and its worker say to each other.

use serde::{Deserialize, Serialize};

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
    /// Each entity as is due.
    Auto,
}

impl WantedMode {
    /// By the word of the SQL interface.
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "incremental" => Ok(WantedMode::Incremental),
            "full" => Ok(WantedMode::Full),
            other => Err(Error::new(Kind::Usage, format!("there is no mode \"{other}\""))
                .hint("the modes are incremental and full")),
        }
    }

    /// The word that is stored with the run.
    pub fn word(self) -> &'static str {
        match self {
            WantedMode::Incremental => "incremental",
            WantedMode::Full => "full",
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
    },
    /// The call ended; the last message.
    Done,
}

impl From<Error> for Message {
    fn from(error: Error) -> Self {
        let hint = Some(error.hint_or_default().to_string());
        Message::Failed { kind: error.kind, message: error.message, detail: error.detail, hint }
    }
}
