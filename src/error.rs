//! What can go wrong, classified once: every error has a kind, and the kind
//! alone decides whether a request is tried again and which hint it carries
//! when no better one is known. SQLSTATEs are chosen in `report.rs`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error. One `match` in [`Kind::is_transient`] decides about
/// retries, one in [`Kind::hint`] about the fallback hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Refused, reset, closed in the middle, host name not found.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The remote asks for patience (429, `Retry-After`).
    Throttled,
    /// The remote or its database is out of order (5xx, database down).
    Unavailable,
    /// Certificate or protocol trouble while the connection is made secure.
    Tls,
    /// User name, password or key refused.
    Login,
    /// Logged in, but not allowed to read this.
    Forbidden,
    /// The remote has no such database.
    NoDatabase,
    /// The remote has no such object (a module is not installed).
    NoObject,
    /// The remote object lacks a field that is needed.
    NoField,
    /// Not an answer in the protocol that was spoken.
    BadAnswer,
    /// An answer longer than `erp_sync.max_response_bytes`.
    TooLarge,
    /// The remote understood and refused for a reason of its own.
    Remote,
    /// A server option or user mapping is missing or wrong.
    Config,
    /// A manifest is not valid.
    Manifest,
    /// Two servers, tenants or tables claim the same thing.
    Conflict,
    /// An argument of an SQL function is wrong.
    Usage,
    /// The role lacks a right in this database.
    Denied,
    /// A local lock was not to be had in time.
    Locked,
    /// A row breaks a constraint that somebody gave a table here.
    Constraint,
    /// A table here is not as it was made: it lacks a column, or is gone.
    Altered,
    /// There is no room left here: disk, memory or connections.
    Full,
    /// A statement in this database failed.
    Local,
    /// Too many rows vanished at once; the removals wait for confirmation.
    Breaker,
    /// The first full pass has not finished.
    NotReady,
    /// Cancelled by somebody.
    Cancelled,
    /// No background worker to be had.
    NoWorker,
    /// A fault of erp_sync itself.
    Internal,
}

impl Kind {
    /// Whether trying again later may help without anybody doing anything.
    pub fn is_transient(self) -> bool {
        match self {
            Kind::Unreachable
            | Kind::Timeout
            | Kind::Throttled
            | Kind::Unavailable
            | Kind::TooLarge
            | Kind::Locked => true,
            Kind::Tls
            | Kind::Login
            | Kind::Forbidden
            | Kind::NoDatabase
            | Kind::NoObject
            | Kind::NoField
            | Kind::BadAnswer
            | Kind::Remote
            | Kind::Config
            | Kind::Manifest
            | Kind::Conflict
            | Kind::Usage
            | Kind::Denied
            | Kind::Constraint
            | Kind::Altered
            | Kind::Full
            | Kind::Local
            | Kind::Breaker
            | Kind::NotReady
            | Kind::Cancelled
            | Kind::NoWorker
            | Kind::Internal => false,
        }
    }

    /// What to do when the place that raised the error knew nothing better.
    pub fn hint(self) -> &'static str {
        match self {
            Kind::Unreachable => "check host and port with: select * from sync_check()",
            Kind::Timeout => "raise erp_sync.request_timeout, or try again when the remote is less busy",
            Kind::Throttled => {
                "set the server option request_delay_ms, so that the remote is asked less often"
            }
            Kind::Unavailable => "try again later, or look into the remote's own log",
            Kind::Tls => "check the certificate, or give its authority with the server option ca",
            Kind::Login => "set the password with: alter user mapping ... options (set password '...')",
            Kind::Forbidden => "give the remote user the right to read, then: select * from sync_check()",
            Kind::NoDatabase => "set the name with: alter server ... options (set database '...')",
            Kind::NoObject => "install the module on the remote, or sync other entities",
            Kind::NoField => "compare with: select * from sync_check()",
            Kind::BadAnswer => "check that the server option url names the remote itself, without a path",
            Kind::TooLarge => "raise erp_sync.max_response_bytes, or lower the server option max_page",
            Kind::Remote => "look into the remote's own log for the whole message",
            Kind::Config => "compare with the options of: select * from sync_check()",
            Kind::Manifest => "look at a valid one with: select sync_entity('invoices')",
            Kind::Conflict => "look at: select * from erp_sync.status",
            Kind::Usage => "look at: select * from sync_entities()",
            Kind::Denied => "ask the owner or a superuser for the right",
            Kind::Locked => "see who holds the lock in pg_locks, then run again",
            Kind::Constraint => {
                "mend the row on the remote, or drop what it breaks, then run again: the run goes on where it stopped"
            }
            Kind::Altered => {
                "run again: what is missing is made and filled again, and what else is wrong is named"
            }
            Kind::Full => {
                "make room, then run again: what was committed stays, and the run goes on where it stopped"
            }
            Kind::Local => "look into the server's log, then run again: nothing of the batch was stored",
            Kind::Breaker => "if the rows are really gone, run again with confirm => true",
            Kind::NotReady => "see how far it is with: select * from sync_progress()",
            Kind::Cancelled => "what was committed stays; the next run goes on from there",
            Kind::NoWorker => "raise max_worker_processes and restart, or wait for other workers to end",
            Kind::Internal => "please report this with the server log's lines around it",
        }
    }

    /// The kind with this [`Kind::name`].
    pub fn from_name(name: &str) -> Option<Kind> {
        let pascal = name.split('_').map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or_default();
            first.to_uppercase() + rest
        });
        serde_json::from_value(pascal.collect::<String>().into()).ok()
    }

    /// The name that is stored with a task and shown in views.
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(c.to_lowercase());
        }
        name
    }
}

/// An error as a person will see it: one line of message (lower case, names
/// quoted, no full stop), what was seen, and what to type next. Never holds a
/// secret or the content of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What class of error.
    pub kind: Kind,
    /// One line.
    pub message: String,
    /// What was seen.
    pub detail: Option<String>,
    /// What to type next, where that is better than the kind's own hint.
    pub hint: Option<String>,
    /// How long the remote asked us to wait.
    pub retry_after: Option<Duration>,
    /// The words of who raised it: PostgreSQL, a trigger or the remote. They may quote a row, so they are for
    /// the caller and for those who may become the tables' owner.
    pub original: Option<String>,
}

impl Error {
    /// An error with a message only.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Error { kind, message, detail: None, hint: None, retry_after: None, original: None }
    }

    /// Adds what was seen.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the words of who raised it.
    pub fn original(mut self, words: impl Into<String>) -> Self {
        self.original = Some(words.into());
        self
    }

    /// Message, detail and original words in one line, for somebody who may see them all.
    pub fn in_full(&self) -> String {
        let parts = [Some(&self.message), self.detail.as_ref(), self.original.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// Adds what to type next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds how long the remote asked us to wait.
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// The hint to show: the error's own, else its kind's.
    pub fn hint_or_default(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.kind.hint())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name() {
        for kind in [Kind::Unreachable, Kind::NoDatabase, Kind::TooLarge, Kind::Internal] {
            assert_eq!(Kind::from_name(&kind.name()), Some(kind));
        }
        assert_eq!(Kind::NoDatabase.name(), "no_database");
        assert_eq!(Kind::from_name("interrupted"), None);
        assert_eq!(Kind::from_name(""), None);
    }
}
