//! Planning: which entities of which servers a run goes through, in which order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::configured::Configured;
use super::due::due;
use super::fair;
use super::identity::as_owner;
use super::leftover;
use super::link::{self, Link};
use super::manifests;
use super::servers::{self, Server};
use super::session::transaction;
use super::sql::{first, value};
use super::tables;
use super::target::Target;
use super::{queue, runs};
use crate::engine::{Mode, Range, Task};
use crate::entity::{Entity, Settings as Own, catalog, quote};
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::source::{Remote, hint};
use crate::store::call::{Order, Wanted, WantedMode};

/// How far before the position an incremental pass begins, where nothing else is said:
/// `write_date` is the start of the remote's transaction, whose rows appear later.
const OVERLAP: Duration = Duration::from_secs(600);

/// Page sizes where the server says nothing.
const PAGES: (usize, usize) = (50, 5000);

/// What a run will do.
pub struct Plan {
    /// In order: servers one behind the other, who waited longest first.
    pub tasks: Vec<Task>,
    /// Tasks that will not be tried, with the reason.
    pub skipped: Vec<(Task, String)>,
    /// By name of the server.
    pub remotes: HashMap<String, Result<Remote>>,
    /// All entities the role knows.
    pub entities: Vec<Entity>,
}

/// Plans a run. Errors: unknown names, two Odoo servers for one tenant, no server.
pub fn plan(order: &Order, wanted: &Wanted, queued: Option<i64>) -> Result<Plan> {
    transaction(|| {
        queue::close_orphans(queued)?;
        leftover::drop_all()?;
        let schema = &order.settings.target_schema;
        let target = tables::schema(schema)?;
        manifests::adopt(false)?;
        make(order, wanted, |server| {
            let found = link::find(server, target.oid, schema)?;
            // What others let one use gets its link, and so becomes one of all, when it is named.
            let is_read = found.as_ref().is_some_and(|link| link.is_read);
            match server.is_trusted || wanted.server.is_some() || is_read {
                true => link::of(server, &target, schema),
                false => Ok(found.unwrap_or_else(|| unread(server))),
            }
        })
    })
}

/// Stands for the link of a server that was never read.
fn unread(server: &Server) -> Link {
    Link { id: 0, label: server.name.clone(), is_read: false }
}

/// What [`plan`] would give, without writing anything.
pub fn look(order: &Order, wanted: &Wanted) -> Result<Plan> {
    transaction(|| {
        let schema = &order.settings.target_schema;
        let target = Target::find(schema)?;
        make(order, wanted, |server| {
            let found =
                target.as_ref().map(|target| link::find(server, target.oid, schema)).transpose()?.flatten();
            Ok(found.unwrap_or_else(|| unread(server)))
        })
    })
}

fn make(order: &Order, wanted: &Wanted, link: impl Fn(&Server) -> Result<Link>) -> Result<Plan> {
    let servers = servers::wanted(wanted.server.as_deref())?;
    let all = super::entities()?;
    let entities = catalog::resolve_on(&wanted.entity, wanted.server.as_deref(), &all)?;
    let role = super::role_name()?;
    let servers = servers.into_iter().map(|server| Ok((link(&server)?, server)));
    let servers: Vec<_> =
        servers.map(|pair| pair.map(|(link, server)| (server, link))).collect::<Result<_>>()?;
    let servers = meant(servers, wanted)?;
    let clashes = one_odoo_per_tenant(&servers, wanted)?;
    let servers = fair::order(servers, &entities)?;
    let configured = Configured::load()?;
    let mut plan =
        Plan { tasks: Vec::new(), skipped: Vec::new(), remotes: HashMap::new(), entities: Vec::new() };
    for (server, link) in &servers {
        let remote = servers::remote(server, &order.settings);
        let busy = runs::busy(link.id)?;
        for entity in entities.iter().filter(|entity| entity.source == server.kind) {
            let own = configured.of(&server.name, &entity.name);
            if wanted.mode != WantedMode::Auto || own.auto != Some(false) {
                plan.add(
                    Ask {
                        server,
                        link,
                        role: &role,
                        entity,
                        own,
                        clash: clashes.get(&server.name),
                        busy: busy.get(&entity.name).copied(),
                        wanted,
                    },
                    &remote,
                    &order.settings,
                )?;
            }
        }
        plan.remotes.insert(server.name.clone(), remote);
    }
    plan.not_empty(wanted)?;
    Ok(Plan { entities: all, ..plan })
}

