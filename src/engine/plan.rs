//! How a stream is read in this run: what its state, its table and the remote's
//! watermark say together.

use super::{Mode, Pass, Prepared, Stored, Task};
use crate::entity::Stream;
use crate::error::{Error, Kind, Result};
use crate::source::{Mark, Source, hint};

use super::breaker::quoted;

/// What is known of a stream before it is decided how it is read.
pub(super) struct Known {
    /// The remote, as kept with the position.
    pub(super) identity: String,
    /// How it would be read now.
    pub(super) fingerprint: String,
    /// The newest cursor value on the remote.
    pub(super) watermark: Option<Mark>,
    /// State and table.
    pub(super) prepared: Prepared,
    /// Whether it is read as a whole each time.
    pub(super) is_snapshot: bool,
}

/// How a stream's pass begins or goes on.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// What is stored with it.
    pub(super) stored: Stored,
    /// The pass.
    pub(super) pass: Pass,
    /// Whether an earlier run began it.
    pub(super) resumed: bool,
}

/// Why an entity is read in full anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    /// It never was read to the end.
    Unread,
    /// It is read differently now.
    Changed,
    /// Somebody emptied the table.
    Emptied,
    /// The remote is older than what was read from it.
    Restored,
}

impl Why {
    /// Why, for a person.
    pub(super) fn words(self) -> &'static str {
        match self {
            Why::Unread => "never read to the end",
            Why::Changed => "read differently now: other columns, login, options or settings",
            Why::Emptied => "the table was emptied here",
            Why::Restored => "the remote is older than what was read from it",
        }
    }

    /// What a person should know.
    pub(super) fn warning(self, stream: &Stream) -> Option<String> {
        let table = &stream.table;
        match self {
            Why::Unread | Why::Changed => None,
            Why::Emptied => Some(format!("table \"{table}\" was emptied here: everything is read again")),
            Why::Restored => Some(format!(
                "the newest change of \"{table}\" on the remote is older than what was read before \
                 (restored from a backup, or its newest rows deleted): everything is read again"
            )),
        }
    }
}

/// Fails when the stream was read from another remote or for another tenant.
pub(super) fn same_remote(task: &Task, stream: &Stream, identity: &str, prepared: &Prepared) -> Result<()> {
    let Some(stored) = &prepared.stored else { return Ok(()) };
    let (what, before, now) = match (stored.identity != identity, stored.tenant != task.tenant) {
        (true, _) => ("remote", stored.identity.as_str(), identity),
        (_, true) => ("tenant", stored.tenant.as_str(), task.tenant.as_str()),
        _ => return Ok(()),
    };
    let (entity, server) = (quoted(&task.entity.name), quoted(&task.server));
    let message = format!("table \"{}\" was read from another {what}", stream.table);
    let reset = format!("select sync_reset({entity}, {server})");
    let hint = match what {
        "tenant" => format!(
            "go on with its rows: alter server {} options (set tenant {}); or read it anew beside them: {reset}",
            hint::ident(&task.server),
            quoted(before)
        ),
        _ => format!("if that is meant: {reset}"),
    };
    Err(Error::new(Kind::Conflict, message)
        .detail(format!("{what} before: \"{before}\", now: \"{now}\""))
        .hint(hint))
}

/// Whether, and why, what was read of the stream before does not count any more.
pub(super) fn anew(task: &Task, known: &Known, source: &dyn Source) -> Result<Option<Why>> {
    let Some(stored) = &known.prepared.stored else { return Ok(Some(Why::Unread)) };
    Ok(if stored.fingerprint != known.fingerprint {
        Some(Why::Changed)
    } else if !stored.complete && stored.pass.is_none() {
        Some(Why::Unread)
    } else if stored.filled && known.prepared.rows == 0 {
        Some(Why::Emptied)
    } else if restored(task, stored, &known.watermark, source)? {
        Some(Why::Restored)
    } else {
        None
    })
}

/// Whether the remote's newest change lies before the overlap of what it showed us once.
fn restored(task: &Task, stored: &Stored, watermark: &Option<Mark>, source: &dyn Source) -> Result<bool> {
    let until = stored.pass.as_ref().and_then(|pass| pass.until.as_ref());
    let Some(reached) = until.max(stored.position.as_ref()) else { return Ok(false) };
    let earliest = source.earlier(reached, task.overlap)?;
    Ok(watermark.as_ref().is_none_or(|newest| *newest < earliest))
}

/// A full pass that counts on nothing read before.
pub(super) fn begin_anew(task: &Task, known: Known) -> Start {
    begin(task, Stored::default(), known, Mode::Full, None)
}

/// The open pass, unless a full one is asked for and it is none; else a new one.
pub(super) fn go_on(task: &Task, mode: Mode, known: Known, source: &dyn Source) -> Result<Start> {
    let stored = known.prepared.stored.clone().unwrap_or_default();
    if known.is_snapshot {
        return Ok(begin(task, stored, known, Mode::Full, None));
    }
    // What is to be listed must be seen from the first row on.
    let goes_on = |pass: &Pass| match mode {
        Mode::Incremental | Mode::Verify => true,
        Mode::Full => pass.mode == Mode::Full,
        Mode::Repair => false,
    };
    if let Some(pass) = stored.pass.clone().filter(goes_on) {
        return Ok(Start { stored, pass, resumed: true });
    }
    // A look at all keys comes behind what changed.
    let mode = match mode {
        Mode::Incremental | Mode::Verify => Mode::Incremental,
        Mode::Full | Mode::Repair => Mode::Full,
    };
    let from = match (&stored.position, mode) {
        (Some(position), Mode::Incremental) => Some(source.earlier(position, task.overlap)?),
        _ => None,
    };
    Ok(begin(task, stored, known, mode, from))
}

fn begin(task: &Task, stored: Stored, known: Known, mode: Mode, from: Option<Mark>) -> Start {
    let rows_before = known.prepared.rows;
    let until = known.watermark;
    let pass = Pass { mode, from, until, after: None, read: false, rows_before, removed: 0 };
    let stored = Stored {
        identity: known.identity,
        tenant: task.tenant.clone(),
        fingerprint: known.fingerprint,
        pass: Some(pass.clone()),
        ..stored
    };
    Start { stored, pass, resumed: false }
}
