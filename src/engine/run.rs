//! Tasks one after the other, each after those it depends on.

use std::collections::BTreeMap;

use super::retry::retry;
use super::task::{self, Running};
use super::{Outcome, Settings, Sink, Task};
use crate::error::{Error, Kind, Result};
use crate::source::Source;

/// Runs the tasks one after the other, in the order given, as what `ended` before them in the
/// same run allows. Sources are made by `open`, by the name of their server, one at a time.
/// Whoever calls sees to it that nobody else reads from these servers meanwhile.
///
/// Every task is told to the sink as finished exactly once, however it ended. Fails only
/// when the run is cancelled, or when the sink cannot even store how a task ended.
pub async fn run(
    tasks: Vec<Task>,
    mut ended: Ended,
    settings: Settings,
    open: impl FnMut(&str) -> Result<Box<dyn Source>>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut remote = Remote { open, current: None };
    for (id, task) in tasks.iter().enumerate() {
        let max_attempts = task.max_attempts.unwrap_or(settings.max_attempts);
        let settings = Settings { max_attempts, ..settings.clone() };
        let running = Running { id, task, settings: &settings };
        let outcome = match ended.verdict(task) {
            Some(outcome) => outcome,
            None => attempt(running, &mut remote, sink).await?,
        };
        ended.note(&task.server, &task.entity.name, &outcome);
        retry(&settings, async || sink.finish(id, outcome.clone()).await).await?;
    }
    Ok(())
}

/// The source in use. Tasks of one server follow one another, so one is enough.
struct Remote<F> {
    open: F,
    current: Option<(String, Box<dyn Source>)>,
}

impl<F: FnMut(&str) -> Result<Box<dyn Source>>> Remote<F> {
    fn source(&mut self, server: &str) -> Result<&mut dyn Source> {
        let (_, source) = match self.current.take() {
            Some(current) if current.0 == server => self.current.insert(current),
            _ => self.current.insert((server.to_owned(), (self.open)(server)?)),
        };
        Ok(source.as_mut())
    }
}

async fn attempt<F>(running: Running<'_>, remote: &mut Remote<F>, sink: &mut dyn Sink) -> Result<Outcome>
where
    F: FnMut(&str) -> Result<Box<dyn Source>>,
{
    match tried(running, remote, sink).await {
        Err(error) if error.kind != Kind::Cancelled => Ok(Outcome::Failed(error)),
        ended => ended,
    }
}

async fn tried<F>(running: Running<'_>, remote: &mut Remote<F>, sink: &mut dyn Sink) -> Result<Outcome>
where
    F: FnMut(&str) -> Result<Box<dyn Source>>,
{
    let Running { id, task, settings } = running;
    if let Some(reason) = retry(settings, async || sink.begin(id).await).await? {
        return Ok(Outcome::Skipped(reason));
    }
    let source = remote.source(&task.server)?;
    task::run(running, source, sink).await
}

/// What the tasks of a run that ended mean for those to come.
#[derive(Default)]
pub struct Ended {
    /// Server and entity of tasks that left something undone, and how they ended.
    undone: BTreeMap<(String, String), &'static str>,
    /// Servers that need not be asked again, and why.
    down: BTreeMap<String, Error>,
}

impl Ended {
    /// How a task ends without being tried, if so.
    fn verdict(&self, task: &Task) -> Option<Outcome> {
        // A password that is refused again and again locks the account.
        if let Some(error) = self.down.get(&task.server) {
            return Some(Outcome::Failed(error.clone()));
        }
        task.entity.after.iter().find_map(|entity| {
            let how = self.undone.get(&(task.server.clone(), entity.clone()))?;
            Some(Outcome::Skipped(format!("after \"{entity}\", which {how}")))
        })
    }

    /// A task ended.
    pub fn note(&mut self, server: &str, entity: &str, outcome: &Outcome) {
        let how = match outcome {
            Outcome::Succeeded => return,
            Outcome::Skipped(_) => "was skipped",
            Outcome::Failed(error) if error.kind == Kind::Cancelled => "was cancelled",
            // Complete, apart from removals.
            Outcome::Failed(error) if error.kind == Kind::Breaker => return,
            Outcome::Failed(error) => {
                if matches!(error.kind, Kind::Login | Kind::Unreachable | Kind::NoDatabase | Kind::Tls) {
                    self.down.insert(server.to_owned(), error.clone());
                }
                "failed"
            }
        };
        self.undone.insert((server.to_owned(), entity.to_owned()), how);
    }
}