/// One entity of one server that is asked for.
struct Ask<'a> {
    server: &'a Server,
    link: &'a Link,
    role: &'a str,
    entity: &'a Entity,
    /// Its own settings.
    own: Own,
    /// Why the server cannot be read beside the others.
    clash: Option<&'a String>,
    /// The run that has it in hand already.
    busy: Option<i64>,
    wanted: &'a Wanted,
}

impl Plan {
    fn add(&mut self, ask: Ask<'_>, remote: &Result<Remote>, settings: &Settings) -> Result<()> {
        let Ask { server, link, role, entity, wanted, own, clash, busy } = &ask;
        let username = remote.as_ref().ok().and_then(|remote| remote.username.clone()).unwrap_or_default();
        let (min, max) = PAGES;
        let max = server.number("max_page").unwrap_or(max).min(settings.batch_rows).max(1);
        let (mode, not_due) = mode(&ask)?;
        let task = Task {
            server: server.name.clone(),
            lane: server.lane(&username, role),
            link: link.id,
            label: link.label.clone(),
            tenant: server.tenant(),
            entity: Arc::new((*entity).clone()),
            mode,
            confirm: wanted.confirm,
            named: wanted.entity.trim() != "all",
            keep_raw: own.keep_raw.unwrap_or(false),
            overlap: overlap(own)?,
            range: range(&ask)?,
            max_attempts: own.max_attempts,
            pages: (server.number("min_page").unwrap_or(min).min(max), max),
            circumstances: circumstances(server, entity, &username, settings),
        };
        let busy = busy.map(|run| format!("already running in run {run}"));
        match clash.cloned().or(not_due).or(busy) {
            Some(reason) => self.skipped.push((task, reason)),
            None => self.tasks.push(task),
        }
        Ok(())
    }

    fn not_empty(&self, wanted: &Wanted) -> Result<()> {
        // Somebody may have turned every entity off.
        if wanted.mode != WantedMode::Auto && self.tasks.is_empty() && self.skipped.is_empty() {
            return Err(Error::new(Kind::Usage, format!("no server gives \"{}\"", wanted.entity))
                .detail("each entity is read from servers of its own source")
                .hint("compare with: select * from sync_entities()"));
        }
        Ok(())
    }
}

/// What else than the manifest decides which rows are read and how they are stored.
fn circumstances(server: &Server, entity: &Entity, username: &str, settings: &Settings) -> String {
    let circumstances = server.circumstances(username, &settings.target_schema);
    match &entity.definer {
        Some(definer) => format!("{circumstances}, manifest of {definer}"),
        None => circumstances,
    }
}

