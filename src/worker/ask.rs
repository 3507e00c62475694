//! Calls that ask a remote something and store nothing.

use serde_json::Value;

use std::collections::HashMap;

use super::bridge::Bridge;
use super::{Listener, io};
use crate::engine::{self, Discovered, Finding, Forecast, Prepared, Task};
use crate::entity::{Entity, Stream, offer};
use crate::error::{Error, Kind, Result};
use crate::source;
use crate::store::call::{CheckRow, DiffRow, DiscoverRow, Message, Order, PlanRow, Wanted};
use crate::store::{self, Store, session};

/// Has a future run on the network thread while the caller hears that the worker is alive.
pub(super) fn away<T, Fut>(listener: &mut Listener, make: impl FnOnce() -> Fut + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    Fut: Future<Output = Result<T>>,
{
    io::Io::start(move |desk: io::Desk<()>| {
        drop(desk);
        make()
    })?
    .serve(&mut (), |()| listener.beat())
}

/// Tries everything a sync needs, server by server.
pub(super) fn check(order: &Order, server: Option<&str>, listener: &mut Listener) -> Result<()> {
    for (name, remote, subjects) in store::servers_to_check(order, server)? {
        let server = name.clone();
        let findings = away(listener, move || async move {
            Ok(match remote.and_then(source::open) {
                Ok(mut source) => engine::check(&server, source.as_mut(), &subjects).await,
                Err(error) => vec![Finding::failed("connect", &error)],
            })
        })?;
        for Finding { aspect, status, detail, hint } in findings {
            let row = CheckRow { server: name.clone(), aspect, status: status.into(), detail, hint };
            listener.tell(&Message::Check(row))?;
        }
    }
    Ok(())
}

/// A task of a plan by its place in it, with how its streams stand here.
type Planned = (usize, Task, Vec<Prepared>);

/// The tasks of a plan, server by server, each with its remote.
fn by_server(
    tasks: Vec<Task>,
    mut remotes: HashMap<String, Result<source::Remote>>,
) -> Result<Vec<(String, source::Remote, Vec<Planned>)>> {
    let standings = store::standings(&tasks)?;
    let all = tasks.into_iter().zip(standings).enumerate();
    let mut all: Vec<Planned> = all.map(|(id, (task, prepared))| (id, task, prepared)).collect();
    let mut servers = Vec::new();
    while let Some((_, first, _)) = all.first() {
        let server = first.server.clone();
        let (of_server, rest) = all.into_iter().partition(|(_, task, _)| task.server == server);
        all = rest;
        let missing = || Error::new(Kind::Internal, format!("there is no remote of server \"{server}\""));
        let remote = remotes.remove(&server).ok_or_else(missing)??;
        servers.push((server, remote, of_server));
    }
    Ok(servers)
}

/// Tells what a run would read, server by server.
pub(super) fn plan(order: &Order, wanted: &Wanted, listener: &mut Listener) -> Result<()> {
    let store::Plan { tasks, skipped, remotes, .. } = store::look(order, wanted)?;
    for (server, remote, tasks) in by_server(tasks, remotes)? {
        let settings = order.settings.engine();
        for (entity, forecast) in away(listener, move || forecasts(remote, settings, tasks))? {
            listener.tell(&Message::Plan(planned(&server, &entity, forecast)))?;
        }
    }
    for (task, reason) in skipped {
        let row = planned(&task.server, &task.entity.name, Forecast::skipped(reason));
        listener.tell(&Message::Plan(row))?;
    }
    Ok(())
}

/// Tells what a look at all keys would mend, server by server.
pub(super) fn diff(order: &Order, wanted: &Wanted, listener: &mut Listener) -> Result<()> {
    let store::Plan { tasks, remotes, entities, .. } = store::look(order, wanted)?;
    let mut store = Store::reader(order, &tasks, entities);
    for (_, remote, tasks) in by_server(tasks, remotes)? {
        let settings = order.settings.engine();
        let rows = io::Io::start(move |desk| differences(desk, remote, settings, tasks))?
            .serve(&mut store, |_| listener.beat())?;
        for row in rows {
            listener.tell(&Message::Diff(row))?;
        }
    }
    Ok(())
}

async fn differences(
    desk: io::Desk<Store>,
    remote: source::Remote,
    settings: engine::Settings,
    tasks: Vec<Planned>,
) -> Result<Vec<DiffRow>> {
    let (mut bridge, mut source) = (Bridge(desk), source::open(remote)?);
    let mut rows = Vec::new();
    for (id, task, prepared) in tasks {
        let found = engine::diff(id, &task, &settings, source.as_mut(), &mut bridge, prepared).await?;
        let (server, entity) = (&task.server, &task.entity.name);
        rows.extend(found.into_iter().map(|(stream, difference)| DiffRow {
            server: server.clone(),
            entity: entity.clone(),
            stream,
            key: store::key_here(&task, &difference.key),
            differs: difference.differs.word().into(),
            cause: difference.cause.map(|cause| cause.words().into()),
            remote: difference.remote,
            here: difference.here,
        }));
    }
    Ok(rows)
}

async fn forecasts(
    remote: source::Remote,
    settings: engine::Settings,
    tasks: Vec<Planned>,
) -> Result<Vec<(String, Forecast)>> {
    let mut source = source::open(remote)?;
    let mut all = Vec::new();
    for (_, task, prepared) in tasks {
        let of_task = engine::forecast(&task, &settings, source.as_mut(), prepared).await?;
        all.extend(of_task.into_iter().map(|forecast| (task.entity.name.clone(), forecast)));
    }
    Ok(all)
}

fn planned(server: &str, entity: &str, forecast: Forecast) -> PlanRow {
    let Forecast { stream, mode, reason, rows, requests, takes } = forecast;
    PlanRow {
        server: server.into(),
        entity: entity.into(),
        stream,
        mode: mode.into(),
        reason,
        rows: rows as i64,
        requests: requests as i64,
        seconds: takes.as_secs_f64(),
    }
}

/// Looks at what a server holds.
pub(super) fn discover(
    order: &Order,
    server: &str,
    object: Option<String>,
    listener: &mut Listener,
) -> Result<()> {
    let (server, remote) = store::to_discover(&order.settings, server)?;
    let entities = session::transaction(store::entities)?;
    let (name, kind) = (server.name.clone(), server.kind.clone());
    let found = away(listener, move || async move {
        let mut source = source::open(remote)?;
        engine::discover(source.as_mut(), &name, &kind, object.as_deref()).await
    })?;
    let readers: Vec<Entity> = entities.into_iter().filter(|entity| entity.source == server.kind).collect();
    for found in found {
        let row = discovered(found, &readers)?;
        listener.tell(&Message::Discover(row))?;
    }
    Ok(())
}

fn discovered(found: Discovered, readers: &[Entity]) -> Result<DiscoverRow> {
    let Discovered { object, field, kind, label, column_type, rows, manifest, column, .. } = found;
    let reads = |stream: &Stream| stream.object == object && field.iter().all(|field| stream.reads(field));
    let entities = readers.iter().filter(|entity| entity.streams.iter().any(reads));
    let entities: Vec<String> = entities.map(|entity| entity.name.clone()).collect();
    let manifest = match column.filter(|_| entities.is_empty()) {
        Some(column) => offer(&object, column, readers)?,
        None => manifest,
    };
    let (rows, manifest) = (rows.map(|rows| rows as i64), manifest.map(|json| json.to_string()));
    Ok(DiscoverRow { object, field, kind, label, column_type, rows, entities, manifest })
}

/// The manifest by which the first entity that reads the object keeps a field of it too.
fn offer(object: &str, column: Value, readers: &[Entity]) -> Result<Option<Value>> {
    let reader = readers.iter().find_map(|entity| {
        entity.streams.iter().find(|stream| stream.object == object).map(|stream| (entity, stream))
    });
    let Some((entity, stream)) = reader else { return Ok(None) };
    let written = session::transaction(|| store::written(entity))?;
    Ok(Some(offer::keeping(entity, written, &stream.table, column)))
}