fn overlap(own: &Own) -> Result<Duration> {
    let Some(text) = &own.overlap else { return Ok(OVERLAP) };
    let sql = "select extract(epoch from $1::interval)::bigint";
    let seconds = first(sql, &[value(text.clone())], |row| row.int(1))?.unwrap_or_default();
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

const FROM: &str = "
select coalesce(
  (select p.initial_from from erp_sync.position p
   where p.link = $1 and p.entity = $2 and p.initial_range = $3 limit 1),
  (clock_timestamp() at time zone 'UTC' - $3::interval)::date)::text";

/// How far back documents are read in full: from the day on that the first pass began with.
fn range(ask: &Ask<'_>) -> Result<Option<Range>> {
    let Some(text) = ask.own.initial_range.clone().filter(|_| ask.entity.is_dated()) else { return Ok(None) };
    let arguments = [value(ask.link.id), value(ask.entity.name.clone()), value(text.clone())];
    let from = as_owner(|| first(FROM, &arguments, |row| row.text(1)))?.unwrap_or_default();
    Ok(Some(Range { text, from }))
}

/// Of all servers those of the role itself, of roles it may become and of superusers, and those it has synced by name:
/// whoever lets everybody use a server of his takes part in nobody's runs by that.
fn meant(servers: Vec<(Server, Link)>, wanted: &Wanted) -> Result<Vec<(Server, Link)>> {
    if wanted.server.is_some() {
        return Ok(servers);
    }
    let (meant, others): (Vec<_>, Vec<_>) =
        servers.into_iter().partition(|(server, link)| server.is_trusted || link.is_read);
    match (meant.is_empty(), others.first()) {
        (true, Some((other, _))) => {
            let hint = format!(
                "select * from sync_run({}, {}); from then on it is one of all",
                quote::quote_literal(&wanted.entity),
                quote::quote_literal(&other.name)
            );
            Err(Error::new(Kind::Usage, "the servers that this role may use are other roles'")
                .detail("they are synced when they are named")
                .hint(hint))
        }
        _ => Ok(meant),
    }
}

/// Two Odoo servers of one tenant would write each other's rows. Gives servers of others that are left out, with the
/// reason: whatever tenant somebody else gives his server stops nobody's run.
fn one_odoo_per_tenant(servers: &[(Server, Link)], wanted: &Wanted) -> Result<HashMap<String, String>> {
    let (mut seen, mut left_out) = (HashMap::new(), HashMap::new());
    let (own, others): (Vec<_>, Vec<_>) = servers
        .iter()
        .map(|(server, _)| server)
        .filter(|server| server.kind == "odoo")
        .partition(|server| server.is_trusted || wanted.server.is_some());
    let is_read = |name: &String| servers.iter().any(|(server, link)| server.name == *name && link.is_read);
    for server in own {
        if let Some(other) = seen.insert(server.tenant(), &server.name) {
            let tenant = server.tenant();
            // Where the rows of one are here already, the other gets another tenant.
            let to_change = if is_read(&server.name) && !is_read(other) { other } else { &server.name };
            return Err(Error::new(
                Kind::Conflict,
                format!("servers \"{other}\" and \"{}\" both feed tenant \"{tenant}\"", server.name),
            )
            .detail("a tenant has one Odoo server, else two companies' rows would share keys")
            .hint(format!("alter server {} options (add tenant '...')", hint::ident(to_change))));
        }
    }
    for server in others {
        let tenant = server.tenant();
        match seen.get(&tenant) {
            Some(other) => {
                let reason = format!(
                    "another role's server, which feeds tenant \"{tenant}\" as server \"{other}\" does: its owner \
                     gives it another, or let go of it with: select sync_reset('all', {})",
                    quote::quote_literal(&server.name)
                );
                left_out.insert(server.name.clone(), reason);
            }
            None => drop(seen.insert(tenant, &server.name)),
        }
    }
    Ok(left_out)
}

/// What is read of an entity, and in `auto` why nothing: it is not its time yet.
fn mode(ask: &Ask<'_>) -> Result<(Mode, Option<String>)> {
    Ok(match ask.wanted.mode {
        WantedMode::Incremental => (Mode::Incremental, None),
        WantedMode::Full => (Mode::Full, None),
        WantedMode::Verify => (Mode::Verify, None),
        WantedMode::Repair => (Mode::Repair, None),
        WantedMode::Auto => {
            let due = due(ask.link.id, ask.entity, &ask.own)?;
            let minutes = (due.wait() / 60.0).ceil();
            (due.mode_in(0.0), (minutes > 0.0).then(|| format!("not due for another {minutes} min")))
        }
    })
}
